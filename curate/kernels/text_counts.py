"""Counts of what stands in each text, and of what its words are like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import popcount, trailing_zeros
from curate.kernels.blocks import BLOCK, bits_between, low_bits
from curate.kernels.characters import ALPHA, IN_WORD, JOINER, SPACE, character_flags, decode, flags_of
from curate.kernels.hashing import U64
from curate.kernels.lines import count_chars, last_character, line_end, skip_space, strip_end
from curate.kernels.words import Words

_NUMBER_SIGN, _HYPHEN, _DOT, _BULLET, _ELLIPSIS = 0x23, 0x2D, 0x2E, 0x2022, 0x2026


@dataclass(frozen=True)
class TextCounts:
    """What stands in each of n texts: `int64` of shape (n,) each.

    Attributes:
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

    newlines: NDArray[np.int64]
    symbols: NDArray[np.int64]
    hashes: NDArray[np.int64]
    ellipses: NDArray[np.int64]
    lines: NDArray[np.int64]
    bullet_lines: NDArray[np.int64]
    ellipsis_lines: NDArray[np.int64]


@dataclass(frozen=True)
class WordCounts:
    """What the words of each of n texts are like: `int64` of shape (n,) each.

    Attributes:
        chars: characters of all words.
        alphabetic: words that have an alphabetic character.
        special: different words of those that were looked for.
    """

    chars: NDArray[np.int64]
    alphabetic: NDArray[np.int64]
    special: NDArray[np.int64]


def text_chars(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The characters of each text: `int64` of shape (n,).

    Args:
        data, offsets: of `text_buffers`, n texts.

    >>> from curate.documents import Documents
    >>> text_chars(*Documents.from_texts(["héllo", ""]).buffers)
    array([5, 0])
    """
    chars = np.empty(len(offsets) - 1, np.int64)
    _text_chars(data, offsets, chars)
    return chars


def count_text(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> TextCounts:
    """Count what stands in each text.

    Args:
        data, offsets: of `text_buffers`.

    >>> from curate.documents import Documents
    >>> counts = count_text(*Documents.from_texts(["- It's #1, he said...\\n- I don't know …"]).buffers)
    >>> counts.newlines.item(), counts.symbols.item(), counts.hashes.item(), counts.ellipses.item()
    (1, 6, 1, 2)
    >>> counts.lines.item(), counts.bullet_lines.item(), counts.ellipsis_lines.item()
    (2, 2, 2)
    """
    counts = np.zeros((7, len(offsets) - 1), np.int64)
    _count_characters(data, offsets, character_flags(), counts)
    _count_lines(data, offsets, character_flags(), counts)
    return TextCounts(*counts)


def count_words(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], words: Words, special: NDArray[np.uint64]
) -> WordCounts:
    """Count what the words of each text are like.

    Args:
        data, offsets: of `text_buffers`.
        words: of these texts.
        special: `uint64`, the hashes of words to look for, without repeats.
    """
    counts = np.zeros((3, len(offsets) - 1), np.int64)
    _count_letters(data, offsets, words.starts, words.stops, words.chars, words.offsets, character_flags(), counts)
    _count_special(words.hashes, words.offsets, *_places(special), np.full(len(special), -1, np.int64), counts[2])
    return WordCounts(*counts)


def _places(special: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """A hash table of special words, most of it free: hashes, and the number of each word or -1."""
    slots = 1 << (16 * len(special)).bit_length()
    keys, numbers = np.zeros(slots, np.uint64), np.full(slots, -1, np.int64)
    for number, key in enumerate(special):
        slot = int(key) % slots
        while numbers[slot] >= 0:
            slot = (slot + 1) % slots
        keys[slot], numbers[slot] = key, number
    return keys, numbers


@bare_njit
def _text_chars(data, offsets, chars):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        chars[text] = count_chars(data, offsets[text], offsets[text + 1])


@bare_njit
def _count_characters(data, offsets, flags, counts):  # type: ignore[no-untyped-def]
    """Blocks show which bytes are neither ASCII letters or digits nor ASCII white space; only those are looked at.

    `after` is where the last one looked at ends, `code` what it is and `dots` the length of a run of full stops.
    """
    for text in range(len(offsets) - 1):
        at, end = offsets[text], offsets[text + 1]
        after, code, dots = at, np.int64(-1), np.int64(0)
        newlines = symbols = hashes = ellipses = np.int64(0)
        for block in range(at, end, BLOCK):
            valid = low_bits(min(BLOCK, end - block))
            newlines += popcount(bits_between(data, block, 0x0A, 0x0A) & valid)
            bits = ~_plain_bits(data, block) & valid
            while bits:
                at = block + np.int64(trailing_zeros(bits))
                bits &= bits - U64(1)
                if at < after:
                    continue  # not the first byte of its character
                repeats, before = at == after, code
                code, length = decode(data, at, end)
                after = at + length
                if flags_of(code, flags) & (IN_WORD | SPACE):
                    continue
                repeats = repeats and code == before
                dots = (dots if repeats else 0) + (code == _DOT)
                hashes += code == _NUMBER_SIGN
                ellipses += code == _ELLIPSIS or (code == _DOT and dots % 3 == 0)
                if not repeats:
                    symbols += _tokens(data, offsets[text], at, after, end, code, flags)
        counts[0, text], counts[1, text], counts[2, text], counts[3, text] = newlines, symbols, hashes, ellipses


@inner_njit
def _plain_bits(data, at):  # type: ignore[no-untyped-def]
    """ASCII letters, digits and white space."""
    letters = (
        bits_between(data, at, 0x41, 0x5A) | bits_between(data, at, 0x61, 0x7A) | bits_between(data, at, 0x30, 0x39)
    )
    return letters | bits_between(data, at, 0x09, 0x0D) | bits_between(data, at, 0x1C, 0x20)


@inner_njit
def _tokens(data, begin, at, after, end, code, flags):  # type: ignore[no-untyped-def]
    """What the symbol at `at` adds to the tokens beside words: 1, but less where it joins two words."""
    if not flags_of(code, flags) & JOINER or at == begin or after == end:
        return 1
    left, right = last_character(data, begin, at)[0], decode(data, after, end)[0]
    if not flags_of(left, flags) & flags_of(right, flags) & IN_WORD:
        return 1
    return -1 if code < 0x80 and 0x30 <= left <= 0x39 and 0x30 <= right <= 0x39 else 0


@bare_njit
def _count_lines(data, offsets, flags, counts):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            stop, after = line_end(data, at, end, flags)
            begin = skip_space(data, at, stop, flags)
            counts[4, text] += 1
            counts[5, text] += _starts_with_bullet(data, begin, stop)
            counts[6, text] += _ends_with_ellipsis(data, begin, strip_end(data, begin, stop, flags))
            at = after


@inner_njit
def _starts_with_bullet(data, begin, end):  # type: ignore[no-untyped-def]
    return begin < end and (data[begin] == _HYPHEN or decode(data, begin, end)[0] == _BULLET)


@inner_njit
def _ends_with_ellipsis(data, begin, end):  # type: ignore[no-untyped-def]
    if end - begin < 3:
        return False
    if data[end - 1] == _DOT:
        return data[end - 2] == _DOT and data[end - 3] == _DOT
    return last_character(data, begin, end)[0] == _ELLIPSIS


@bare_njit
def _count_letters(data, offsets, starts, stops, chars, word_offsets, flags, counts):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        begin = offsets[text]
        for word in range(word_offsets[text], word_offsets[text + 1]):
            counts[0, text] += chars[word]
            counts[1, text] += _has_letter(data, begin + starts[word], begin + stops[word], flags)


@inner_njit
def _has_letter(data, at, end, flags):  # type: ignore[no-untyped-def]
    while at < end:
        code, length = decode(data, at, end)
        if flags_of(code, flags) & ALPHA:
            return True
        at += length
    return False


@bare_njit
def _count_special(hashes, word_offsets, keys, numbers, seen, found):  # type: ignore[no-untyped-def]
    """`seen` is the last text in which each special word was found. A text in which all are found is done."""
    mask = U64(len(keys) - 1)
    for text in range(len(word_offsets) - 1):
        for word in range(word_offsets[text], word_offsets[text + 1]):
            slot = hashes[word] & mask
            while numbers[slot] >= 0 and keys[slot] != hashes[word]:
                slot = (slot + U64(1)) & mask
            number = numbers[slot]
            if number >= 0 and seen[number] != text:
                seen[number] = text
                found[text] += 1
                if found[text] == len(seen):
                    break
