"""MinHash signatures of curate's fuzzy_dedup, from text: the scan for words is part of it."""

from pathlib import Path

from batches import document_batches
from measure import Work, measure

from curate.dedup import FuzzyDedup


def prepare(texts: list[str], inputs: Path) -> Work:
    """128 permutations of word 5-grams."""
    stage = FuzzyDedup(ngram=5, num_perm=128)
    batches = document_batches(texts)

    def work() -> int:
        return sum(len(stage.signatures(docs)[0]) for docs in batches)

    return work


measure(prepare, ["curate"])
