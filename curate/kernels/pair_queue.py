"""A priority queue of pairs of tokens: the most frequent first, of equally frequent ones the one with smaller ids."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit


class PairQueue(NamedTuple):
    """A binary heap in three arrays of one length; how much of them is in use is kept by the owner.

    Attributes:
        counts: `int64`, sorted by first, descending.
        keys: `uint64`, the two ids as `left << 32 | right`: sorted by among equal counts, ascending.
        pairs: `int64`, the number of the pair, which is not looked at here.
    """

    counts: NDArray[np.int64]
    keys: NDArray[np.uint64]
    pairs: NDArray[np.int64]

    @classmethod
    def of_size(cls, size: int) -> PairQueue:
        """Room for `size` pairs."""
        return cls(np.empty(size, np.int64), np.empty(size, np.uint64), np.empty(size, np.int64))


@bare_njit
def push(queue, size, count, key, pair):  # type: ignore[no-untyped-def]
    """Put a pair into a queue of `size` pairs; return the new size."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if _precedes(queue, parent, count, key):
            break
        _move(queue, parent, at)
        at = parent
    queue.counts[at], queue.keys[at], queue.pairs[at] = count, key, pair
    return size + 1


@bare_njit
def pop(queue, size):  # type: ignore[no-untyped-def]
    """Remove the first pair; return the new size."""
    last = size - 1
    replace_first(queue, last, queue.counts[last], queue.keys[last], queue.pairs[last])
    return last


@bare_njit
def replace_first(queue, size, count, key, pair):  # type: ignore[no-untyped-def]
    """Remove the first pair of a queue of `size` pairs and put in another."""
    at = np.int64(0)
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _precedes(queue, child + 1, queue.counts[child], queue.keys[child]):
            child += 1
        if not _precedes(queue, child, count, key):
            break
        _move(queue, child, at)
        at = child
    queue.counts[at], queue.keys[at], queue.pairs[at] = count, key, pair


@inner_njit
def _precedes(queue, at, count, key):  # type: ignore[no-untyped-def]
    """Whether what stands at `at` comes before a pair with this count and key."""
    return queue.counts[at] > count or (queue.counts[at] == count and queue.keys[at] < key)


@inner_njit
def _move(queue, source, target):  # type: ignore[no-untyped-def]
    queue.counts[target], queue.keys[target] = queue.counts[source], queue.keys[source]
    queue.pairs[target] = queue.pairs[source]
