"""The 64-bit finaliser that all hashes of words and n-grams end with."""

from __future__ import annotations

import numpy as np
from numba import njit

U64 = np.uint64


@njit(cache=True, nogil=True, inline="always")
def fmix64(h: U64) -> U64:
    """Spread every input bit over all 64 output bits: the finaliser of MurmurHash3, a bijection."""
    h ^= h >> U64(33)
    h *= U64(0xFF51AFD7ED558CCD)
    h ^= h >> U64(33)
    h *= U64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> U64(33))
