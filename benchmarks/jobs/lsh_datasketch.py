"""datasketch's MinHashLSH: each document is looked up, then inserted, with the library's own shape of bands."""

import argparse
import os
import time
from pathlib import Path

from datasketch import MinHash, MinHashLSH
from lsh_signatures import NUM_PERM, signatures
from measure import processor_seconds, report


def main() -> None:
    """Making the MinHash objects is not timed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--documents", type=int, required=True)
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    permutations = MinHash(NUM_PERM, scheme="affine32").permutations
    hashes = [
        MinHash(hashvalues=row, permutations=permutations, scheme="affine32") for row in signatures(options.documents)
    ]
    lsh = MinHashLSH(threshold=0.8, num_perm=NUM_PERM)
    before, start = processor_seconds(), time.perf_counter()
    found = 0
    for number, one in enumerate(hashes):
        found += bool(lsh.query(one))
        lsh.insert(number, one)
    seconds = time.perf_counter() - start
    report(
        options.documents,
        "documents",
        seconds,
        processor_seconds() - before,
        ["datasketch"],
        digest=found,
        documents=options.documents,
    )


main()
