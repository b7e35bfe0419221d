"""Buckets: entries of a key and a document, sorted so that equal keys lie together.

A sort moves numbers of 64 bits that hold an entry's place and as much of its key as there is room for; where that is
not enough to tell two keys apart, the keys themselves are compared.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.hashing import U64

_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS


def scatter_entries(
    keys: NDArray[np.uint64], rows: NDArray[np.uint32], slots: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """The entries of documents, each with several keys, in the order of the highest bits of the keys.

    Args:
        keys: `uint64` of shape (n, keys).
        rows: `uint32` of shape (n,): the document of each.
        slots: a power of two, 2**11 at most: as many groups as the entries come in.

    Returns:
        Keys and documents, each of shape (n * keys,); within a group they keep their order.

    >>> keys = np.array([[2**63, 1], [5, 2**63 + 9]], np.uint64)
    >>> [found.tolist() for found in scatter_entries(keys, np.array([7, 8], np.uint32), 2)]
    [[1, 5, 9223372036854775808, 9223372036854775817], [7, 8, 7, 8]]
    """
    sorted_keys, sorted_rows = np.empty(keys.size, np.uint64), np.empty(keys.size, np.uint32)
    _scatter_entries(keys, rows, _slot_shift(slots), np.zeros(slots, np.int64), sorted_keys, sorted_rows)
    return sorted_keys, sorted_rows


def count_slots(keys: NDArray[np.uint64], slots: int) -> tuple[NDArray[np.int64], bool]:
    """How many keys start with the number of each slot, and whether the keys come in the order of slots.

    Args:
        keys: `uint64` of shape (n,).
        slots: a power of two.

    >>> counts, ascending = count_slots(np.array([5, 2**63, 2**62 + 1], np.uint64), 4)
    >>> counts.tolist(), ascending
    ([1, 1, 1, 0], False)
    """
    counts = np.zeros(slots, np.int64)
    return counts, bool(_count_slots(keys, _slot_shift(slots), counts))


def _slot_shift(slots: int) -> np.uint64:
    """By how much a key is shifted, before one more bit, to give its slot: 64 bits cannot be shifted away at once."""
    return np.uint64(64 - slots.bit_length())


def sort_into_buckets(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Group equal keys, hashes that may have their highest bits in common.

    Args:
        keys: `uint64` of shape (n,).

    Returns:
        The places of all keys that occur twice or more, bucket by bucket and ascending in each, and where buckets
        begin in them: `int64` of shapes (m,) and (buckets + 1,).

    >>> [found.tolist() for found in sort_into_buckets(np.array([7, 3, 9, 3, 7, 3], np.uint64))]
    [[1, 3, 5, 0, 4], [0, 3, 5]]
    """
    if not len(keys):
        return np.empty(0, np.int64), np.zeros(1, np.int64)
    bits = np.uint64(max(1, (len(keys) - 1).bit_length()))
    base = keys.min()
    spare_bits = np.uint64(64 - int(keys.max() - base).bit_length()) % np.uint64(64)
    entries = np.empty(len(keys), np.uint64)
    _pack(keys, base, spare_bits, bits, entries)
    entries = sort_entries(entries)
    places, starts = np.empty(len(keys), np.int64), np.empty(len(keys) // 2 + 1, np.int64)
    members, buckets = _list_members(entries, bits, keys, places, starts)
    return places[:members].copy(), starts[: buckets + 1].copy()


def sort_entries(entries: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort entries whose highest bits are hashes: by as many digits as tell most apart, then neighbour by neighbour.

    Args:
        entries: `uint64` of shape (n,); it is used as working memory.

    >>> sort_entries(np.array([2**63 + 7, 5, 2**63 + 3], np.uint64)).tolist() == [5, 2**63 + 3, 2**63 + 7]
    True
    """
    passes = max(1, -(-len(entries).bit_length() // _DIGIT_BITS))
    spare = np.empty_like(entries)
    starts = np.empty(_DIGITS, np.int64)
    for k in reversed(range(passes)):
        _scatter(entries, np.uint64(64 - _DIGIT_BITS * (k + 1)), starts, spare)
        entries, spare = spare, entries
    _settle(entries, np.uint64(64 - _DIGIT_BITS * passes))
    return entries


@bare_njit
def _scatter_entries(keys, rows, shift, starts, sorted_keys, sorted_rows):  # type: ignore[no-untyped-def]
    for row in range(keys.shape[0]):
        for k in range(keys.shape[1]):
            starts[(keys[row, k] >> shift) >> U64(1)] += 1
    total = 0
    for slot in range(len(starts)):
        total, starts[slot] = total + starts[slot], total
    for row in range(keys.shape[0]):
        for k in range(keys.shape[1]):
            slot = (keys[row, k] >> shift) >> U64(1)
            sorted_keys[starts[slot]] = keys[row, k]
            sorted_rows[starts[slot]] = rows[row]
            starts[slot] += 1


@bare_njit
def _count_slots(keys, shift, counts):  # type: ignore[no-untyped-def]
    ascending, last = True, U64(0)
    for key in keys:
        slot = (key >> shift) >> U64(1)
        ascending &= slot >= last
        counts[slot] += 1
        last = slot
    return ascending


@bare_njit
def _pack(keys, base, spare_bits, bits, entries):  # type: ignore[no-untyped-def]
    for at in range(len(keys)):
        entries[at] = ((((keys[at] - base) << spare_bits) >> bits) << bits) | U64(at)


@bare_njit
def _scatter(entries, shift, starts, target):  # type: ignore[no-untyped-def]
    mask = U64(_DIGITS - 1)
    starts[:] = 0
    for entry in entries:
        starts[(entry >> shift) & mask] += 1
    total = 0
    for digit in range(_DIGITS):
        total, starts[digit] = total + starts[digit], total
    for entry in entries:
        digit = (entry >> shift) & mask
        target[starts[digit]] = entry
        starts[digit] += 1


@bare_njit
def _settle(entries, shift):  # type: ignore[no-untyped-def]
    """Sort each run of entries that are alike above `shift`: most are of one entry or two."""
    begin = np.int64(0)  # not a literal: numba would compile the sort once more for it
    for end in range(1, len(entries) + 1):
        if end == len(entries) or (entries[end] ^ entries[begin]) >> shift != U64(0):
            if end - begin > 1:
                _shell_sort(entries, begin, end)
            begin = np.int64(end)


@inner_njit
def _shell_sort(entries, begin, end):  # type: ignore[no-untyped-def]
    """An insertion sort of what is few, and still quick where a bucket holds a million documents (Shell 1959)."""
    gap = 1
    while gap * 3 < end - begin:
        gap = gap * 3 + 1
    while gap > 0:
        for at in range(begin + gap, end):
            entry, place = entries[at], at
            while place >= begin + gap and entries[place - gap] > entry:
                entries[place] = entries[place - gap]
                place -= gap
            entries[place] = entry
        gap //= 3


@bare_njit
def _list_members(entries, bits, keys, places, starts):  # type: ignore[no-untyped-def]
    """The places of each bucket; how many in all, and how many buckets."""
    mask = (U64(1) << bits) - U64(1)
    members, buckets, begin = 0, 0, np.int64(0)
    for stop in range(1, len(entries) + 1):
        if stop < len(entries) and (entries[stop] ^ entries[begin]) >> bits == U64(0):
            continue
        if stop - begin > 1 and _differ(entries, begin, stop, mask, keys):
            _sort_by_key(entries, begin, stop, mask, keys)
        while stop - begin > 1:
            end = begin + 1
            while end < stop and keys[entries[end] & mask] == keys[entries[begin] & mask]:
                end += 1
            if end - begin > 1:
                starts[buckets] = members
                buckets += 1
                for at in range(begin, end):
                    places[members] = np.int64(entries[at] & mask)
                    members += 1
            begin = end
        begin = np.int64(stop)
    starts[buckets] = members
    return members, buckets


@inner_njit
def _differ(entries, begin, end, mask, keys):  # type: ignore[no-untyped-def]
    differ = False
    for at in range(begin + 1, end):
        differ |= keys[entries[at] & mask] != keys[entries[begin] & mask]
    return differ


@inner_njit
def _sort_by_key(entries, begin, end, mask, keys):  # type: ignore[no-untyped-def]
    """An insertion sort of what the bits of keys in the entries do not tell apart: next to nothing."""
    for at in range(begin + 1, end):
        entry, place = entries[at], at
        while place > begin and keys[entries[place - 1] & mask] > keys[entry & mask]:
            entries[place] = entries[place - 1]
            place -= 1
        entries[place] = entry
