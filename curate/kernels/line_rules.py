"""C4's rules on lines: which lines of a text stay, what of them, and how many sentences they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.blocks import BLOCK, find_between
from curate.kernels.characters import character_flags
from curate.kernels.line_words import count_words, has_longer_word
from curate.kernels.lines import last_character, line_end, skip_space, strip_end
from curate.kernels.phrases import first_phrase, phrase_table
from curate.kernels.sentences import count_sentences

#: What a phrase does to the line that has it, or to its page.
DROP_LINE, LOREM_IPSUM, CURLY_BRACKET = range(3)

#: What stands between a piece and the piece before: nothing, as they are of one line; a newline to be put there; a mark
#: that splits documents, to be put there; or either of them in place, right before the piece.
SAME_LINE, NEXT_LINE, NEXT_DOCUMENT, IN_PLACE = (np.uint8(joint) for joint in range(4))

_CITATIONS = ("[edit]", "[citation needed]")
_SPLIT, _BRACKET = np.int64(0x00), np.int64(0x5B)
_NEWLINE, _DOT, _CLOSING_BRACKET = 0x0A, 0x2E, 0x5D


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
        joints: `uint8` of shape (pieces,): what stands before the piece.
        offsets: `int64` of shape (n + 1,): text i has the pieces `offsets[i]` up to `offsets[i + 1]`.
    """

    counts: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    joints: NDArray[np.uint8]
    offsets: NDArray[np.int64]


def keep_lines(data: NDArray[np.uint8], offsets: NDArray[np.int64], rules: LineRules) -> KeptLines:
    """Apply the rules to every line of every text. A mark that splits documents (NUL) ends a line, and is in none.

    Args:
        data, offsets: of `text_buffers`.
        rules: see `LineRules`.

    >>> from curate.documents import Documents
    >>> rules = LineRules(3, 1000, ".", {"cookies": DROP_LINE}, True)
    >>> kept = keep_lines(*Documents.from_texts(["Menu\\nThis line stays.[1]\\nWe use cookies."]).buffers, rules)
    >>> kept.counts[:3].ravel().tolist(), kept.starts.tolist(), kept.stops.tolist()
    ([3, 1, 1], [5], [21])
    """
    capacity = len(data) // 2 + len(offsets)
    starts, stops = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    joints, piece_offsets = np.empty(capacity, np.uint8), np.zeros(len(offsets), np.int64)
    counts = np.zeros((5, len(offsets) - 1), np.int64)
    buffer = np.empty(int(np.diff(offsets).max(initial=0)) + BLOCK, np.uint8)
    marks = np.array(sorted(map(ord, rules.end_marks)), np.int64)
    limits = (rules.min_words, rules.max_word_chars, rules.remove_citations)
    phrases, actions = phrase_table(list(rules.phrases)), np.array([*rules.phrases.values()], np.int64)
    citations = phrase_table(_CITATIONS)[:2]
    readable = buffer.view()
    readable.flags.writeable = False  # as texts are, so that their lines and this one are of the same type
    pieces = (starts, stops, joints)
    tables = (character_flags(), marks, phrases, actions, citations)
    _keep_lines(data, offsets, limits, tables, (buffer, readable), counts, pieces, piece_offsets)
    count = piece_offsets[-1]
    return KeptLines(counts, starts[:count], stops[:count], joints[:count], piece_offsets)


@bare_njit
def _keep_lines(data, offsets, limits, tables, buffers, counts, pieces, piece_offsets):  # type: ignore[no-untyped-def]
    count = np.int64(0)
    for text in range(len(offsets) - 1):
        at, end, first = offsets[text], offsets[text + 1], count
        while at < end:
            stop, before = find_between(data, at, end, _SPLIT, _SPLIT), count
            count = _keep_section(
                data, offsets[text], at, stop, limits, tables, buffers, counts[:, text], pieces, count
            )
            if first < before < count:
                in_place = data[offsets[text] + pieces[0][before] - 1] == _SPLIT
                pieces[2][before] = IN_PLACE if in_place else NEXT_DOCUMENT
            at = stop + 1
        piece_offsets[text + 1] = count


@inner_njit
def _keep_section(data, begin, at, end, limits, tables, buffers, counts, pieces, count):  # type: ignore[no-untyped-def]
    """Add the pieces of the lines that stay between two splits; returns the new count of pieces.

    Most pages have none of the phrases; there no line is searched, unless a phrase may come of cutting a citation.
    """
    flags, citations, first = tables[0], tables[4], count
    searched = first_phrase(data, at, end, tables[2]) >= 0
    while at < end:
        stop, after = line_end(data, at, end, flags)
        start = skip_space(data, at, stop, flags)
        stop = strip_end(data, start, stop, flags)
        at = after
        counts[0] += 1
        line, begins, ends, whole = data, start, stop, True
        if limits[2] and find_between(data, start, stop, _BRACKET, _BRACKET) < stop:
            line, begins, whole = buffers[1], 0, False
            ends = _copy(data, start, stop, citations, buffers[0])
        if _judge(line, begins, ends, searched or not whole, limits, tables, counts):
            count = _add_pieces(data, begin, start, stop, whole, citations, pieces, count)
    return _trim(data, begin, flags, pieces, first, count)


@inner_njit
def _judge(line, at, end, searched, limits, tables, counts):  # type: ignore[no-untyped-def]
    """Whether a line stays; adds it to the counts."""
    min_words, max_word_chars, _ = limits
    flags, marks, phrases, actions, _ = tables
    if len(marks) > 0 and not _ends_well(line, at, end, marks):
        return False
    if count_words(line, at, end, flags) < min_words or has_longer_word(line, at, end, max_word_chars, flags):
        return False
    phrase = first_phrase(line, at, end, phrases) if searched else -1
    if phrase >= 0:
        counts[2 + actions[phrase]] += actions[phrase] > 0
        return False
    counts[1] += 1
    counts[2] += count_sentences(line, at, end, flags)
    return True


@inner_njit
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


@inner_njit
def _copy(data, at, stop, citations, buffer):  # type: ignore[no-untyped-def]
    """The line without its citations, in `buffer`; returns its length."""
    length = np.int64(0)
    while at < stop:
        skipped = _citation(data, at, stop, citations) if data[at] == _BRACKET else 0
        if skipped == 0:
            buffer[length] = data[at]
            length += 1
        at += max(1, skipped)
    return length


@inner_njit
def _ends_well(line, at, end, marks):  # type: ignore[no-untyped-def]
    if end - at >= 3 and line[end - 1] == _DOT and line[end - 2] == _DOT and line[end - 3] == _DOT:
        return False
    code, known = last_character(line, at, end)[0], False
    for mark in marks:
        known |= code == mark
    return known and end > at


@inner_njit
def _add_pieces(data, begin, at, stop, whole, citations, pieces, count):  # type: ignore[no-untyped-def]
    """Add a line, or its parts between citations; returns the new count."""
    start, joint = at, NEXT_LINE
    while at < stop and not whole:
        at = find_between(data, at, stop, _BRACKET, _BRACKET)
        skipped = _citation(data, at, stop, citations) if at < stop else 0
        if skipped:
            before = count
            count = _add_piece(data, begin, start, at, joint, pieces, before)
            start, joint = at + skipped, joint if count == before else SAME_LINE
        at += max(1, skipped)
    return _add_piece(data, begin, start, stop, joint, pieces, count)


@inner_njit
def _add_piece(data, begin, start, stop, joint, pieces, count):  # type: ignore[no-untyped-def]
    """Add one part of a text that begins at `begin`, unless it is empty; returns the new count."""
    if start == stop:
        return count
    if joint == NEXT_LINE and start > begin and data[start - 1] == _NEWLINE:
        joint = IN_PLACE
    starts, stops, joints = pieces
    starts[count], stops[count], joints[count] = start - begin, stop - begin, joint
    return count + 1


@inner_njit
def _trim(data, begin, flags, pieces, first, count):  # type: ignore[no-untyped-def]
    """Take white space that citations leave at either end of the text; returns the new count of pieces."""
    starts, stops, joints = pieces
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
