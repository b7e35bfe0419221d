"""Character references: `&eacute;`, `&#233;` and `&#xE9;` to code points, by the rules of the HTML standard.

The oracle is `html.unescape`, which has the same table: a test compares the two on every name.
"""

from __future__ import annotations

from functools import lru_cache
from html.entities import html5
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import byte_at
from curate.kernels.hashing import U64

_BITS = 13
_FNV_START, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
_MAX_NAME_BYTES, _MAX_LEGACY_BYTES = 32, 6
_SEMICOLON, _SHARP, _LOWER_X, _UPPER_X = 0x3B, 0x23, 0x78, 0x58
_REPLACEMENT, _MAX_CODE = 0xFFFD, 0x10FFFF
#: What the codes 0x80 to 0x9F mean: windows-1252, and themselves where it has none.
_C1 = np.array([ord(bytes([code]).decode("cp1252", "ignore") or chr(code)) for code in range(0x80, 0xA0)], np.int32)


class EntityTable(NamedTuple):
    """Named references by hash: `uint64` of shape (8192,), 0 where empty; and their one or two code points."""

    hashes: NDArray[np.uint64]
    first: NDArray[np.int32]
    second: NDArray[np.int32]


@lru_cache(maxsize=1)
def entity_table() -> EntityTable:
    """The references of the HTML standard.

    >>> int(entity_table().first.max()) == 0x1D56B        # &zopf;
    True
    """
    size = 1 << _BITS
    table = EntityTable(np.zeros(size, np.uint64), np.zeros(size, np.int32), np.zeros(size, np.int32))
    for name, characters in html5.items():
        value = _FNV_START
        for byte in name.encode():
            value = (value ^ byte) * _FNV_PRIME % 2**64
        slot = value >> (64 - _BITS)
        while table.hashes[slot]:
            slot = (slot + 1) % size
        table.hashes[slot], table.first[slot] = value, ord(characters[0])
        table.second[slot] = ord(characters[1]) if len(characters) > 1 else 0
    return table


@bare_njit()
def decode_entity(text, at, end, table):  # type: ignore[no-untyped-def]
    """The reference whose ampersand is at `at`: two code points (0: none) and where it ends; `at` if it is none.

    `text` is the address of a text, as `uint64`.
    """
    if at + 1 < end and byte_at(text, at + 1) == _SHARP:
        return _numeric(text, at, end)
    stop, limit = at + 1, min(end, at + 1 + _MAX_NAME_BYTES)
    while stop < limit and _is_alphanumeric(byte_at(text, stop)):
        stop += 1
    if stop < end and byte_at(text, stop) == _SEMICOLON and stop > at + 1:
        slot = _find(text, at + 1, stop + 1, table)
        if slot >= 0:
            return table.first[slot], table.second[slot], stop + 1
    stop = min(stop, at + 1 + _MAX_LEGACY_BYTES)
    while stop > at + 2:  # the longest of the names that do without a semicolon
        slot = _find(text, at + 1, stop, table)
        if slot >= 0:
            return table.first[slot], table.second[slot], stop
        stop -= 1
    return np.int32(0), np.int32(0), at


@inner_njit
def _find(text, at, end, table):  # type: ignore[no-untyped-def]
    value = U64(_FNV_START)
    for k in range(at, end):
        value = (value ^ U64(byte_at(text, k))) * U64(_FNV_PRIME)
    slot = np.int64(value >> U64(64 - _BITS))
    while table.hashes[slot] != 0:
        if table.hashes[slot] == value:
            return slot
        slot = (slot + 1) & ((1 << _BITS) - 1)
    return np.int64(-1)


@bare_njit(inline="always")
def _is_alphanumeric(byte):  # type: ignore[no-untyped-def]
    return 0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A


@inner_njit
def _numeric(text, at, end):  # type: ignore[no-untyped-def]
    start = at + 2
    base = 10
    if start < end and (byte_at(text, start) == _LOWER_X or byte_at(text, start) == _UPPER_X):
        start, base = start + 1, 16
    code, stop = np.int64(0), start
    while stop < end:
        digit = _digit(byte_at(text, stop))
        if digit >= base:
            break
        code = min(code * base + digit, np.int64(_MAX_CODE + 1))
        stop += 1
    if stop == start:
        return np.int32(0), np.int32(0), at
    stop += stop < end and byte_at(text, stop) == _SEMICOLON
    if code == 0 or code > _MAX_CODE or 0xD800 <= code <= 0xDFFF:
        code = np.int64(_REPLACEMENT)
    elif 0x80 <= code < 0xA0:
        code = np.int64(_C1[code - 0x80])
    return np.int32(code), np.int32(0), stop


@bare_njit(inline="always")
def _digit(byte):  # type: ignore[no-untyped-def]
    if 0x30 <= byte <= 0x39:
        return byte - 0x30
    lower = byte | 0x20
    return lower - 0x57 if 0x61 <= lower <= 0x66 else np.int64(99)
