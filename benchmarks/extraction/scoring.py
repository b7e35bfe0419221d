"""Scores of extracted texts, and how far they would be elsewhere: intervals over draws of sites.

A page's score is a pair, so that means of pages and shares of passages are the same sum: F1 and 1, or the passages that
are right and how many there are. A mean is the sum of the first over that of the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.ingest.extraction.labels import word_f1
from curate.ingest.extraction.train import gold_of

Row = dict[str, Any]
Floats = NDArray[np.float64]

_DRAWS = 4_000


def has_passages(row: Row) -> bool:
    """Whether a row of a gold file names passages and gives no text."""
    return "with" in row and "text" not in row


def page_score(row: Row, text: str) -> tuple[float, float]:
    """F1 and 1; or the passages that are right (wanted and there, or unwanted and not), and all."""
    if not has_passages(row):
        return word_f1(text, gold_of(row).text or "")[0], 1.0
    right = sum(passage in text for passage in row["with"]) + sum(passage not in text for passage in row["without"])
    return float(right), float(len(row["with"]) + len(row["without"]))


def page_scores(rows: Sequence[Row], texts: Sequence[str]) -> Floats:
    """`page_score` of each page: of shape (n, 2)."""
    return np.array([page_score(row, text) for row, text in zip(rows, texts, strict=True)]).reshape(-1, 2)


def mean(scores: Floats) -> float:
    """The mean of scores of shape (n, 2)."""
    return float(scores[:, 0].sum() / max(1e-9, scores[:, 1].sum()))


def interval(scores: Floats, other: Floats, sites: Sequence[str]) -> tuple[float, float]:
    """The 95 % interval of how much higher the first mean is than the second, over draws of sites with replacement.

    Args:
        scores, other: of the same pages, of shape (n, 2).
        sites: of each page.

    >>> interval(np.array([[0.5, 1.0]] * 8), np.array([[0.25, 1.0]] * 8), list("aabbccdd"))
    (0.25, 0.25)
    """
    names, site = np.unique(np.array(sites), return_inverse=True)
    sums = np.stack([np.bincount(site, scores[:, 0] - other[:, 0]), np.bincount(site, scores[:, 1])], axis=1)
    draws = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), _DRAWS) @ sums
    low, high = np.quantile(draws[:, 0] / np.maximum(draws[:, 1], 1e-9), [0.025, 0.975])
    return float(low), float(high)
