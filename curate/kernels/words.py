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

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, tuned_njit
from curate.kernels.bits import load64, trailing_zeros
from curate.kernels.blocks import BLOCK, address_of, bits_between, find_between, low_bits
from curate.kernels.buffers import text_buffers
from curate.kernels.characters import OTHER, SINGLE, WORD, character_tables, class_past_table, decode
from curate.kernels.hashing import U64, fmix64

_DOTTED_CAPITAL_I, _DOT_ABOVE = 0x130, 0x307

_BASIS = U64(0xCBF29CE484222325)
_WORDS_AT_ONCE = 256
_FIRST_WIDE, _LAST_WIDE = np.int64(0x80), np.int64(0xFF)  # bytes of characters that are not ASCII
_CASE_BITS = U64(0x2020202020202020)  # make ASCII letters small and leave digits alone


@dataclass(frozen=True)
class Words:
    """The words of a batch of texts, back to back.

    Attributes:
        starts, stops: `int32` of shape (words,), bytes within the word's own text.
        chars: `int32` of shape (words,), the length in characters.
        hashes: `uint64` of shape (words,), of the lower-cased word.
        offsets: `int64` of shape (texts + 1,): text i has the words `offsets[i]` up to `offsets[i + 1]`.
    """

    starts: NDArray[np.int32]
    stops: NDArray[np.int32]
    chars: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    offsets: NDArray[np.int64]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """The number of words of each text."""
        return np.diff(self.offsets)


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
    return find_words(*text_buffers(texts))


def find_words(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Words:
    """Find and hash the words of texts as `text_buffers` gives them.

    Raises:
        ValueError: a text has 2 GiB or more.
    """
    if np.diff(offsets).max(initial=0) >= 1 << 31:
        raise ValueError("a text has 2 GiB or more, too much for 32-bit positions; split it")
    capacity = (len(data) + len(offsets)) // 2 + 1
    starts, stops, chars = (np.empty(capacity, np.int32) for _ in range(3))
    hashes, word_offsets = np.empty(capacity, np.uint64), np.zeros(len(offsets), np.int64)
    letters = np.empty((2, _WORDS_AT_ONCE), np.uint64)
    _scan(data, offsets, character_tables(), letters, starts, stops, chars, hashes, word_offsets)
    count = word_offsets[-1]
    return Words(starts[:count], stops[:count], chars[:count], hashes[:count], word_offsets)


@bare_njit
def _scan(data, offsets, tables, letters, starts, stops, chars, hashes, word_offsets):  # type: ignore[no-untyped-def]
    count = np.int64(0)
    for text in range(len(offsets) - 1):
        begin, first = offsets[text], count
        count = _find_words(data, begin, offsets[text + 1], tables, starts, stops, chars, hashes, first)
        word_offsets[text + 1] = count
        for word in range(first, count, _WORDS_AT_ONCE):
            some = slice(word, min(word + _WORDS_AT_ONCE, count))
            _hash_ascii(data, begin, starts[some], stops[some], letters, chars[some], hashes[some])


@tuned_njit
def _find_words(data, begin, end, tables, starts, stops, chars, hashes, count):  # type: ignore[no-untyped-def]
    """The spans of the words of a text; words that are not all ASCII are hashed. Returns the new count of words."""
    at = begin
    while at < end:
        stop, first = find_between(data, at, end, _FIRST_WIDE, _LAST_WIDE), count
        count, opened = _find_ascii_words(data, begin, at, stop, starts, stops, first)
        chars[first : count + opened] = 0  # not hashed yet
        if opened and stop == end:
            stops[count] = end - begin
            return count + 1
        at = begin + starts[count] if opened else stop
        if stop < end:
            at, count = _find_any_words(data, begin, at, end, tables, starts, stops, chars, hashes, count)
    return count


@tuned_njit
def _find_ascii_words(data, begin, at, end, starts, stops, count):  # type: ignore[no-untyped-def]
    """The spans of the words in a stretch of ASCII; returns the new count, and whether one more has only started.

    Bit k of `word` says that byte k of a block is part of a word. Words start and stop where it differs from the bit
    before, which for the first byte is `opened`.
    """
    opened, closed = U64(0), count
    while at < end:
        size = min(end - at, BLOCK)
        letters = bits_between(data, at, 0x41, 0x5A) | bits_between(data, at, 0x61, 0x7A)
        word = (letters | bits_between(data, at, 0x30, 0x39)) & low_bits(size)
        before = (word << U64(1)) | opened
        count = _put_positions(starts, count, at - begin, word & ~before)
        closed = _put_positions(stops, closed, at - begin, before & ~word & low_bits(size))
        opened = (word >> U64(size - 1)) & U64(1)
        at += size
    return closed, opened != U64(0)


@tuned_njit
def _put_positions(positions, count, at, bits):  # type: ignore[no-untyped-def]
    """Write the position of each bit; returns the new count."""
    while bits:
        positions[count] = at + np.int64(trailing_zeros(bits))
        bits &= bits - U64(1)
        count += 1
    return count


@tuned_njit
def _find_any_words(data, begin, at, end, tables, starts, stops, chars, hashes, count):  # type: ignore[no-untyped-def]
    """Words character by character, up to ASCII that stands outside words and before more ASCII.

    Returns where that is, and the new count of words.
    """
    classes, lower = tables
    previous, letters = OTHER, np.int32(0)
    h, chunk, size = _BASIS, U64(0), np.int64(0)
    while at < end:
        code, length = decode(data, at, end)
        kind = classes[code] if code < len(classes) else class_past_table(code)
        begins = kind == SINGLE or (kind == WORD and previous != WORD)
        if previous != OTHER and (kind == OTHER or begins):
            stops[count], chars[count], hashes[count] = at - begin, letters, fmix64(h ^ chunk) if size % 8 else h
            count += 1
            previous = OTHER
        if begins:
            starts[count], previous, letters = at - begin, kind, np.int32(0)
            h, chunk, size = _BASIS, U64(0), np.int64(0)
        if previous != OTHER:  # a mark with no letter before it is no part of a word
            small = np.int64(lower[code]) if code < len(lower) else code
            h, chunk, size = _push_character(h, chunk, size, small)
            if code == _DOTTED_CAPITAL_I:
                h, chunk, size = _push_character(h, chunk, size, np.int64(_DOT_ABOVE))
            letters += 1
        elif code < 0x80 and _is_ascii_ahead(data, at):
            return at, count
        at += length
    if previous != OTHER:
        stops[count], chars[count], hashes[count] = end - begin, letters, fmix64(h ^ chunk) if size % 8 else h
        count += 1
    return end, count


@tuned_njit
def _is_ascii_ahead(data, at):  # type: ignore[no-untyped-def]
    return at + 8 <= len(data) and load64(address_of(data) + U64(at)) & U64(0x8080808080808080) == 0


@tuned_njit
def _hash_ascii(data, begin, starts, stops, letters, chars, hashes):  # type: ignore[no-untyped-def]
    """Hash the words that are not hashed yet, `chars` being 0: those that are all ASCII.

    The loop over hashes has neither branches nor loads from text, so that the compiler hashes several words at once. It
    does no more than 16 letters; longer words, and those too near the end of `data`, are left to the loop after it.
    """
    last_load, left = len(data) - 16, 0
    for word in range(len(starts)):
        left += chars[word] == 0
    if left > 0 and last_load >= 0:
        for word in range(len(starts)):
            at = address_of(data) + U64(min(begin + starts[word], last_load))
            letters[0, word], letters[1, word] = load64(at), load64(at + U64(8))
        for word in range(len(starts)):
            count = stops[word] - starts[word]
            first, second = min(count, 8), max(1, min(count - 8, 8))
            h = fmix64(_BASIS ^ ((letters[0, word] | _CASE_BITS) & (~U64(0) >> U64(64 - 8 * first))))
            longer = fmix64(h ^ ((letters[1, word] | _CASE_BITS) & (~U64(0) >> U64(64 - 8 * second))))
            hashes[word] = hashes[word] if chars[word] else longer if count > 8 else h
    for word in range(len(starts) if left else 0):
        if chars[word] == 0:
            chars[word] = stops[word] - starts[word]
            if chars[word] > 16 or begin + starts[word] > last_load:
                hashes[word] = _hash_letters(data, begin + starts[word], begin + stops[word])


@tuned_njit
def _hash_letters(data, at, end):  # type: ignore[no-untyped-def]
    """The hash of a word of ASCII letters and digits."""
    h = _BASIS
    while end - at > 8:
        h = fmix64(h ^ (load64(address_of(data) + U64(at)) | _CASE_BITS))
        at += 8
    chunk = U64(0)
    for k in range(end - at):
        chunk |= U64(data[at + k] | 0x20) << U64(8 * k)
    return fmix64(h ^ chunk)


@tuned_njit
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
