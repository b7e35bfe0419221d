"""Daft's `minhash` expression from text: word 5-grams, 128 permutations."""

from pathlib import Path

import daft
from daft.functions import minhash
from measure import Work, measure


def prepare(texts: list[str], inputs: Path) -> Work:
    """Normalised as its documentation advises; it splits words at spaces."""
    frame = daft.from_pydict({"text": texts}).collect()

    def work() -> int:
        clean = daft.col("text").normalize(remove_punct=True, lowercase=True, white_space=True)
        return len(frame.select(minhash(clean, num_hashes=128, ngram_size=5, seed=1)).collect())

    return work


measure(prepare, ["daft"])
