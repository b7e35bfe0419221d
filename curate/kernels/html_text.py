"""Text between two tags: white space collapsed, references decoded, characters and words counted, in one loop.

Words are counted in halves: a run of letters and digits is two, a Chinese or Japanese character one, since
Chinese has about two characters a word.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inlined_njit
from curate.kernels.bits import byte_at, bytes_between, load64, popcount, store64, trailing_zeros
from curate.kernels.blocks import address_of
from curate.kernels.hashing import U64
from curate.kernels.html_entities import decode_entity
from curate.kernels.html_page import (
    BLOCK_START,
    BREAKS,
    CAPITALIZED,
    CAPITALS,
    CJK,
    COMMAS,
    DIGITS,
    HALF_WORDS,
    IN_WORD,
    LINK_HALF_WORDS,
    LINK_OPEN,
    OTHER_MARKS,
    OUT,
    PENDING,
    SENTENCE_ENDS,
    SHORT_WORDS,
    START,
)
from curate.kernels.html_scan import letters_of, low_bytes

_LETTER, _CAPITAL, _DIGIT, _END, _COMMA, _MARK, _IDEOGRAPH, _SPACE, _REFERENCE, _TAG, _NOTHING, _HIGH = range(12)
#: White space that waits for the next character: none, a space, a line break.
_NONE, _BLANK, _BREAK = 0, 1, 2
_NEWLINE, _RETURN, _BLANK_BYTE, _AMPERSAND = 10, 13, 32, 0x26
_SHORT_LETTERS = 3
_HIGHS = U64(0x8080808080808080)


def _byte_kinds() -> np.ndarray:
    kinds = np.full(256, _MARK, np.uint8)
    kinds[:32] = _NOTHING
    kinds[127] = _NOTHING
    kinds[128:] = _HIGH
    special = {_SPACE: b" \t\n\f\r\v", _END: b".!?", _COMMA: b",;:", _REFERENCE: b"&", _TAG: b"<"}
    for kind, characters in special.items():
        kinds[list(characters)] = kind
    for code in range(128):
        letter = chr(code)
        if letter.isdigit():
            kinds[code] = _DIGIT
        elif letter.isalpha():
            kinds[code] = _CAPITAL if letter.isupper() else _LETTER
    return kinds


_KINDS = _byte_kinds()
#: The columns in which characters of a kind are counted; small letters are not, and START is written later.
_MARK_COLUMNS = np.full(12, OTHER_MARKS, np.int64)
_WORD_COLUMNS = np.array([START, CAPITALS, DIGITS], np.int64)
_MARK_COLUMNS[[_END, _COMMA, _IDEOGRAPH]] = SENTENCE_ENDS, COMMAS, CJK


@inlined_njit
def code_kind(code):  # type: ignore[no-untyped-def]
    """What a character above U+007F counts as."""
    if code < 0xC0:
        if code < 0xA0 or code == 0xAD:
            return _SPACE if code == 0x85 else _NOTHING
        return _SPACE if code == 0xA0 else _MARK
    if code < 0x2000:
        return _SPACE if code == 0x1680 else _LETTER
    if code < 0x3000:
        if code <= 0x200A or code == 0x2028 or code == 0x2029 or code == 0x202F or code == 0x205F:
            return _SPACE
        if code == 0x200B or code == 0x2060:
            return _NOTHING
        return _END if code == 0x2026 else (_MARK if code < 0x2C00 else _LETTER)
    if code < 0x3041:
        return _SPACE if code == 0x3000 else (_END if code == 0x3002 else (_COMMA if code == 0x3001 else _MARK))
    if code < 0xA000 or 0x20000 <= code < 0x32000:
        return _IDEOGRAPH
    if code >= 0xFE00:
        if code == 0xFEFF:
            return _NOTHING
        if code == 0xFF01 or code == 0xFF0E or code == 0xFF1F:
            return _END
        return _COMMA if code == 0xFF0C or code == 0xFF1A or code == 0xFF1B else _MARK
    return _LETTER


@inlined_njit
def _decode(text, at):  # type: ignore[no-untyped-def]
    """The code point at `at` of valid UTF-8, and how many bytes it has."""
    byte = byte_at(text, at)
    if byte < 0xE0:
        return ((byte & 0x1F) << 6) | (byte_at(text, at + 1) & 0x3F), 2
    middle = (byte_at(text, at + 1) & 0x3F) << 6 | (byte_at(text, at + 2) & 0x3F)
    if byte < 0xF0:
        return ((byte & 0x0F) << 12) | middle, 3
    return ((byte & 0x07) << 18) | (middle << 6) | (byte_at(text, at + 3) & 0x3F), 4


@inlined_njit
def _encode(code, out, at):  # type: ignore[no-untyped-def]
    """Write a code point as UTF-8; where it ends."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at], out[at + 1] = 0xC0 | code >> 6, 0x80 | code & 0x3F
        return at + 2
    if code < 0x10000:
        out[at], out[at + 1], out[at + 2] = 0xE0 | code >> 12, 0x80 | (code >> 6 & 0x3F), 0x80 | code & 0x3F
        return at + 3
    out[at], out[at + 1] = 0xF0 | code >> 18, 0x80 | (code >> 12 & 0x3F)
    out[at + 2], out[at + 3] = 0x80 | (code >> 6 & 0x3F), 0x80 | code & 0x3F
    return at + 4


@inlined_njit
def line_break(state):  # type: ignore[no-untyped-def]
    """A `<br>`: a newline before the next character."""
    if state[OUT] > state[BLOCK_START]:
        state[PENDING] = _BREAK
    state[IN_WORD] = 0


@inlined_njit
def take_text(text, at, end, preformatted, entities, out, counts, state):  # type: ignore[no-untyped-def]
    """Append the text at `at`, even if it is a `<`, up to the next `<` or the end, to the open block; where that is."""
    o, pending, in_word = state[OUT], state[PENDING], state[IN_WORD]
    half_words, first = counts[HALF_WORDS], at
    while at < end:
        kind = np.int64(_KINDS[U64(byte_at(text, at))])
        if kind == _SPACE:
            in_word = 0
            if preformatted and byte_at(text, at) != _RETURN:
                out[o] = byte_at(text, at)
                o += 1
                at += 1
                continue
            pending = max(pending, _BLANK)
            at += 1
            if _KINDS[U64(byte_at(text, at))] == _SPACE:
                at = _space_end(text, at, end)
            continue
        if kind == _TAG:
            if at > first:
                break
            kind = np.int64(_MARK)  # the caller found that it begins no tag
        if kind == _NOTHING:
            at += 1
            continue
        if pending != _NONE:
            o = _write_space(out, o, state[BLOCK_START], pending, counts)
            pending = np.int64(_NONE)
        if kind <= _DIGIT:
            begin = at
            at, o = _copy_word(text, at, end, out, o, counts)
            if in_word == 0:
                _count_word(kind, at - begin, counts)
                in_word = 1
        elif kind < _IDEOGRAPH:
            out[o] = byte_at(text, at)
            o, at, in_word = o + 1, at + 1, 0
            counts[_MARK_COLUMNS[kind]] += 1
        else:
            at, o, pending, in_word = _take_other(text, at, end, entities, out, o, in_word, counts)
    if state[LINK_OPEN]:
        counts[LINK_HALF_WORDS] += counts[HALF_WORDS] - half_words
    state[OUT], state[PENDING], state[IN_WORD] = o, pending, in_word
    return at


@inlined_njit
def _space_end(text, at, end):  # type: ignore[no-untyped-def]
    """Where white space ends: mostly the indentation of the next tag."""
    while at < end:
        other = ~(bytes_between(text + U64(at), 9, 13) | bytes_between(text + U64(at), _BLANK_BYTE, _BLANK_BYTE))
        if other:
            return min(at + np.int64(trailing_zeros(other)), end)
        at += 64
    return end


@bare_njit(inline="always")
def _write_space(out, o, block_start, pending, counts):  # type: ignore[no-untyped-def]
    """Write the white space that waits, unless the block is empty so far; where to write next."""
    if o == block_start or out[o - 1] == _NEWLINE:
        return o
    o += out[o - 1] != _BLANK_BYTE
    out[o - 1] = _NEWLINE if pending == _BREAK else _BLANK_BYTE
    counts[BREAKS] += pending == _BREAK
    return o


@inlined_njit
def _copy_word(text, at, end, out, o, counts):  # type: ignore[no-untyped-def]
    """Copy a run of ASCII letters and digits, most of all text; where it ends, and where to write next."""
    target = address_of(out)
    capitals, size = np.int64(0), U64(8)
    while size == 8 and at < end:
        word = load64(text + U64(at))
        letters = letters_of(word)
        size = trailing_zeros(~letters & _HIGHS) >> U64(3)
        store64(target + U64(o), word)  # what is too much is written over
        capitals += popcount(~word & (letters >> U64(2)) & low_bytes(size))
        o, at = o + np.int64(size), at + np.int64(size)
    counts[CAPITALS] += capitals
    while at < end and _KINDS[U64(byte_at(text, at))] <= _DIGIT:
        out[o] = byte_at(text, at)
        counts[_WORD_COLUMNS[_KINDS[U64(byte_at(text, at))]]] += 1
        o, at = o + 1, at + 1
    over = max(at - end, 0)
    return at - over, o - over


@bare_njit(inline="always")
def _count_word(kind, length, counts):  # type: ignore[no-untyped-def]
    counts[HALF_WORDS] += 2
    counts[CAPITALIZED] += kind == _CAPITAL
    counts[SHORT_WORDS] += length <= _SHORT_LETTERS and kind == _LETTER


@inlined_njit
def _take_other(text, at, end, entities, out, o, in_word, counts):  # type: ignore[no-untyped-def]
    """A reference or a character above U+007F: where it ends, where to write next, pending white space, in a word?"""
    code, second, stop = np.int64(_AMPERSAND), np.int64(0), at + 1
    if byte_at(text, at) == _AMPERSAND:
        first, then, behind = decode_entity(text, at, end, entities)
        if behind > at:
            code, second, stop = np.int64(first), np.int64(then), behind
    else:
        code, length = _decode(text, at)
        stop = at + length
    kind = np.int64(_KINDS[code]) if code < 0x80 else np.int64(code_kind(code))
    if kind == _SPACE:
        return stop, o, np.int64(_BLANK), np.int64(0)
    if kind == _NOTHING:
        return stop, o, np.int64(_NONE), in_word
    o = _encode(code, out, o)
    if second:
        o = _encode(second, out, o)
    if kind <= _DIGIT:
        counts[HALF_WORDS] += 2 * (in_word == 0)
        return stop, o, np.int64(_NONE), np.int64(1)
    counts[HALF_WORDS] += kind == _IDEOGRAPH
    counts[_MARK_COLUMNS[kind]] += 1
    return stop, o, np.int64(_NONE), np.int64(0)
