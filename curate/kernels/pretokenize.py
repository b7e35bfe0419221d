"""Where pre-tokens end: GPT-2's pattern as a state machine over UTF-8 bytes.

The pattern is `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+` (Radford et
al. 2019, section 2.2). It never looks back, so the end of a pre-token follows from where it begins. Runs of ASCII
letters, most of English, are measured eight bytes at a time.

Which characters are letters, numbers and white space is asked of `tokenizers` once per process, so that both have the
same version of Unicode: Python's own is older or newer by some thousand letters.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from curate.kernels.hashing import U64

OTHER, LETTER, NUMBER, SPACE = range(4)

#: Named patterns and their codes, which `pretoken_end` takes.
GPT2 = 0
PATTERNS = {"gpt2": GPT2}

#: Above this code point every character is OTHER: planes without letters. A test asks `tokenizers` for all of them.
_TABLE_SIZE = 0x40000
_ASCII = 0x80
_SURROGATES = range(0xD800, 0xE000)

_QUOTE, _BLANK = 0x27, 0x20
_D, _E, _L, _M, _R, _S, _T, _V = (ord(letter) for letter in "delmrstv")
_ONES = 0x0101010101010101
_HIGH_BITS = U64(0x80 * _ONES)
_CASE_BITS = U64(0x20 * _ONES)
_FROM_A = U64((0x80 - ord("a")) * _ONES)
_PAST_Z = U64((0x7F - ord("z")) * _ONES)


@lru_cache(maxsize=1)
def character_classes() -> NDArray[np.uint8]:
    """The class of each code point below 0x40000 (OTHER, LETTER, NUMBER, SPACE) as `tokenizers` sees it.

    >>> classes = character_classes()
    >>> [int(classes[ord(character)]) for character in "!é½\u3000"]
    [0, 1, 2, 3]
    """
    from tokenizers import pre_tokenizers

    split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True).pre_tokenize_str
    codes = [code for code in range(_ASCII, _TABLE_SIZE) if code not in _SURROGATES]
    runs = [(codes[start], codes[stop - 1] + 1) for _, (start, stop) in split("".join(map(chr, codes)))]
    classes = np.zeros(_TABLE_SIZE, np.uint8)
    for first, stop in [(code, code + 1) for code in range(_ASCII)] + runs:
        character = chr(first)
        if len(split("a" + character)) == 1:
            classes[first:stop] = LETTER
        elif len(split("1" + character)) == 1:
            classes[first:stop] = NUMBER
        elif len(split(f" {character}!")) == 3:
            classes[first:stop] = SPACE
    classes[_BLANK] = SPACE  # the probe itself has one
    classes[_SURROGATES.start : _SURROGATES.stop] = OTHER
    classes.setflags(write=False)
    return classes


@intrinsic
def load64(_context, address):  # type: ignore[no-untyped-def]
    """Eight bytes at an address, aligned or not, the first in the lowest bits."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.load(builder.inttoptr(arguments[0], ir.IntType(64).as_pointer()), align=1)

    return types.uint64(types.uint64), generate


@intrinsic
def _trailing_zeros(_context, value):  # type: ignore[no-untyped-def]
    """How many of the lowest bits are zero; `value` is not."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@njit(cache=True, nogil=True)
def _class_at(data, at, end, classes):  # type: ignore[no-untyped-def]
    """The class and the length in bytes of the character at `at`; text is UTF-8, `end` is kept all the same."""
    byte = np.int64(data[at])
    if byte < 0x80:
        return classes[byte], 1
    if byte < 0xE0 and at + 1 < end:
        return classes[((byte & 0x1F) << 6) | (np.int64(data[at + 1]) & 0x3F)], 2
    if byte < 0xF0 and at + 2 < end:
        middle = np.int64(data[at + 1]) & 0x3F
        return classes[((byte & 0x0F) << 12) | (middle << 6) | (np.int64(data[at + 2]) & 0x3F)], 3
    if at + 3 < end:
        high = ((byte & 0x07) << 18) | ((np.int64(data[at + 1]) & 0x3F) << 12)
        code = high | ((np.int64(data[at + 2]) & 0x3F) << 6) | (np.int64(data[at + 3]) & 0x3F)
        return classes[code] if code < _TABLE_SIZE else np.uint8(OTHER), 4
    return np.uint8(OTHER), 1


@njit(cache=True, nogil=True)
def _run_end(data, at, end, kind, classes):  # type: ignore[no-untyped-def]
    """Where a run of characters of one class ends that may go on at `at`."""
    while at < end:
        found, length = _class_at(data, at, end, classes)
        if found != kind:
            break
        at += length
    return at


@njit(cache=True, nogil=True)
def ascii_letters(chunk):  # type: ignore[no-untyped-def]
    """How many of the eight bytes, from the lowest, are ASCII letters before the first that is not."""
    small = (chunk | _CASE_BITS) & ~_HIGH_BITS
    others = ~(((small + _FROM_A) ^ (small + _PAST_Z)) & ~chunk) & _HIGH_BITS
    if others == U64(0):
        return 8
    return np.int64(_trailing_zeros(others) >> U64(3))


@njit(cache=True, nogil=True)
def _contraction(data, at, end):  # type: ignore[no-untyped-def]
    """The length of the contraction that begins with the quote at `at`, or 0."""
    if at + 1 >= end:
        return 0
    first = data[at + 1]
    if first in (_S, _T, _M, _D):
        return 2
    if at + 2 >= end:
        return 0
    second = data[at + 2]
    if (first == _L and second == _L) or (first in (_V, _R) and second == _E):
        return 3
    return 0


@njit(cache=True, nogil=True)
def _white_space_end(data, begin, end, classes):  # type: ignore[no-untyped-def]
    """The end of white space at `begin`: the last character of a longer run is left to what follows it."""
    at, last = begin, begin
    while at < end:
        kind, length = _class_at(data, at, end, classes)
        if kind != SPACE:
            return last if last > begin else at
        last = at
        at += length
    return at


@njit(cache=True, nogil=True)
def gpt2_end(data, at, end, classes):  # type: ignore[no-untyped-def]
    """Where the pre-token that begins at `at` ends, in a text that ends at `end`."""
    if data[at] == _QUOTE:
        length = _contraction(data, at, end)
        if length:
            return at + length
    first = at + 1 if data[at] == _BLANK and at + 1 < end else at
    kind, length = _class_at(data, first, end, classes)
    if kind == SPACE:
        return _white_space_end(data, at, end, classes)
    return _run_end(data, first + length, end, kind, classes)


@njit(cache=True, nogil=True)
def pretoken_end(data, address, at, end, classes, pattern):  # type: ignore[no-untyped-def]
    """Where the pre-token that begins at `at` ends, in a text that ends at `end`.

    `address` is that of `data`, as `uint64`; `pattern` is one of the codes in `PATTERNS`.
    A short cut serves up to eight ASCII letters, perhaps after a blank, and a byte that ends them.
    """
    if at + 9 <= len(data):
        first = at + (data[at] == _BLANK)
        stop = first + ascii_letters(load64(address + U64(first)))
        if first < stop < end and stop < first + 8 and data[stop] < 0x80:
            return stop
    return gpt2_end(data, at, end, classes)
