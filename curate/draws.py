"""Random numbers that belong to a document, not to an order of processing.

A draw is a pure function of (seed, purpose, document id), so it is the same in any batch, on any worker and
after any resume. The mixing steps are the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * _MULTIPLIERS[0]
    x = (x ^ (x >> np.uint64(27))) * _MULTIPLIERS[1]
    return x ^ (x >> np.uint64(31))


def bits(seed: int, purpose: str, ids: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """64 random bits for each document.

    Args:
        seed: the pipeline's seed, any integer.
        purpose: what the draw decides, such as `"quality_filter"`; different purposes are independent.
        ids: document ids as `uint64`, shape (n, 2) (see `Documents.id_words`).

    Returns:
        `uint64` of shape (n,).
    """
    digest = hashlib.blake2b(f"{seed}\0{purpose}".encode(), digest_size=16).digest()
    low, high = np.frombuffer(digest, dtype="<u8")
    return _mix(_mix(ids[:, 0] ^ low) + (ids[:, 1] ^ high))


def uniform(seed: int, purpose: str, ids: NDArray[np.uint64]) -> NDArray[np.float64]:
    """One uniform number in [0, 1) for each document; arguments as for `bits`.

    >>> ids = np.array([[1, 2], [3, 4]], dtype=np.uint64)
    >>> both = uniform(2020, "quality_filter", ids)
    >>> bool(both[1] == uniform(2020, "quality_filter", ids[1:])[0])   # the batch does not matter
    True
    """
    return (bits(seed, purpose, ids) >> np.uint64(11)).astype(np.float64) * 2.0**-53
