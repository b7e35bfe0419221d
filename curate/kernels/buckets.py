"""Buckets: documents grouped by key, as numbers of 64 bits that hold as much of the key as there is room for.

The lowest bits of such an entry are the document's number, the others the highest of its key: 44 for a million
documents. So few that documents whose keys differ may share an entry's key by chance, once in 30 bands of a million;
whoever unites a bucket has to look at what the keys were made of.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.hashing import U64

_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS
_MAX_DOCUMENTS = 1 << 32


def number_bits(documents: int) -> int:
    """Bits of an entry that number so many documents.

    Raises:
        ValueError: they are more than 2**32, which leaves too few bits for keys.

    >>> number_bits(1_000_000)
    20
    """
    if documents > _MAX_DOCUMENTS:
        raise ValueError(f"{documents} documents cannot be grouped at once; at most {_MAX_DOCUMENTS} can")
    return max(1, (documents - 1).bit_length())


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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _settle(entries, shift):  # type: ignore[no-untyped-def]
    """Sort each run of entries that are alike above `shift`: most are of one entry or two."""
    begin = np.int64(0)  # not a literal: numba would compile the sort once more for it
    for end in range(1, len(entries) + 1):
        if end == len(entries) or (entries[end] ^ entries[begin]) >> shift != U64(0):
            if end - begin > 1:
                _shell_sort(entries, begin, end)
            begin = np.int64(end)


@njit(cache=True, nogil=True)
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
