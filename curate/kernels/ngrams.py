"""Hashes of word n-grams, by rolling over the word stream."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.hashing import U64, fmix64

_BASE = U64(0x9E3779B97F4A7C15)


def ngram_hashes(
    hashes: NDArray[np.uint64], offsets: NDArray[np.int64], n: int, *, whole_if_short: bool = False
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The hash of every run of `n` words of every text.

    Args:
        hashes, offsets: of `Words`.
        n: words per n-gram, 1 or more.
        whole_if_short: a text of 1 to n - 1 words gives one hash, of all its words; else it gives none.

    Returns:
        `uint64` hashes back to back, and `int64` offsets of shape (texts + 1,). The i-th n-gram of a text begins
        at its i-th word. The same words hash alike wherever they stand; the length is part of the hash.
    """
    out = np.empty(len(hashes), np.uint64)
    out_offsets = np.zeros(len(offsets), np.int64)
    count = _roll(hashes, offsets, n, whole_if_short, out, out_offsets)
    return out[:count], out_offsets


@njit(cache=True, nogil=True)
def _roll(hashes, offsets, n, whole_if_short, out, out_offsets):  # type: ignore[no-untyped-def]
    count = 0
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        size = min(n, end - begin)
        if size == n or (whole_if_short and size > 0):
            oldest = U64(1)
            for _ in range(size - 1):
                oldest *= _BASE
            rolling = U64(0)
            for at in range(begin, begin + size):
                rolling = rolling * _BASE + hashes[at]
            out[count] = fmix64(rolling ^ U64(size))
            count += 1
            for at in range(begin + size, end):
                rolling = (rolling - hashes[at - size] * oldest) * _BASE + hashes[at]
                out[count] = fmix64(rolling ^ U64(size))
                count += 1
        out_offsets[text + 1] = count
    return count
