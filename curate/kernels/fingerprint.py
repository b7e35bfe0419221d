"""128-bit hashes of texts: MurmurHash3_x64_128 with seed 0 (Appleby 2011), for finding equal texts."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.hashing import U64, fmix64

_C1, _C2 = U64(0x87C37B91114253D5), U64(0x4CF5AD432745937F)


def fingerprints(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The 128-bit hash of every text.

    Not a cryptographic hash: who can choose texts freely can make two of them collide.

    Args:
        data: the bytes of all texts, back to back.
        offsets: `int64` of shape (texts + 1,): text i is `data[offsets[i]:offsets[i + 1]]`.

    Returns:
        `uint64` of shape (texts, 2): the low and the high word.

    >>> low, high = fingerprints(np.frombuffer(b"hello", np.uint8), np.array([0, 5]))[0]
    >>> f"{low:016x} {high:016x}"
    'cbd8a7b341bd9b02 5b1e906a48ae1d19'
    """
    hashes = np.empty((len(offsets) - 1, 2), np.uint64)
    _hash_texts(data, offsets, hashes)
    return hashes


@njit(cache=True, nogil=True, inline="always")
def _rotate(x, r):  # type: ignore[no-untyped-def]
    return (x << U64(r)) | (x >> U64(64 - r))


@njit(cache=True, nogil=True, inline="always")
def _word(data, at, end):  # type: ignore[no-untyped-def]
    """Eight bytes, little-endian; zeros past the end."""
    word = U64(0)
    if at + 8 <= end:
        for k in range(8):
            word |= U64(data[at + k]) << U64(8 * k)
        return word
    for k in range(max(0, end - at)):
        word |= U64(data[at + k]) << U64(8 * k)
    return word


@njit(cache=True, nogil=True)
def _hash_texts(data, offsets, hashes):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        h1 = h2 = U64(0)
        at = begin
        while at + 16 <= end:
            h1 ^= _rotate(_word(data, at, end) * _C1, 31) * _C2
            h1 = (_rotate(h1, 27) + h2) * U64(5) + U64(0x52DCE729)
            h2 ^= _rotate(_word(data, at + 8, end) * _C2, 33) * _C1
            h2 = (_rotate(h2, 31) + h1) * U64(5) + U64(0x38495AB5)
            at += 16
        h1 ^= _rotate(_word(data, at, end) * _C1, 31) * _C2
        h2 ^= _rotate(_word(data, at + 8, end) * _C2, 33) * _C1
        h1 ^= U64(end - begin)
        h2 ^= U64(end - begin)
        h1 += h2
        h2 += h1
        h1, h2 = fmix64(h1), fmix64(h2)
        h1 += h2
        hashes[text, 0], hashes[text, 1] = h1, h2 + h1
