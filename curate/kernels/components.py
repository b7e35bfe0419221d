"""Connected components of the documents that have an edge, of many that mostly have none.

A bitmap marks the documents with an edge, and only these get a place in the union-find: an eighth of a byte for each
document, 8 bytes for each with an edge, and a running count of the marks that tells its place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import popcount
from curate.kernels.hashing import U64

#: Words of 64 bits for which the running count is kept once.
_COUNTED_WORDS = 8


class Components:
    """A union-find over the marked numbers below `size`.

    First every edge is marked, then every edge united; edges may come in any number of pieces and in any order.

    Args:
        size: numbers there are, 0 or more.

    >>> found = Components(1000)
    >>> edges = np.array([7, 900], np.uint64), np.array([900, 31], np.uint64)
    >>> found.mark(*edges)
    >>> found.unite(*edges)
    >>> found.numbers().tolist(), found.roots().tolist()
    ([7, 31, 900], [0, 0, 0])
    """

    def __init__(self, size: int):
        self.marks = np.zeros(-(-size // 64), np.uint64)
        self._counts = np.empty(0, np.int64)
        self._parent = np.empty(0, np.int64)

    def mark(self, left: NDArray[np.uint64], right: NDArray[np.uint64]) -> None:
        """Note that both ends of these edges have one: `uint64` of shape (edges,)."""
        set_marks(self.marks, left)
        set_marks(self.marks, right)

    def unite(self, left: NDArray[np.uint64], right: NDArray[np.uint64]) -> None:
        """Join the components of both ends of these edges, all of which have been marked."""
        if not len(self._counts):
            self._counts = _running_counts(self.marks)
            self._parent = np.arange(count_marks(self.marks), dtype=np.int64)
        _unite_edges(self._parent, self.marks, self._counts, left, right)

    def numbers(self) -> NDArray[np.uint64]:
        """The marked numbers, ascending: `uint64`."""
        return list_marks(self.marks, 0, 64 * len(self.marks))

    def roots(self) -> NDArray[np.int64]:
        """For each marked number, the place among them of the lowest number in its component: `int64`."""
        _flatten(self._parent)
        return self._parent


def set_marks(marks: NDArray[np.uint64], numbers: NDArray[np.uint64]) -> None:
    """Set the bits of some numbers."""
    _set_marks(marks, numbers)


def count_marks(marks: NDArray[np.uint64]) -> int:
    """How many bits are set.

    >>> count_marks(np.array([7, 2**63], np.uint64))
    4
    """
    return int(np.bitwise_count(marks).sum(dtype=np.int64))


def list_marks(marks: NDArray[np.uint64], first: int, stop: int) -> NDArray[np.uint64]:
    """The numbers from `first` up to `stop` whose bits are set, ascending.

    >>> list_marks(np.array([2**63 + 5, 1], np.uint64), 1, 65).tolist()
    [2, 63, 64]
    """
    bits = np.unpackbits(marks[first // 64 : -(-stop // 64)].view(np.uint8), bitorder="little")
    start = first - first % 64
    return (np.flatnonzero(bits[first - start : stop - start]) + first).astype(np.uint64)


def _running_counts(marks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The marks before each run of `_COUNTED_WORDS` words, and at last those of all."""
    words = np.zeros(-(-len(marks) // _COUNTED_WORDS) * _COUNTED_WORDS, np.uint8)
    words[: len(marks)] = np.bitwise_count(marks)
    return np.concatenate([[0], np.cumsum(words.reshape(-1, _COUNTED_WORDS).sum(axis=1, dtype=np.int64))])


@inner_njit
def find(parent, node):  # type: ignore[no-untyped-def]
    """The root of a node; halves the path on the way (Tarjan and van Leeuwen 1984)."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@bare_njit
def _set_marks(marks, numbers):  # type: ignore[no-untyped-def]
    for number in numbers:
        marks[number >> U64(6)] |= U64(1) << (number & U64(63))


@inner_njit
def _place(marks, counts, number):  # type: ignore[no-untyped-def]
    """How many marked numbers are below a number."""
    word = np.int64(number >> U64(6))
    place = counts[word // _COUNTED_WORDS]
    for before in range(word - word % _COUNTED_WORDS, word):
        place += popcount(marks[before])
    return place + popcount(marks[word] & ((U64(1) << (number & U64(63))) - U64(1)))


@bare_njit
def _unite_edges(parent, marks, counts, left, right):  # type: ignore[no-untyped-def]
    """The lower root stays, so the outcome does not depend on the order of the edges."""
    for at in range(len(left)):
        low = find(parent, _place(marks, counts, left[at]))
        high = find(parent, _place(marks, counts, right[at]))
        if low < high:
            parent[high] = low
        else:
            parent[low] = high


@bare_njit
def _flatten(parent):  # type: ignore[no-untyped-def]
    """Parents are never above their children, so one ascending pass sees every root before its members."""
    for node in range(len(parent)):
        parent[node] = parent[parent[node]]
