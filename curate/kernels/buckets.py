"""Grouping documents by key: a radix sort that goes only as deep as the number of documents asks."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.hashing import U64

_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS


def grouped(keys: NDArray[np.uint64], members: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Sort by key; what shares one keeps its order.

    As many of the highest digits are sorted by as tell most keys apart, and neighbours are put right at the end. So
    the keys should be hashes, whose digits are all alike; others are sorted as well, but slowly.

    Args:
        keys: `uint64` of shape (n,).
        members: `int64` of shape (n,): what each key belongs to.

    Returns:
        The keys, ascending, and their members.

    >>> keys, members = grouped(np.array([5, 2**63, 1, 5], np.uint64), np.array([10, 11, 12, 13]))
    >>> keys.tolist() == [1, 5, 5, 2**63], members.tolist()
    (True, [12, 10, 13, 11])
    """
    passes = max(1, -(-len(keys).bit_length() // _DIGIT_BITS))
    shifts = np.array([64 - _DIGIT_BITS * (passes - k) for k in range(passes)], np.uint64)
    starts = np.zeros((passes, _DIGITS), np.int64)
    _count_digits(keys, shifts, starts)
    buffers = [(np.empty_like(keys), np.empty_like(members)) for _ in range(min(passes, 2))]
    for k in range(passes):
        _scatter(keys, members, shifts[k], starts[k], *buffers[k % 2])
        keys, members = buffers[k % 2]
    _settle(keys, members)
    return keys, members


@njit(cache=True, nogil=True)
def _count_digits(keys, shifts, starts):  # type: ignore[no-untyped-def]
    """Where each digit's keys begin, for each shift."""
    mask = U64(_DIGITS - 1)
    for key in keys:
        for k in range(len(shifts)):
            starts[k, (key >> shifts[k]) & mask] += 1
    for k in range(len(shifts)):
        total = 0
        for digit in range(_DIGITS):
            total, starts[k, digit] = total + starts[k, digit], total


@njit(cache=True, nogil=True)
def _scatter(keys, members, shift, starts, sorted_keys, sorted_members):  # type: ignore[no-untyped-def]
    mask = U64(_DIGITS - 1)
    for at in range(len(keys)):
        digit = (keys[at] >> shift) & mask
        place = starts[digit]
        sorted_keys[place], sorted_members[place] = keys[at], members[at]
        starts[digit] = place + 1


@njit(cache=True, nogil=True)
def _settle(keys, members):  # type: ignore[no-untyped-def]
    """Insertion sort: linear where few neighbours are in the wrong order."""
    for at in range(1, len(keys)):
        key, member = keys[at], members[at]
        place = at
        while place > 0 and keys[place - 1] > key:
            keys[place], members[place] = keys[place - 1], members[place - 1]
            place -= 1
        keys[place], members[place] = key, member
