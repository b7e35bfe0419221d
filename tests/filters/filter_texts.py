"""Texts of two kinds that a classifier can mostly, but not wholly, tell apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa

from curate.documents import ID, Documents

_WORDS = {
    "prose": "senate treaty council history river century minister novel war church king science law people city",
    "shop": "buy cheap cart shipping click sale price login menu free offer shop size review newsletter",
}


def texts(kind: str, count: int, seed: int = 0) -> list[str]:
    """Random texts of 20 to 60 words, 7 of 10 from the kind's own list, the rest from both."""
    rng = np.random.default_rng([seed, len(kind)])
    own, both = _WORDS[kind].split(), " ".join(_WORDS.values()).split()
    return [
        " ".join(rng.choice(own if rng.random() < 0.7 else both) for _ in range(rng.integers(20, 60)))
        for _ in range(count)
    ]


def documents(**sources: list[str]) -> Documents:
    """Documents of named sources, with random ids that are the same in every run."""
    flat = [text for listed in sources.values() for text in listed]
    names = [name for name, listed in sources.items() for _ in listed]
    ids = np.random.default_rng(1).bytes(16 * len(flat))
    columns = {
        "id": pa.array([ids[16 * n : 16 * n + 16] for n in range(len(flat))], ID),
        "source": pa.array(names, pa.string()),
        "text": pa.array(flat, pa.string()),
    }
    return Documents(pa.RecordBatch.from_pydict(columns))


def slices(docs: Documents, cuts: list[int]) -> list[Documents]:
    """The documents in batches that end at `cuts`."""
    edges = [0, *sorted(cuts), len(docs)]
    return [Documents(docs.batch.slice(a, b - a)) for a, b in pairwise(edges)]
