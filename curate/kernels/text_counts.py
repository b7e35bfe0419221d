"""Counts of what stands in each text, in one pass over its bytes, and of what its words are like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.kernels.buffers import text_buffers
from curate.kernels.characters import ALPHA, JOINER, SPACE, WORD, character_flags
from curate.kernels.hashing import U64
from curate.kernels.lines import breaking_bytes, count_chars, last_character, line_end, skip_space, strip_end
from curate.kernels.words import Words, decode

_SPACE_CODE, _NUMBER_SIGN, _HYPHEN, _DOT, _NINE, _BULLET, _ELLIPSIS = 0x20, 0x23, 0x2D, 0x2E, 0x39, 0x2022, 0x2026
_PLAIN, _BLANK = 1, 2


@dataclass(frozen=True)
class TextCounts:
    """What stands in each of n texts: `int64` of shape (n,) each.

    Attributes:
        chars: characters.
        newlines: line feeds.
        symbols: tokens beside words: runs of one same character that is neither white space nor part of a word, but for
            a single apostrophe, full stop, comma, colon, slash, underscore, @ or & between two words ("didn't"). Less
            one for each such mark between ASCII digits: with it, "1,234.5" is one token, though three words.
        hashes: number signs.
        ellipses: three dots, not overlapping, or the one character.
        lines: as `str.splitlines` makes them.
        bullet_lines: lines that start, after white space, with a bullet or a hyphen.
        ellipsis_lines: lines that end, before white space, with an ellipsis.
    """

    chars: NDArray[np.int64]
    newlines: NDArray[np.int64]
    symbols: NDArray[np.int64]
    hashes: NDArray[np.int64]
    ellipses: NDArray[np.int64]
    lines: NDArray[np.int64]
    bullet_lines: NDArray[np.int64]
    ellipsis_lines: NDArray[np.int64]


def count_text(texts: pa.Array) -> TextCounts:
    """Count what stands in each text.

    Args:
        texts: Arrow `string` or `large_string` without nulls.

    >>> counts = count_text(pa.array(["- It's #1, he said...\\n- I don't know …"]))
    >>> counts.chars.item(), counts.symbols.item(), counts.hashes.item(), counts.ellipses.item()
    (38, 6, 1, 2)
    >>> counts.lines.item(), counts.bullet_lines.item(), counts.ellipsis_lines.item()
    (2, 2, 2)
    """
    data, offsets = text_buffers(texts)
    counts = np.zeros((8, len(texts)), np.int64)
    _count_characters(data, offsets, _byte_kinds(), character_flags(), counts)
    _count_lines(data, offsets, breaking_bytes(), character_flags(), counts)
    return TextCounts(*counts)


def count_words(
    texts: pa.Array, words: Words, special: NDArray[np.uint64]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """What the words of each text are like.

    Args:
        texts: n texts, without nulls.
        words: of these texts.
        special: `uint64`, the hashes of words to look for, without repeats.

    Returns:
        The characters of each word, `int32` of shape (words,); and for each text, `int64` of shape (n,), how many words
        have an alphabetic character, and how many different special words there are.
    """
    data, offsets = text_buffers(texts)
    chars = np.empty(len(words.hashes), np.int32)
    alphabetic, found = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    seen = np.full(len(special), -1, np.int64)
    filter_bits = np.zeros(256, np.bool_)
    filter_bits[(special & U64(255)).astype(np.int64)] = True
    spans = (words.starts, words.stops, words.hashes, words.offsets)
    _count_words(data, offsets, spans, character_flags(), special, filter_bits, seen, chars, alphabetic, found)
    return chars, alphabetic, found


def _byte_kinds() -> NDArray[np.uint8]:
    """Bytes that need no thought: ASCII letters and digits, and the space."""
    kinds = np.zeros(256, np.uint8)
    for code in range(128):
        kinds[code] = _PLAIN if chr(code).isalnum() else 0
    kinds[ord(" ")] = _BLANK
    return kinds


@njit(cache=True, nogil=True)
def _count_characters(data, offsets, kinds, flags, counts):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        at, end = offsets[text], offsets[text + 1]
        chars = end - at
        newlines = symbols = hashes = ellipses = dots = np.int64(0)
        previous, after_word, joined = np.int64(_SPACE_CODE), False, False
        while at < end:
            kind = kinds[data[at]]
            if kind == _PLAIN:
                symbols -= joined + (joined and data[at] <= _NINE and data[at - 2] <= _NINE)
                while at < end and kinds[data[at]] == _PLAIN:
                    at += 1
                previous, after_word, joined = np.int64(_SPACE_CODE), True, False
                continue
            if kind == _BLANK:
                at += 1
                previous, after_word, joined = np.int64(_SPACE_CODE), False, False
                continue
            code, length = decode(data, at, end)
            at += length
            chars -= length - 1
            flag = flags[code] if code < len(flags) else np.uint8(0)
            if flag & (WORD | SPACE):
                newlines += code == 10
                after_word = flag & WORD != 0
                symbols -= joined and after_word
                previous, joined = np.int64(_SPACE_CODE), False
                continue
            new = code != previous
            symbols += new
            joined = new and after_word and flag & JOINER != 0
            after_word, previous = False, code
            hashes += code == _NUMBER_SIGN
            dots = (0 if new else dots) + (code == _DOT)
            ellipses += code == _ELLIPSIS or (code == _DOT and dots % 3 == 0)
        counts[0, text], counts[1, text], counts[2, text] = chars, newlines, symbols
        counts[3, text], counts[4, text] = hashes, ellipses


@njit(cache=True, nogil=True)
def _count_lines(data, offsets, breaking, flags, counts):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            stop, after = line_end(data, at, end, breaking, flags)
            begin = skip_space(data, at, stop, flags)
            counts[5, text] += 1
            counts[6, text] += _starts_with_bullet(data, begin, stop)
            counts[7, text] += _ends_with_ellipsis(data, begin, strip_end(data, begin, stop, flags))
            at = after


@njit(cache=True, nogil=True)
def _starts_with_bullet(data, begin, end):  # type: ignore[no-untyped-def]
    return begin < end and (data[begin] == _HYPHEN or decode(data, begin, end)[0] == _BULLET)


@njit(cache=True, nogil=True)
def _ends_with_ellipsis(data, begin, end):  # type: ignore[no-untyped-def]
    if end - begin < 3:
        return False
    if data[end - 1] == _DOT:
        return data[end - 2] == _DOT and data[end - 3] == _DOT
    return last_character(data, begin, end)[0] == _ELLIPSIS


@njit(cache=True, nogil=True)
def _count_words(data, offsets, spans, flags, special, filter_bits, seen, chars, alphabetic, found):  # type: ignore[no-untyped-def]
    starts, stops, hashes, word_offsets = spans
    for text in range(len(offsets) - 1):
        ascii_only = count_chars(data, offsets[text], offsets[text + 1]) == offsets[text + 1] - offsets[text]
        for word in range(word_offsets[text], word_offsets[text + 1]):
            at, end = offsets[text] + starts[word], offsets[text] + stops[word]
            chars[word] = end - at if ascii_only else count_chars(data, at, end)
            alphabetic[text] += _has_letter(data, at, end, flags)
            if filter_bits[hashes[word] & U64(255)]:
                for k in range(len(special)):
                    if special[k] == hashes[word] and seen[k] != text:
                        seen[k] = text
                        found[text] += 1


@njit(cache=True, nogil=True)
def _has_letter(data, at, end, flags):  # type: ignore[no-untyped-def]
    while at < end:
        if data[at] < 0x80:  # most words are done here
            code, length = np.int64(data[at]), 1
        else:
            code, length = decode(data, at, end)
        if code < len(flags) and flags[code] & ALPHA:
            return True
        at += length
    return False
