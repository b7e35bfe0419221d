"""Random samples and quantiles, found in memory that does not grow with the corpus.

A sample takes documents in the order of their draws (`curate.draws`) until a budget is spent. Where that is, is found
by histograms of the draws: the bin in which the budget runs out is looked at again in finer bins, until it has few
enough documents to be sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Draws (or other keys: `float64`, 0 or more) and weights (`int64`) of documents, some documents at a time; called
#: for each look at them.
Weighted = Callable[[], Iterable[tuple[NDArray[np.float64], NDArray[np.int64]]]]

#: Floats of 0 and more are ordered as their 63 bits are; one look tells apart so many bits more.
_KEY_BITS, _BIN_BITS = 63, 16
#: Documents that are sorted at once: 16 bytes each, and as much again for the order.
_SORTED_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Crossing:
    """The first document, by ascending draw, with which the documents weigh more than a budget.

    Attributes:
        draw, weight: of that document; infinity and 0 if all together do not.
        before: what the documents before it weigh.
        next_draw: that of the document after it; infinity if it is the last.
    """

    draw: float
    weight: int
    before: int
    next_draw: float


def find_crossing(weighted: Weighted, budget: int) -> Crossing:
    """Where documents taken by ascending draw exceed a budget; the order of listing does not matter.

    Looks two to five times at the documents, and holds 2**16 bins and about as many documents.

    Args:
        weighted: the documents, the same at each call.
        budget: in the unit of the weights, 0 or more.

    >>> draws, weights = np.array([0.75, 0.25, 0.5]), np.array([10, 20, 30])
    >>> find_crossing(lambda: [(draws, weights)], 49)
    Crossing(draw=0.5, weight=30, before=20, next_draw=0.75)
    """
    low, bits, before = 0, _KEY_BITS, 0
    while True:
        finer = max(bits - _BIN_BITS, 0)
        counts, weights = _histogram(weighted, low, bits, finer)
        reached = before + np.cumsum(weights)
        if budget >= reached[-1]:
            return Crossing(np.inf, 0, int(reached[-1]), np.inf)
        at = int(np.searchsorted(reached, budget, "right"))
        before, low, bits = int(reached[at] - weights[at]), low + (at << finer), finer
        if counts[at] <= _SORTED_AT_ONCE or not bits:
            return _crossing_within(weighted, low, bits, before, budget)


def sample_threshold(weighted: Weighted, budget: int) -> float:
    """The draw below which documents are taken until the next one would exceed the budget: 1.0 takes all.

    >>> sample_threshold(lambda: [(np.array([0.75, 0.25, 0.5]), np.array([1, 1, 1]))], budget=2)
    0.75
    """
    return min(find_crossing(weighted, budget).draw, 1.0)


def quantile(values: Callable[[], Iterable[NDArray[np.float64]]], place: int) -> float:
    """The value at a place, counted from 0, of all values in ascending order.

    Args:
        values: `float64` arrays, 0 or more, the same at each call.
        place: below the number of values.

    >>> quantile(lambda: [np.array([0.5, 0.1]), np.array([0.3])], 1)
    0.3
    """
    return find_crossing(lambda: ((some, np.ones(len(some), np.int64)) for some in values()), place).draw


def _histogram(weighted: Weighted, low: int, bits: int, finer: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Documents and their weight by key, in bins of `2**finer` from `low` on, up to `low + 2**bits`."""
    bins = 1 << (bits - finer)
    counts, weights = np.zeros(bins, np.int64), np.zeros(bins, np.int64)
    for draws, weight in weighted():
        place = (_key(draws) - low) >> finer
        inside = (place >= 0) & (place < bins)
        counts += np.bincount(place[inside], minlength=bins)
        weights += np.bincount(place[inside], weight[inside], minlength=bins).astype(np.int64)
    return counts, weights


def _crossing_within(weighted: Weighted, low: int, bits: int, before: int, budget: int) -> Crossing:
    """The crossing, which is known to be among the keys from `low` up to `low + 2**bits`."""
    found: list[tuple[NDArray[np.float64], NDArray[np.int64]]] = []
    beyond = np.inf
    for draws, weight in weighted():
        places = (_key(draws) - low) >> bits
        beyond = min(beyond, draws[places > 0].min(initial=np.inf))
        found.append((draws[places == 0], weight[places == 0]))
    draw, weight = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.argsort(draw, kind="stable")
    draw, weight = np.append(draw[order], beyond), weight[order]
    reached = before + np.cumsum(weight)
    at = int(np.searchsorted(reached, budget, "right"))
    return Crossing(float(draw[at]), int(weight[at]), int(reached[at] - weight[at]), float(draw[at + 1]))


def _key(draws: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bits of each draw as a number: ordered as the draws are."""
    return (draws + 0.0).view(np.int64)  # no negative zero
