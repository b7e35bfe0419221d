"""The merges of one pre-token: lowest rank first, leftmost first among equals (Sennrich et al. 2016, section 3.2)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import inner_njit
from curate.kernels.bpe_tables import NO_MERGE, NO_TOKEN, find_rank, find_whole
from curate.kernels.hashing import U64

#: Up to this many bytes the next merge is looked for among all pairs, which takes quadratic time.
_SCANNED_BYTES = 96

_HIGH, _LOW = U64(32), U64(0xFFFFFFFF)
_UNMERGED = U64(NO_MERGE) << _HIGH


class MergeScratch(NamedTuple):
    """Memory for the merges of a pre-token of up to some number of bytes, n.

    Attributes:
        parts: `uint64` of shape (n,): the id of each part, and `<< 32` the rank of its merge with the next one.
        links: `int32` of shape (n, 2), the neighbours of each part.
        heap: `uint64` of shape (2n,): places of parts, and `<< 32` ranks.
    """

    parts: NDArray[np.uint64]
    links: NDArray[np.int32]
    heap: NDArray[np.uint64]

    @classmethod
    def of_size(cls, size: int) -> MergeScratch:
        """For up to `size` bytes, 32 bytes for each; pages are taken from the system when they are used."""
        return cls(np.empty(size, np.uint64), np.empty((size, 2), np.int32), np.empty(2 * size, np.uint64))


@inner_njit
def merge(data, begin, end, tables, scratch):  # type: ignore[no-untyped-def]
    """Write the ids of `data[begin:end]` into the low 32 bits of `scratch.parts`; return how many there are."""
    parts, last = scratch.parts, end - begin - 1
    if len(tables.whole_bytes) > 0:
        whole = find_whole(data, begin, end, tables)
        if whole != NO_TOKEN:
            parts[0] = whole
            return 1
    for k in range(last):
        parts[k] = tables.byte_parts[(np.int64(data[begin + k]) << 8) | data[begin + k + 1]]
    parts[last] = _UNMERGED | (tables.byte_parts[np.int64(data[end - 1]) << 8] & _LOW)
    if last < _SCANNED_BYTES:
        return _merge_scanning(last + 1, tables, parts)
    return _merge_queued(last + 1, tables, scratch)


@inner_njit
def _merge_scanning(size, tables, parts):  # type: ignore[no-untyped-def]
    """In quadratic time: the part with the lowest rank is looked for among all."""
    while True:
        at = 0
        for k in range(1, size):
            if parts[k] < parts[at]:
                at = k
        if parts[at] >= _UNMERGED:
            return size
        merged = U64(tables.merged[parts[at] >> _HIGH])
        size -= 1
        for k in range(at + 1, size):
            parts[k] = parts[k + 1]
        parts[at] = _UNMERGED | merged
        if at + 1 < size:
            parts[at] = _with_rank(tables.pairs, merged, parts[at + 1])
        if at > 0:
            parts[at - 1] = _with_rank(tables.pairs, parts[at - 1], merged)


@inner_njit
def _with_rank(pairs, left, right):  # type: ignore[no-untyped-def]
    """A part and the rank of its merge with the next one."""
    return (U64(find_rank(pairs, left & _LOW, right & _LOW)) << _HIGH) | (left & _LOW)


@inner_njit
def _merge_queued(size, tables, scratch):  # type: ignore[no-untyped-def]
    """In time n log n: a linked list of parts, and a heap of merges that may hold outdated entries."""
    parts, links, heap = scratch
    count = np.int64(0)
    for k in range(size):
        links[k, 0], links[k, 1] = k - 1, k + 1
        count = _offer(heap, count, parts, k)
    while count > 0:
        rank, at = heap[0] >> _HIGH, np.int64(heap[0] & _LOW)
        count = _pop(heap, count)
        if parts[at] >> _HIGH != rank:
            continue  # one of the two has been merged with another since
        gone = links[at, 1]
        left, right = np.int64(links[at, 0]), np.int64(links[gone, 1])
        merged = U64(tables.merged[rank])
        parts[at], parts[gone], links[at, 1] = _UNMERGED | merged, _UNMERGED, right
        if right < size:
            links[right, 0] = at
            parts[at] = _with_rank(tables.pairs, merged, parts[right])
            count = _offer(heap, count, parts, at)
        if left >= 0:
            parts[left] = _with_rank(tables.pairs, parts[left], merged)
            count = _offer(heap, count, parts, left)
    at = np.int64(0)
    while at < size:
        parts[count] = parts[at]
        count += 1
        at = np.int64(links[at, 1])
    return count


@inner_njit
def _offer(heap, count, parts, place):  # type: ignore[no-untyped-def]
    """Put the merge of a part into the heap, if there is one; return the new size."""
    if parts[place] >= _UNMERGED:
        return count
    entry = (parts[place] & ~_LOW) | U64(place)
    child = count
    while child > 0 and heap[(child - 1) >> 1] > entry:
        heap[child] = heap[(child - 1) >> 1]
        child = (child - 1) >> 1
    heap[child] = entry
    return count + 1


@inner_njit
def _pop(heap, count):  # type: ignore[no-untyped-def]
    """Remove the least entry; return the new size."""
    count -= 1
    entry, at = heap[count], 0
    while True:
        child = 2 * at + 1
        if child >= count:
            break
        if child + 1 < count and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= entry:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = entry
    return count
