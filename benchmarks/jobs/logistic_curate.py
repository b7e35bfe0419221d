"""The hashed logistic score of curate's quality filter, from text: the scan for words is part of it."""

from pathlib import Path

import numpy as np
from batches import document_batches
from measure import Work, measure

from curate.filters.models import LogisticModel


def prepare(texts: list[str], inputs: Path) -> Work:
    """Learn which text is long from some of them (what is learnt does not matter), then score all."""
    batches = document_batches(texts)
    model = LogisticModel(18, np.random.default_rng(0).normal(size=1 << 18))

    def work() -> int:
        return sum(int((model.score(docs) > 0.5).sum()) for docs in batches)

    return work


measure(prepare, ["curate"])
