"""Finding the way in HTML bytes: the next byte of a kind, the end of a tag, of a comment, of a script.

Every function returns `end` where it finds nothing, so that nothing that is left open can fail. Bytes are read eight at
a time, so behind `end` there must be seven more, of any value.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.bits import load64, trailing_zeros
from curate.kernels.hashing import U64

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


@inner_njit
def letters_of(word):  # type: ignore[no-untyped-def]
    """The highest bit of each byte of a word that is an ASCII letter."""
    lower = (word | _CASES) & ~_HIGHS
    return (lower + _FROM_A) & ~(lower + _PAST_Z) & ~word & _HIGHS


@inner_njit
def low_bytes(count):  # type: ignore[no-untyped-def]
    """The bits of the first 0 to 8 bytes of a word."""
    return ~U64(0) >> (U64(64) - U64(8) * count) if count > 0 else U64(0)


@inner_njit
def find_byte(data, at, end, byte):  # type: ignore[no-untyped-def]
    """Where a byte is next, eight at a time; `end` if nowhere."""
    pattern = _ONES * U64(byte)
    base = data.ctypes.data
    while at < end:
        word = load64(U64(base + at)) ^ pattern
        found = (word - _ONES) & ~word & _HIGHS
        if found != 0:
            return min(at + np.int64(trailing_zeros(found) >> U64(3)), end)
        at += 8
    return end


@inner_njit
def tag_name(data, at, end):  # type: ignore[no-untyped-def]
    """The packed name of a tag, where it ends, and whether it has a hyphen."""
    word = load64(U64(data.ctypes.data + at))
    letters = letters_of(word)
    size = trailing_zeros(~letters & _HIGHS) >> U64(3)
    key = (word | _CASES) & low_bytes(size)
    at = min(at + np.int64(size), end)
    digit = at < end and size < 8 and 0x30 <= data[at] <= 0x39  # h1 to h6
    if digit:
        key |= U64(data[at]) << (U64(8) * size)
        at += 1
    hyphen = False
    while at < end and not _NAME_ENDS[data[at]]:
        hyphen |= data[at] == _HYPHEN
        if size < 8 and not digit:
            key |= _OTHER_NAME  # a name of other characters is none that is known
        at += 1
    return key, at, hyphen


@inner_njit
def attribute_name(data, at, end):  # type: ignore[no-untyped-def]
    """The first eight letters of an attribute's name, and where it ends."""
    word = load64(U64(data.ctypes.data + at))
    size = trailing_zeros(~(letters_of(word) | _hyphens_of(word)) & _HIGHS) >> U64(3)
    key = (word | (_CASES & (letters_of(word) >> U64(2)))) & low_bytes(size)
    at = min(at + np.int64(size), end)
    while at < end and not _ATTRIBUTE_ENDS[data[at]]:
        if size < 8:
            key |= _OTHER_NAME
        at += 1
    return key, at


@inner_njit
def _hyphens_of(word):  # type: ignore[no-untyped-def]
    """The highest bit of each byte that is a hyphen; perhaps of bytes above one that is, which are not asked for."""
    word ^= _ONES * U64(_HYPHEN)
    return (word - _ONES) & ~word & _HIGHS


@inner_njit
def next_attribute(data, at, end):  # type: ignore[no-untyped-def]
    """The next attribute of a tag: packed name, first and last of the value, where to go on; a name of 0 at the end.

    At the end of the tag, the last is where it ends: behind `>`.
    """
    while at < end and (_SPACE_BYTES[data[at]] or data[at] == _SLASH):
        at += 1
    if at >= end or data[at] == _GT:
        return U64(0), at, at, min(at + 1, end)
    if data[at] == _EQUALS:  # part of the name at its beginning
        at += 1
    key, at = attribute_name(data, at, end)
    key = key if key != 0 else _OTHER_NAME
    begin = at
    while begin < end and _SPACE_BYTES[data[begin]]:
        begin += 1
    if begin >= end or data[begin] != _EQUALS:
        return key, at, at, at
    begin += 1
    while begin < end and _SPACE_BYTES[data[begin]]:
        begin += 1
    if begin < end and (data[begin] == _QUOTE or data[begin] == _APOSTROPHE):
        stop = find_byte(data, begin + 1, end, np.int64(data[begin]))
        return key, begin + 1, stop, min(stop + 1, end)
    stop = begin
    while stop < end and not _SPACE_BYTES[data[stop]] and data[stop] != _GT:
        stop += 1
    return key, begin, stop, stop


@inner_njit
def tag_end(data, at, end):  # type: ignore[no-untyped-def]
    """Behind the `>` of a tag; one inside a quoted value does not count."""
    after_equals = False
    while at < end:
        byte = data[at]
        if byte == _GT:
            return at + 1
        if after_equals and (byte in (_QUOTE, _APOSTROPHE)):
            at = find_byte(data, at + 1, end, np.int64(byte))
            after_equals = False
        elif byte == _EQUALS:
            after_equals = True
        elif not _SPACE_BYTES[byte]:
            after_equals = False
        at += 1
    return end


@inner_njit
def declaration_end(data, at, end):  # type: ignore[no-untyped-def]
    """Behind a comment, a doctype or a processing instruction; `at` is behind the `<`."""
    if not (at + 2 < end and data[at] == _BANG and data[at + 1] == _HYPHEN and data[at + 2] == _HYPHEN):
        return min(find_byte(data, at, end, np.int64(_GT)) + 1, end)
    begin = at + 3  # `<!-->` and `<!--->` are whole comments
    stop = find_byte(data, begin, end, np.int64(_GT))
    while stop < end:
        dashes = data[stop - 1] == _HYPHEN and data[stop - 2] == _HYPHEN
        banged = (
            data[stop - 1] == _BANG and data[stop - 2] == _HYPHEN and data[stop - 3] == _HYPHEN and stop > begin + 2
        )
        if dashes or banged:
            return stop + 1
        stop = find_byte(data, stop + 1, end, np.int64(_GT))
    return end


@inner_njit
def raw_end(data, at, end, key):  # type: ignore[no-untyped-def]
    """Where the end tag of the packed name begins; `end` if nowhere."""
    at = find_byte(data, at, end, np.int64(_LT))
    while at < end:
        if at + 1 < end and data[at + 1] == _SLASH and tag_name(data, at + 2, end)[0] == key:
            return at
        at = find_byte(data, at + 1, end, np.int64(_LT))
    return end
