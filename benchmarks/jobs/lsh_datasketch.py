"""datasketch's MinHashLSH: each document is looked up, then inserted, with the library's own shape of bands."""

from datasketch import MinHash, MinHashLSH
from lsh_signatures import NUM_PERM, signatures
from measure import job_options, report, timed


def find_and_insert(lsh: MinHashLSH, hashes: list[MinHash]) -> int:
    """How many documents resemble one before them."""
    found = 0
    for number, one in enumerate(hashes):
        found += bool(lsh.query(one))
        lsh.insert(number, one)
    return found


def main() -> None:
    """Making the MinHash objects is not timed."""
    documents = int(job_options("documents").documents)
    permutations = MinHash(NUM_PERM, scheme="affine32").permutations
    hashes = [MinHash(hashvalues=row, permutations=permutations, scheme="affine32") for row in signatures(documents)]
    lsh = MinHashLSH(threshold=0.8, num_perm=NUM_PERM)
    found, *seconds = timed(lambda: find_and_insert(lsh, hashes))
    report(documents, "documents", *seconds, ["datasketch"], digest=found, documents=documents)


main()
