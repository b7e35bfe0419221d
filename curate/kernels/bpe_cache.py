"""Pre-tokens and their ids, as remembered by `bpe_encode`: exact, of fixed size, the oldest forgotten first.

Whole pre-tokens are compared, not hashes. A pre-token has two places; the one met last is moved to the first of
them, and a new one takes the place of the other. So what is held changes the speed and never the ids.

A place for short ones is half a cache line, four 64-bit words: up to 15 bytes, their number in bits 56 to 59 of the
second word, the number of ids in bits 60 to 63 (0: an empty place); and up to four ids of 32 bits. A place for others
is three cache lines: up to 56 bytes, the number of bytes and `<< 32` that of ids, and up to 32 ids.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import inner_njit
from curate.kernels.bits import load64
from curate.kernels.hashing import U64

SHORT_BYTES, SHORT_IDS = 15, 4
LONG_BYTES, LONG_IDS = 56, 32

_SHORT_PLACES = 1 << 18  # 8 MB
_SHORT_WORDS = 4
SHORT_PLACE_BYTES = 8 * _SHORT_WORDS
_LONG_PLACES = 1 << 14  # 3 MB
_LONG_WORDS = 24
_KEY_WORDS = 8
_LINE = 64

_NO_COUNT = U64(0x0FFFFFFFFFFFFFFF)
_LOW = U64(0xFFFFFFFF)
_SPREAD = (U64(0x9E3779B97F4A7C15), U64(0xC2B2AE3D27D4EB4F))
_SHORT_SHIFT = U64(64 - _SHORT_PLACES.bit_length() + 1)
_LONG_SHIFT = U64(64 - _LONG_PLACES.bit_length() + 1)
#: The bytes of the two words of a key that belong to a pre-token of so many bytes.
_MASKS = np.array(
    [[(1 << 8 * min(size, 8)) - 1, (1 << 8 * max(size - 8, 0)) - 1] for size in range(SHORT_BYTES + 1)], np.uint64
)


class BpeCache(NamedTuple):
    """The places, empty ones in the beginning; their pages are taken from the system when they are used.

    Attributes:
        short: `uint64` of shape (262144, 4).
        long: `uint64` of shape (16384, 24).
        key: `uint64` of shape (8,), the bytes of the pre-token that was last looked for in `long`.
    """

    short: NDArray[np.uint64]
    long: NDArray[np.uint64]
    key: NDArray[np.uint64]

    @classmethod
    def empty(cls) -> BpeCache:
        """Without any pre-token."""
        places = _aligned(_SHORT_PLACES, _SHORT_WORDS), _aligned(_LONG_PLACES, _LONG_WORDS)
        return cls(*places, np.zeros(_KEY_WORDS, np.uint64))


def _aligned(places: int, words: int) -> NDArray[np.uint64]:
    """Zeros that begin with a cache line."""
    memory = np.zeros(places * words + _LINE // 8, np.uint64)
    first = -memory.ctypes.data % _LINE // 8
    return memory[first : first + places * words].reshape(places, words)


@inner_njit
def short_key(text, at, size):  # type: ignore[no-untyped-def]
    """The two words that stand for `size` bytes, up to 15, at `text + at`, where 16 can be read."""
    low = load64(text + U64(at)) & _MASKS[size, 0]
    high = load64(text + U64(at + 8)) & _MASKS[size, 1]
    return low, high | (U64(size) << U64(56))


@inner_njit
def short_place(low, high):  # type: ignore[no-untyped-def]
    """The first of the two places that a short pre-token may have."""
    mixed = low ^ (high * _SPREAD[1])
    return np.int64(((mixed ^ (mixed >> U64(32))) * _SPREAD[0]) >> _SHORT_SHIFT)


@inner_njit
def has_short(short, place, low, high):  # type: ignore[no-untyped-def]
    """Whether the ids of a short pre-token are remembered; then they are at `place`, the first of its two."""
    if short[place, 0] == low and short[place, 1] & _NO_COUNT == high:
        return True
    if short[place ^ 1, 0] != low or short[place ^ 1, 1] & _NO_COUNT != high:
        return False
    for word in range(_SHORT_WORDS):
        short[place, word], short[place ^ 1, word] = short[place ^ 1, word], short[place, word]
    return True


@inner_njit
def keep_short(short, place, low, high, parts, count):  # type: ignore[no-untyped-def]
    """Remember `count` ids, up to four, of a short pre-token: the low halves of as many of `parts`, `uint64`."""
    for word in range(_SHORT_WORDS):
        short[place ^ 1, word] = short[place, word]
    short[place, 0], short[place, 1] = low, high | (U64(count) << U64(60))
    short[place, 2], short[place, 3] = U64(0), U64(0)
    for k in range(count):
        short[place, 2 + (k >> 1)] |= (parts[k] & _LOW) << U64(32 * (k & 1))


@inner_njit
def recall_long(cache, text, at, size, parts):  # type: ignore[no-untyped-def]
    """Write the ids of a pre-token of up to 56 bytes into `parts`; return how many, 0 if it is not remembered.

    56 bytes can be read at `text + at`.
    """
    key, long = cache.key, cache.long
    for word in range(_KEY_WORDS - 1):
        left = size - 8 * word
        kept = 8 if left > 8 else left if left > 0 else 0
        key[word] = load64(text + U64(at + 8 * word)) & _MASKS[kept, 0]
    key[_KEY_WORDS - 1] = U64(size)
    place = _long_place(key)
    if not _has_key(long, place, key):
        if not _has_key(long, place ^ 1, key):
            return 0
        for word in range(_LONG_WORDS):
            long[place, word], long[place ^ 1, word] = long[place ^ 1, word], long[place, word]
    count = np.int64(long[place, 7] >> U64(32))
    for k in range(count):
        parts[k] = (long[place, 8 + (k >> 1)] >> U64(32 * (k & 1))) & _LOW
    return count


@inner_njit
def keep_long(cache, parts, count):  # type: ignore[no-untyped-def]
    """Remember `count` ids, up to 32, of the pre-token that has just not been recalled."""
    key, long = cache.key, cache.long
    place = _long_place(key)
    for word in range(_LONG_WORDS):
        long[place ^ 1, word] = long[place, word]
        long[place, word] = key[word] if word < _KEY_WORDS else U64(0)
    long[place, 7] |= U64(count) << U64(32)
    for k in range(count):
        long[place, 8 + (k >> 1)] |= (parts[k] & _LOW) << U64(32 * (k & 1))


@inner_njit
def _long_place(key):  # type: ignore[no-untyped-def]
    mixed = U64(0)
    for word in range(_KEY_WORDS):
        mixed = (mixed ^ key[word]) * _SPREAD[0]
        mixed ^= mixed >> U64(32)
    return np.int64((mixed * _SPREAD[1]) >> _LONG_SHIFT)


@inner_njit
def _has_key(long, place, key):  # type: ignore[no-untyped-def]
    different = key[7] ^ (long[place, 7] & _LOW)
    for word in range(_KEY_WORDS - 1):
        different |= key[word] ^ long[place, word]
    return different == U64(0)
