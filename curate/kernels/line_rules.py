"""C4's rules on lines: which lines of a text stay, what of them, and how many sentences they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.kernels.buffers import text_buffers
from curate.kernels.characters import SPACE, character_flags
from curate.kernels.lines import breaking_bytes, last_character, line_end, skip_space, strip_end
from curate.kernels.sentences import count_sentences, sentence_bytes
from curate.kernels.words import decode

#: What a phrase does to the line that has it, or to its page.
DROP_LINE, LOREM_IPSUM, CURLY_BRACKET = range(3)

SAME_LINE, NEXT_LINE, AFTER_NEWLINE = range(3)

#: Letters of English from the rarest to the most frequent: a phrase is looked for at its rarest letter.
_RAREST_FIRST = b"zqxjkvbpygfwmucldrhsinoate"
_CITATIONS = ("[edit]", "[citation needed]")
_NEWLINE, _DOT, _BRACKET, _CLOSING_BRACKET = 0x0A, 0x2E, 0x5B, 0x5D
_NOTHING = 1 << 30


@dataclass(frozen=True)
class LineRules:
    """When a line goes.

    Attributes:
        min_words: fewest words between white space; 0 is off.
        max_word_chars: longest word, in characters; `2**31 - 1` is off.
        end_marks: characters of which a line ends in one, and not in three dots; empty is off.
        phrases: what a phrase does, by phrase; the first that a line has counts. Case matters not (of ASCII letters).
        remove_citations: whether `[1]`, `[]`, `[edit]` and `[citation needed]` are taken out first.
    """

    min_words: int
    max_word_chars: int
    end_marks: str
    phrases: Mapping[str, int]
    remove_citations: bool


@dataclass(frozen=True)
class KeptLines:
    """What is left of n texts.

    Attributes:
        counts: `int64` of shape (5, n): lines; lines that stay; sentences in those; lines with lorem ipsum; lines with
            a curly bracket. A line counts in the last two only if no earlier rule takes it.
        starts, stops: `int64` of shape (pieces,): the bytes that stay, within each text, ascending.
        joints: `uint8` of shape (pieces,): what the piece is to the piece before: `SAME_LINE`; `NEXT_LINE`; or
            `AFTER_NEWLINE`, the next line with a newline right before it.
        offsets: `int64` of shape (n + 1,): text i has the pieces `offsets[i]` up to `offsets[i + 1]`.
    """

    counts: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    joints: NDArray[np.uint8]
    offsets: NDArray[np.int64]


def keep_lines(texts: pa.Array, rules: LineRules) -> KeptLines:
    """Apply the rules to every line of every text.

    Args:
        texts: Arrow `string` or `large_string` without nulls.
        rules: see `LineRules`.

    >>> rules = LineRules(3, 1000, ".", {"cookies": DROP_LINE}, True)
    >>> kept = keep_lines(pa.array(["Menu\\nThis line stays.[1]\\nWe use cookies."]), rules)
    >>> kept.counts[:3].ravel().tolist(), kept.starts.tolist(), kept.stops.tolist()
    ([3, 1, 1], [5], [21])
    """
    data, offsets = text_buffers(texts)
    capacity = len(data) // 2 + len(texts) + 1
    starts, stops = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    joints, piece_offsets = np.empty(capacity, np.uint8), np.zeros(len(texts) + 1, np.int64)
    counts = np.zeros((5, len(texts)), np.int64)
    buffer = np.empty(int(np.diff(offsets).max(initial=0)), np.uint8)
    marks = np.array(sorted(map(ord, rules.end_marks)), np.int64)
    limits = (rules.min_words, rules.max_word_chars, rules.remove_citations)
    tables = (character_flags(), breaking_bytes(), sentence_bytes())
    pieces = (starts, stops, joints, piece_offsets)
    citations = _patterns(_CITATIONS)
    actions = np.array([*rules.phrases.values(), 0], np.int64)
    _keep_lines(
        data, offsets, limits, marks, citations, _search(rules.phrases), actions, tables, buffer, counts, pieces
    )
    count = piece_offsets[-1]
    return KeptLines(counts, starts[:count], stops[:count], joints[:count], piece_offsets)


def _patterns(phrases: tuple[str, ...]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Phrases as bytes back to back, and where each begins."""
    parts = [phrase.encode() for phrase in phrases]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]).astype(np.int64)
    return np.frombuffer(b"".join(parts) or b"\0", np.uint8), offsets


def _search(
    phrases: Mapping[str, int],
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Lower-cased phrases, the place of the rarest letter in each, and the bytes at which a phrase may be found."""
    lowered = tuple(_lower(phrase) for phrase in phrases)
    letters, offsets = _patterns(lowered)
    anchors = [part.index(min(part, key=_rarity)) for part in map(str.encode, lowered)]
    triggers = np.zeros(256, np.bool_)
    for phrase, anchor in zip(lowered, anchors, strict=True):
        letter = phrase.encode()[anchor : anchor + 1]
        triggers[[letter[0], letter.upper()[0]]] = True
    return letters, offsets, np.array([*anchors, 0], np.int64), triggers


def _lower(phrase: str) -> str:
    return phrase.encode().lower().decode()


def _rarity(byte: int) -> int:
    place = _RAREST_FIRST.find(byte)
    return place if place >= 0 else len(_RAREST_FIRST) if byte == 0x20 else -1


@njit(cache=True, nogil=True)
def _keep_lines(data, offsets, limits, marks, citations, search, actions, tables, buffer, counts, pieces):  # type: ignore[no-untyped-def]
    min_words, max_word_chars, remove_citations = limits
    flags, breaking, ending = tables
    count = np.int64(0)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        at, first = begin, count
        while at < end:
            stop, after = line_end(data, at, end, breaking, flags)
            start = skip_space(data, at, stop, flags)
            stop = strip_end(data, start, stop, flags)
            at = after
            counts[0, text] += 1
            length = _copy(data, start, stop, citations, remove_citations, buffer)
            if len(marks) > 0 and not _ends_well(buffer, length, marks):
                continue
            words, longest = _words(buffer, length, flags)
            if words < min_words or longest > max_word_chars:
                continue
            phrase = _first_phrase(buffer, length, search)
            if phrase < _NOTHING:
                counts[2 + actions[phrase], text] += actions[phrase] > 0
                continue
            counts[1, text] += 1
            counts[2, text] += count_sentences(buffer, length, ending, flags)
            count = _add_pieces(data, start - begin, begin, stop, citations, length < stop - start, pieces, count)
        count = _trim(data, begin, flags, pieces, first, count)
        pieces[3][text + 1] = count


@njit(cache=True, nogil=True)
def _citation(data, at, stop, citations):  # type: ignore[no-untyped-def]
    """The length of the citation that begins with the bracket at `at`, or 0."""
    k = at + 1
    while k < stop and 0x30 <= data[k] <= 0x39:
        k += 1
    if k < stop and data[k] == _CLOSING_BRACKET:
        return k + 1 - at
    letters, offsets = citations
    for phrase in range(len(offsets) - 1):
        length = offsets[phrase + 1] - offsets[phrase]
        equal = at + length <= stop
        for k in range(length):
            equal = equal and data[at + k] == letters[offsets[phrase] + k]
        if equal:
            return length
    return 0


@njit(cache=True, nogil=True)
def _copy(data, at, stop, citations, remove_citations, buffer):  # type: ignore[no-untyped-def]
    """The line without its citations, in `buffer`; returns its length."""
    if not (remove_citations and np.any(data[at:stop] == _BRACKET)):
        buffer[: stop - at] = data[at:stop]
        return stop - at
    length = np.int64(0)
    while at < stop:
        if data[at] == _BRACKET:
            skipped = _citation(data, at, stop, citations)
            if skipped:
                at += skipped
                continue
        buffer[length] = data[at]
        length += 1
        at += 1
    return length


@njit(cache=True, nogil=True)
def _ends_well(line, length, marks):  # type: ignore[no-untyped-def]
    if length >= 3 and line[length - 1] == _DOT and line[length - 2] == _DOT and line[length - 3] == _DOT:
        return False
    code = last_character(line, 0, length)[0]
    known = False
    for mark in marks:
        known |= code == mark
    return known and length > 0


@njit(cache=True, nogil=True)
def _words(line, length, flags):  # type: ignore[no-untyped-def]
    """The number of words between white space, and the characters of the longest."""
    words = longest = chars = at = np.int64(0)
    while at < length:
        begin = at
        while at < length and 0x20 < line[at] < 0x80:
            at += 1
        words += chars == 0 and at > begin
        chars += at - begin
        if at == length:
            break
        code, step = decode(line, at, length)
        if code == 0x20 or (code < len(flags) and flags[code] & SPACE != 0):
            longest, chars = max(longest, chars), np.int64(0)
        else:
            words += chars == 0
            chars += 1
        at += step
    return words, max(longest, chars)


@njit(cache=True, nogil=True)
def _first_phrase(line, length, search):  # type: ignore[no-untyped-def]
    """The first of the phrases that the line has, or `_NOTHING`."""
    letters, offsets, anchors, triggers = search
    found = _NOTHING
    for at in range(length):
        if triggers[line[at]]:
            byte = line[at] | 0x20 if 0x41 <= line[at] <= 0x5A else line[at]
            for phrase in range(min(found, len(offsets) - 1)):
                begin, anchor = offsets[phrase], anchors[phrase]
                if letters[begin + anchor] == byte and _matches(
                    line, length, at - anchor, letters, begin, offsets[phrase + 1]
                ):
                    found = phrase
                    break
    return found


@njit(cache=True, nogil=True)
def _matches(line, length, at, letters, begin, end):  # type: ignore[no-untyped-def]
    if at < 0 or at + end - begin > length:
        return False
    for k in range(end - begin):
        byte = line[at + k]
        if (byte | 0x20 if 0x41 <= byte <= 0x5A else byte) != letters[begin + k]:
            return False
    return True


@njit(cache=True, nogil=True)
def _add_pieces(data, at, begin, stop, citations, has_citations, pieces, count):  # type: ignore[no-untyped-def]
    """Add the parts of a line between its citations; `at` and the pieces count from the text's `begin`."""
    starts, stops, joints, _ = pieces
    start, stop = at, stop - begin
    joint = NEXT_LINE
    if not has_citations:
        at = max(at, stop - 1)
    while at < stop:
        skipped = 0
        if has_citations and data[begin + at] == _BRACKET:
            skipped = _citation(data, begin + at, begin + stop, citations)
        if (skipped and at > start) or (not skipped and at + 1 == stop):
            if joint == NEXT_LINE and start > 0 and data[begin + start - 1] == _NEWLINE:
                joint = AFTER_NEWLINE
            starts[count], stops[count], joints[count] = start, at if skipped else stop, joint
            count, joint = count + 1, SAME_LINE
        at += max(1, skipped)
        start = at if skipped else start
    return count


@njit(cache=True, nogil=True)
def _trim(data, begin, flags, pieces, first, count):  # type: ignore[no-untyped-def]
    """Take white space that citations leave at either end of the text; returns the new count of pieces."""
    starts, stops, joints, _ = pieces
    empty = first
    while empty < count:
        starts[empty] = skip_space(data, begin + starts[empty], begin + stops[empty], flags) - begin
        if starts[empty] < stops[empty]:
            break
        empty += 1
    for piece in range(empty, count):
        k = first + piece - empty
        starts[k], stops[k], joints[k] = starts[piece], stops[piece], joints[piece]
    count -= empty - first
    while count > first:
        stops[count - 1] = strip_end(data, begin + starts[count - 1], begin + stops[count - 1], flags) - begin
        if starts[count - 1] < stops[count - 1]:
            joints[first] = SAME_LINE
            break
        count -= 1
    return count
