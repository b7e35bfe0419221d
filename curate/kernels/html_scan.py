"""Finding the way in HTML bytes: the next byte of a kind, the end of a tag, of a comment, of a script.

Every function returns `end` where it finds nothing, so that nothing that is left open can fail. A page is the address
of its first byte. Bytes are read 64 at a time, so behind `end` there must be PADDING_BYTES more, of any value.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inlined_njit
from curate.kernels.bits import byte_at, bytes_between, load64, trailing_zeros
from curate.kernels.hashing import U64

#: How many bytes of any value there must be behind a page.
PADDING_BYTES = 72

_GT, _LT, _SLASH, _EQUALS, _QUOTE, _APOSTROPHE, _HYPHEN, _BANG = 0x3E, 0x3C, 0x2F, 0x3D, 0x22, 0x27, 0x2D, 0x21
_ONES, _HIGHS, _CASES = U64(0x0101010101010101), U64(0x8080808080808080), U64(0x2020202020202020)
_FROM_A, _PAST_Z = U64(0x1F1F1F1F1F1F1F1F), U64(0x0505050505050505)  # 0x80 - "a", 0x7F - "z"
_OTHER_NAME = U64(1 << 63)

_SPACE_BYTES = np.zeros(256, np.bool_)
_SPACE_BYTES[[9, 10, 12, 13, 32]] = True
#: Bytes that end a tag's or an attribute's name.
_NAME_ENDS = _SPACE_BYTES.copy()
_NAME_ENDS[[_GT, _SLASH]] = True
_ATTRIBUTE_ENDS = _NAME_ENDS.copy()
_ATTRIBUTE_ENDS[_EQUALS] = True


@inlined_njit
def letters_of(word):  # type: ignore[no-untyped-def]
    """The highest bit of each byte of a word that is an ASCII letter."""
    lower = (word | _CASES) & ~_HIGHS
    return (lower + _FROM_A) & ~(lower + _PAST_Z) & ~word & _HIGHS


@inlined_njit
def low_bytes(count):  # type: ignore[no-untyped-def]
    """The bits of the first 0 to 8 bytes of a word."""
    return ~U64(0) >> (U64(64) - U64(8) * count) if count > 0 else U64(0)


@inlined_njit
def find_byte(text, at, end, byte):  # type: ignore[no-untyped-def]
    """Where a byte is next; `end` if nowhere."""
    while at < end:
        found = bytes_between(text + U64(at), byte, byte)
        if found:
            return min(at + np.int64(trailing_zeros(found)), end)
        at += 64
    return end


@inlined_njit
def skip_space(text, at, end):  # type: ignore[no-untyped-def]
    """Where the white space at `at` ends."""
    while at < end and _SPACE_BYTES[U64(byte_at(text, at))]:
        at += 1
    return at


@inlined_njit
def tag_name(text, at, end):  # type: ignore[no-untyped-def]
    """The packed name of a tag, where it ends, and whether it has a hyphen."""
    word = load64(text + U64(at))
    letters = letters_of(word)
    size = trailing_zeros(~letters & _HIGHS) >> U64(3)
    key = (word | _CASES) & low_bytes(size)
    at = min(at + np.int64(size), end)
    digit = at < end and size < 8 and 0x30 <= byte_at(text, at) <= 0x39  # h1 to h6
    if digit:
        key |= U64(byte_at(text, at)) << (U64(8) * size)
        at += 1
    hyphen = False
    while at < end and not _NAME_ENDS[U64(byte_at(text, at))]:
        hyphen |= byte_at(text, at) == _HYPHEN
        if size < 8 and not digit:
            key |= _OTHER_NAME  # a name of other characters is none that is known
        at += 1
    return key, at, hyphen


@inlined_njit
def attribute_name(text, at, end):  # type: ignore[no-untyped-def]
    """The first eight letters of an attribute's name, and where it ends."""
    word = load64(text + U64(at))
    letters = letters_of(word)
    size = trailing_zeros(~(letters | _hyphens_of(word)) & _HIGHS) >> U64(3)
    key = (word | (_CASES & (letters >> U64(2)))) & low_bytes(size)
    at = min(at + np.int64(size), end)
    while at < end and not _ATTRIBUTE_ENDS[U64(byte_at(text, at))]:
        if size < 8:
            key |= _OTHER_NAME
        at += 1
    return key, at


@inlined_njit
def _hyphens_of(word):  # type: ignore[no-untyped-def]
    """The highest bit of each byte that is a hyphen; perhaps of bytes above one that is, which are not asked for."""
    word ^= _ONES * U64(_HYPHEN)
    return (word - _ONES) & ~word & _HIGHS


@inlined_njit
def next_attribute(text, at, end):  # type: ignore[no-untyped-def]
    """The next attribute of a tag: packed name, first and last of the value, where to go on; a name of 0 at the end.

    At the end of the tag, the last is where it ends: behind `>`.
    """
    while at < end and (_SPACE_BYTES[U64(byte_at(text, at))] or byte_at(text, at) == _SLASH):
        at += 1
    if at >= end or byte_at(text, at) == _GT:
        return U64(0), at, at, min(at + 1, end)
    if byte_at(text, at) == _EQUALS:  # part of the name at its beginning
        at += 1
    key, at = attribute_name(text, at, end)
    key = key if key != 0 else _OTHER_NAME
    begin = skip_space(text, at, end)
    if begin >= end or byte_at(text, begin) != _EQUALS:
        return key, at, at, at
    begin = skip_space(text, begin + 1, end)
    quote = byte_at(text, begin)
    if begin < end and quote in (_QUOTE, _APOSTROPHE):
        stop = find_byte(text, begin + 1, end, quote)
        return key, begin + 1, stop, min(stop + 1, end)
    stop = begin
    while stop < end and not _SPACE_BYTES[U64(byte_at(text, stop))] and byte_at(text, stop) != _GT:
        stop += 1
    return key, begin, stop, stop


@inlined_njit
def tag_end(text, at, end):  # type: ignore[no-untyped-def]
    """Behind the `>` of a tag; one inside a quoted value does not count."""
    begin = at
    while at < end:
        found = bytes_between(text + U64(at), _QUOTE, _QUOTE) | bytes_between(text + U64(at), _APOSTROPHE, _APOSTROPHE)
        found |= bytes_between(text + U64(at), _GT, _GT)
        if not found:
            at += 64
            continue
        at += np.int64(trailing_zeros(found))
        byte = byte_at(text, at)
        if byte == _GT:
            break
        if _is_value(text, begin, at):
            at = find_byte(text, at + 1, end, byte)
            begin = at + 1
        at += 1
    return min(at + 1, end)


@inlined_njit
def _is_value(text, begin, at):  # type: ignore[no-untyped-def]
    """Whether the last byte before `at` that is no white space is an equals sign."""
    at -= 1
    while at >= begin and _SPACE_BYTES[U64(byte_at(text, at))]:
        at -= 1
    return at >= begin and byte_at(text, at) == _EQUALS


@inlined_njit
def declaration_end(text, at, end):  # type: ignore[no-untyped-def]
    """Behind a comment, a doctype or a processing instruction; `at` is behind the `<`."""
    begin = at + 3  # `<!-->` and `<!--->` are whole comments
    comment = begin <= end and byte_at(text, at) == _BANG
    comment = comment and byte_at(text, at + 1) == _HYPHEN and byte_at(text, at + 2) == _HYPHEN
    stop = find_byte(text, begin if comment else at, end, np.int64(_GT))
    while comment and stop < end:
        last = byte_at(text, stop - 1)
        dashes = last == _HYPHEN and byte_at(text, stop - 2) == _HYPHEN
        banged = last == _BANG and byte_at(text, stop - 2) == _HYPHEN and byte_at(text, stop - 3) == _HYPHEN
        if dashes or (banged and stop > begin + 2):
            break
        stop = find_byte(text, stop + 1, end, np.int64(_GT))
    return min(stop + 1, end)


@inlined_njit
def raw_end(text, at, end, key):  # type: ignore[no-untyped-def]
    """Where the end tag of the packed name begins; `end` if nowhere."""
    while at < end:
        place = text + U64(at)
        found = bytes_between(place, _LT, _LT) & bytes_between(place + U64(1), _SLASH, _SLASH)
        if not found:
            at += 64
            continue
        at += np.int64(trailing_zeros(found))
        if tag_name(text, at + 2, end)[0] == key:
            break
        at += 1
    return min(at, end)
