"""Signatures with near-duplicates among them, the same for both libraries."""

import numpy as np
from numpy.typing import NDArray

NUM_PERM = 128


def signatures(documents: int) -> NDArray[np.uint32]:
    """Random signatures; the last quarter copy one of the first half in nine positions of ten."""
    draw = np.random.default_rng(0)
    made = draw.integers(0, 1 << 32, (documents, NUM_PERM), dtype=np.uint32)
    copies = np.arange(documents - documents // 4, documents)
    models = draw.integers(0, documents // 2, len(copies))
    for some in np.array_split(np.arange(len(copies)), max(1, len(copies) // 10_000)):
        same = draw.random((len(some), NUM_PERM)) < 0.9
        made[copies[some]] = np.where(same, made[models[some]], made[copies[some]])
    return made
