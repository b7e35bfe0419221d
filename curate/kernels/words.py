"""The word stream: one pass over UTF-8 text gives the words of each document and a 64-bit hash of each.

A word is a run of letters, numbers and combining marks of any script. Han, Kana, Thai, Lao, Khmer and Myanmar,
written without spaces, count each letter as a word. Punctuation, the underscore included, separates words,
so "didn't" is two. Hashes are of the lower-cased word, with the final sigma folded into sigma: of its UTF-8 bytes,
eight at a time.

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

from curate.kernels.bits import bytes_between, load64, trailing_zeros
from curate.kernels.buffers import text_buffers
from curate.kernels.hashing import U64, fmix64

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

_BASIS = U64(0xCBF29CE484222325)
_CASE_BITS = U64(0x2020202020202020)  # make ASCII letters small and leave digits alone


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
    count = 0
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        at = begin
        while at < end:
            at, count = _ascii_words(data, at, begin, end, starts, stops, hashes, count)
            at, count = _any_words(data, at, begin, end, classes, lower, starts, stops, hashes, count)
        word_offsets[text + 1] = count
    return count


@njit(cache=True, nogil=True)
def _ascii_words(data, at, begin, end, starts, stops, hashes, count):  # type: ignore[no-untyped-def]
    """The words from `at` on, 64 bytes at a time, up to one that is not ASCII or that `data` ends too soon after.

    Returns where to go on, between two words, and the number of words.
    """
    address = U64(data.ctypes.data)
    last = min(end - 1, len(data) - 64)
    while at <= last:
        here = address + U64(at)
        letters = bytes_between(here, 0x61, 0x7A) | bytes_between(here, 0x41, 0x5A) | bytes_between(here, 0x30, 0x39)
        others = bytes_between(here, 0x80, 0xFF)
        known = min(np.int64(trailing_zeros(others)) if others else 64, end - at)
        if known < 64:
            letters &= (U64(1) << U64(known)) - U64(1)
        done = known
        while letters:
            start = np.int64(trailing_zeros(letters))
            after = ~(letters >> U64(start))
            stop = start + np.int64(trailing_zeros(after)) if after else 64
            if stop == known and at + stop < end:  # it may go on
                done = start
                break
            starts[count], stops[count] = at + start - begin, at + stop - begin
            hashes[count] = _ascii_hash(here, start, stop)
            count += 1
            if stop == 64:
                break
            letters &= ~U64(0) << U64(stop)
        at += done
        if done == 0:
            break
    return at, count


@njit(cache=True, nogil=True, inline="always")
def _ascii_hash(here, start, stop):  # type: ignore[no-untyped-def]
    """The hash of ASCII letters and digits within the 64 bytes at `here`, in lower case."""
    h = _BASIS
    while stop - start > 8:
        h = fmix64(h ^ (load64(here + U64(start)) | _CASE_BITS))
        start += 8
    spare = U64(64 - 8 * (stop - start))
    if start <= 56:
        chunk = load64(here + U64(start)) << spare
    else:
        chunk = load64(here + U64(stop - 8)) & (~U64(0) << spare)
    return fmix64(h ^ ((chunk | _CASE_BITS) >> spare))


@njit(cache=True, nogil=True)
def _any_words(data, at, begin, end, classes, lower, starts, stops, hashes, count):  # type: ignore[no-untyped-def]
    """Words character by character, up to the end of the first after which there is ASCII.

    Returns where to go on, between two words, and the number of words.
    """
    limit = len(classes)
    previous = OTHER
    h, chunk, size = _BASIS, U64(0), 0
    while at < end:
        code, length = decode(data, at, end)
        kind = classes[code] if code < limit else OTHER
        if kind == MARK and previous == OTHER:
            kind = OTHER  # a mark with no letter before it
        begins = kind == SINGLE or (kind == WORD and previous != WORD)
        if previous != OTHER and (kind == OTHER or begins):
            stops[count], hashes[count] = at - begin, fmix64(h ^ chunk) if size % 8 else h
            count += 1
            previous = OTHER
        if kind != OTHER:
            if previous == OTHER:
                starts[count] = at - begin
                h, chunk, size = _BASIS, U64(0), 0
            h, chunk, size = _push_character(h, chunk, size, np.int64(lower[code]))
            if code == _DOTTED_CAPITAL_I:
                h, chunk, size = _push_character(h, chunk, size, np.int64(_DOT_ABOVE))
            if kind != MARK:
                previous = kind
        elif code < 0x80 and at + 64 <= len(data):
            return at, count
        at += length
    if previous != OTHER:
        stops[count], hashes[count] = end - begin, fmix64(h ^ chunk) if size % 8 else h
        count += 1
    return end, count


@njit(cache=True, nogil=True)
def _push_character(h, chunk, size, code):  # type: ignore[no-untyped-def]
    """Append a character's UTF-8 to a word whose bytes are hashed eight at a time."""
    length = 1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000)
    lead = 0 if length == 1 else 0xF00 >> length & 0xFF
    for k in range(length - 1, -1, -1):
        bits = code >> (6 * k)
        byte = lead | bits if k == length - 1 else 0x80 | (bits & 0x3F)
        chunk |= U64(byte) << U64(8 * (size % 8))
        size += 1
        if size % 8 == 0:
            h, chunk = fmix64(h ^ chunk), U64(0)
    return h, chunk, size
