"""The merges of one pre-token: lowest rank first, leftmost first among equals (Sennrich et al. 2016, section 3.2)."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.bpe_tables import NO_MERGE, find_pair
from curate.kernels.hashing import U64

#: Up to this many bytes the next merge is looked for among all pairs, which takes quadratic time but no memory.
SCANNED_BYTES = 96


@njit(cache=True, nogil=True)
def merge(data, begin, end, byte_ids, pairs, ids, merges):  # type: ignore[no-untyped-def]
    """Write the ids of `data[begin:end]` into `ids`, which has room for one per byte; return how many there are.

    `merges` is scratch: `uint64`, room for `SCANNED_BYTES`.
    """
    size = end - begin
    for k in range(size):
        ids[k] = byte_ids[data[begin + k]]
    if size <= SCANNED_BYTES:
        return _merge_scanning(ids, size, pairs, merges)
    return _merge_queued(ids, size, pairs)


@njit(cache=True, nogil=True)
def _merge_scanning(ids, size, pairs, merges):  # type: ignore[no-untyped-def]
    for k in range(size - 1):
        merges[k] = find_pair(pairs, ids[k], ids[k + 1])
    while size > 1:
        best, at = NO_MERGE, 0
        for k in range(size - 1):
            if merges[k] < best:  # the rank is in the high bits, and pairs of one rank are the same pair
                best, at = merges[k], k
        if best == NO_MERGE:
            break
        ids[at] = best & U64(0xFFFFFFFF)
        size -= 1
        for k in range(at + 1, size):
            ids[k] = ids[k + 1]
        for k in range(at + 1, size - 1):
            merges[k] = merges[k + 1]
        if at > 0:
            merges[at - 1] = find_pair(pairs, ids[at - 1], ids[at])
        if at + 1 < size:
            merges[at] = find_pair(pairs, ids[at], ids[at + 1])
    return size


@njit(cache=True, nogil=True)
def _merge_queued(ids, size, pairs):  # type: ignore[no-untyped-def]
    """In time n log n: a linked list of parts, and a heap of `rank << 32 | place` that may hold outdated entries."""
    after, before = np.arange(1, size + 1).astype(np.int32), np.arange(-1, size - 1).astype(np.int32)
    merges = np.empty(size, np.uint64)
    heap, count = np.empty(2 * size, np.uint64), 0
    for k in range(size):
        merges[k] = find_pair(pairs, ids[k], ids[k + 1]) if k + 1 < size else NO_MERGE
        count = _offer(heap, count, merges[k], k)
    while count > 0:
        top = heap[0]
        count = _pop(heap, count)
        at = np.int64(top & U64(0xFFFFFFFF))
        merged = merges[at]
        if merged == NO_MERGE or merged >> U64(32) != top >> U64(32):
            continue  # one of the two has been merged with another since
        ids[at] = merged & U64(0xFFFFFFFF)
        gone = after[at]
        after[at], merges[gone] = after[gone], NO_MERGE
        merges[at] = NO_MERGE
        if after[at] < size:
            before[after[at]] = at
            merges[at] = find_pair(pairs, ids[at], ids[after[at]])
            count = _offer(heap, count, merges[at], at)
        if before[at] >= 0:
            left = before[at]
            merges[left] = find_pair(pairs, ids[left], ids[at])
            count = _offer(heap, count, merges[left], left)
    return _compact(ids, after, size)


@njit(cache=True, nogil=True)
def _compact(ids, after, size):  # type: ignore[no-untyped-def]
    count, at = 0, 0
    while at < size:
        ids[count] = ids[at]
        count += 1
        at = after[at]
    return count


@njit(cache=True, nogil=True)
def _offer(heap, count, merged, place):  # type: ignore[no-untyped-def]
    """Put a merge into the heap, if it is one; return the new size."""
    if merged == NO_MERGE:
        return count
    entry = (merged >> U64(32) << U64(32)) | U64(place)
    child = count
    while child > 0 and heap[(child - 1) >> 1] > entry:
        heap[child] = heap[(child - 1) >> 1]
        child = (child - 1) >> 1
    heap[child] = entry
    return count + 1


@njit(cache=True, nogil=True)
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
