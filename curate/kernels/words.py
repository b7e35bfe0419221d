"""The word stream: one pass over UTF-8 text gives the words of each document and a 64-bit hash of each.

A word is a run of letters, numbers and combining marks of any script. Han, Kana, Thai, Lao, Khmer and Myanmar,
written without spaces, count each letter as a word. Punctuation, the underscore included, separates words,
so "didn't" is two. Hashes are of the lower-cased word, with the final sigma folded into sigma.

Everything that looks at words (classifier, MinHash, decontamination) reads this stream, so they agree on what
a word is and the text is walked once. It follows regular expressions' `\\w+` but for the underscore, the
combining marks (kept with their letter) and the scripts named above.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.kernels.buffers import text_buffers
from curate.kernels.hashing import fmix64

OTHER, WORD, SINGLE, MARK = range(4)

_TABLE_SIZE = 0x32400  # past the last CJK extension; above it nothing is a word
_SINGLE_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # ideographic iteration mark, closing mark, zero
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # halfwidth Katakana
    (0x20000, 0x323AF),
)
_DOTTED_CAPITAL_I, _DOT_ABOVE = 0x130, 0x307
_SIGMA, _FINAL_SIGMA = 0x3C3, 0x3C2


@dataclass(frozen=True)
class Words:
    """The words of a batch of texts, back to back.

    Attributes:
        starts, stops: `int32` of shape (words,), bytes within the word's own text.
        hashes: `uint64` of shape (words,), of the lower-cased word.
        offsets: `int64` of shape (texts + 1,): text i has the words `offsets[i]` up to `offsets[i + 1]`.
    """

    starts: NDArray[np.int32]
    stops: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    offsets: NDArray[np.int64]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """The number of words of each text."""
        return np.diff(self.offsets)


@lru_cache(maxsize=1)
def character_tables() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """For each code point its class (OTHER, WORD, SINGLE, MARK) and its lower-case code point."""
    classes = np.zeros(_TABLE_SIZE, np.uint8)
    lower = np.arange(_TABLE_SIZE, dtype=np.int32)
    for code in range(_TABLE_SIZE):
        kind = unicodedata.category(chr(code))[0]
        if kind in "LN":
            classes[code] = WORD
            small = chr(code).lower()
            lower[code] = ord(small) if len(small) == 1 else code
        elif kind == "M":
            classes[code] = MARK
    for first, last in _SINGLE_RANGES:
        span = classes[first : last + 1]
        span[span == WORD] = SINGLE
    lower[_FINAL_SIGMA] = _SIGMA
    lower[_DOTTED_CAPITAL_I] = ord("i")  # the kernel adds the dot, as str.lower does
    return classes, lower


def scan_words(texts: pa.Array) -> Words:
    """Find and hash the words of each text.

    Args:
        texts: Arrow `string` or `large_string` without nulls.

    >>> words = scan_words(pa.array(["Don't panic!", "DON'T"]))
    >>> words.counts.tolist(), words.starts.tolist(), words.stops.tolist()
    ([3, 2], [0, 4, 6, 0, 4], [3, 5, 11, 3, 5])
    >>> bool((words.hashes[:2] == words.hashes[3:]).all())
    True
    """
    data, offsets = text_buffers(texts)
    capacity = (len(data) + len(texts) + 1) // 2 + 1
    starts, stops = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    hashes, word_offsets = np.empty(capacity, np.uint64), np.zeros(len(texts) + 1, np.int64)
    classes, lower = character_tables()
    count = _scan(data, offsets, classes, lower, starts, stops, hashes, word_offsets)
    return Words(starts[:count], stops[:count], hashes[:count], word_offsets)


@njit(cache=True, nogil=True, inline="always")
def decode(data, at, end):  # type: ignore[no-untyped-def]
    """The code point at `at` and its length in bytes; text was checked to be UTF-8, `end` is still kept."""
    byte = np.int64(data[at])
    if byte < 0x80:
        return byte, 1
    if byte < 0xE0 and at + 1 < end:
        return ((byte & 0x1F) << 6) | (np.int64(data[at + 1]) & 0x3F), 2
    if byte < 0xF0 and at + 2 < end:
        middle = np.int64(data[at + 1]) & 0x3F
        return ((byte & 0x0F) << 12) | (middle << 6) | (np.int64(data[at + 2]) & 0x3F), 3
    if at + 3 < end:
        high = ((byte & 0x07) << 18) | ((np.int64(data[at + 1]) & 0x3F) << 12)
        return high | ((np.int64(data[at + 2]) & 0x3F) << 6) | (np.int64(data[at + 3]) & 0x3F), 4
    return 0, 1


@njit(cache=True, nogil=True)
def _scan(data, offsets, classes, lower, starts, stops, hashes, word_offsets):  # type: ignore[no-untyped-def]
    basis, prime = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
    limit = len(classes)
    count = 0
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        at, previous = begin, OTHER
        h = basis
        while at < end:
            code, length = decode(data, at, end)
            kind = classes[code] if code < limit else OTHER
            if kind == MARK and previous == OTHER:
                kind = OTHER  # a mark with no letter before it
            begins = kind == SINGLE or (kind == WORD and previous != WORD)
            if previous != OTHER and (kind == OTHER or begins):
                stops[count], hashes[count] = at - begin, fmix64(h)
                count += 1
                previous = OTHER
            if kind != OTHER:
                if previous == OTHER:
                    starts[count], h = at - begin, basis
                h = (h ^ np.uint64(lower[code])) * prime
                if code == _DOTTED_CAPITAL_I:
                    h = (h ^ np.uint64(_DOT_ABOVE)) * prime
                if kind != MARK:
                    previous = kind
            at += length
        if previous != OTHER:
            stops[count], hashes[count] = end - begin, fmix64(h)
            count += 1
        word_offsets[text + 1] = count
    return count
