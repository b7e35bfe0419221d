"""MinHash signatures of sets of shingles, bit for bit those of datasketch's `affine32` scheme.

Broder 1997, "On the resemblance and containment of documents": the share of positions in which two signatures
agree estimates the Jaccard similarity of the two sets, with a standard error of `sqrt(j * (1 - j) / num_perm)`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

U32 = np.uint32

EMPTY = np.uint32(0xFFFFFFFF)
"""What every position of the signature of an empty set holds."""


@lru_cache(maxsize=8)
def permutations(num_perm: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The multipliers (odd) and offsets of `h -> a * h + b mod 2**32`, drawn as datasketch 2.0 draws them.

    >>> multipliers, offsets = permutations(128, seed=1)
    >>> multipliers.shape, bool((multipliers % 2 == 1).all())
    ((128,), True)
    """
    draw = np.random.RandomState(seed)
    multipliers = draw.randint(0, 1 << 31, num_perm, dtype=np.uint32) * U32(2) + U32(1)
    return multipliers, draw.randint(0, 1 << 32, num_perm, dtype=np.uint32)


def minhash_signatures(
    shingles: NDArray[np.uint64], offsets: NDArray[np.int64], num_perm: int, seed: int
) -> NDArray[np.uint32]:
    """The MinHash signature of every text.

    Args:
        shingles: `uint64` hashes back to back, such as `ngram_hashes` gives; their low 32 bits are used.
        offsets: `int64` of shape (texts + 1,): text i has the shingles `offsets[i]` up to `offsets[i + 1]`.
        num_perm: values per signature, 1 or more.
        seed: of the permutations, 0 to 2**32 - 1.

    Returns:
        `uint32` of shape (texts, num_perm). Repeated shingles change nothing; a text without any is all `EMPTY`.

    Bit-identical to `datasketch.MinHash(num_perm, seed, scheme="affine32")` fed the same 32-bit hashes.

    >>> both = minhash_signatures(np.array([7, 8, 8, 7, 7], np.uint64), np.array([0, 2, 5, 5]), num_perm=4, seed=1)
    >>> both[0].tolist() == both[1].tolist(), both[2].tolist() == [EMPTY] * 4
    (True, True)
    """
    signatures = np.full((len(offsets) - 1, num_perm), EMPTY, np.uint32)
    multipliers, additions = permutations(num_perm, seed)
    _sign(shingles, offsets, multipliers, additions, signatures)
    return signatures


@njit(cache=True, nogil=True, inline="always")
def _premix(shingle):  # type: ignore[no-untyped-def]
    """MurmurHash3's 32-bit finaliser, which spreads structured inputs before the affine permutations."""
    h = U32(shingle)
    h = U32(h ^ (h >> U32(16)))
    h = U32(h * U32(0x85EBCA6B))
    h = U32(h ^ (h >> U32(13)))
    h = U32(h * U32(0xC2B2AE35))
    return U32(h ^ (h >> U32(16)))


@njit(cache=True, nogil=True)
def _sign(shingles, offsets, multipliers, additions, signatures):  # type: ignore[no-untyped-def]
    """Four shingles a round, so that the signature is loaded and stored a quarter as often; the loop vectorises."""
    num_perm = len(multipliers)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        signature = signatures[text]
        whole = end - (end - begin) % 4
        for at in range(begin, whole, 4):
            h0, h1 = _premix(shingles[at]), _premix(shingles[at + 1])
            h2, h3 = _premix(shingles[at + 2]), _premix(shingles[at + 3])
            for k in range(num_perm):
                a, b = multipliers[k], additions[k]
                low = min(min(U32(a * h0 + b), U32(a * h1 + b)), min(U32(a * h2 + b), U32(a * h3 + b)))
                signature[k] = min(signature[k], low)
        for at in range(whole, end):
            h = _premix(shingles[at])
            for k in range(num_perm):
                signature[k] = min(signature[k], U32(multipliers[k] * h + additions[k]))
