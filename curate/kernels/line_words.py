"""Words of a line as `str.split` has them: what stands between white space."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import popcount, trailing_zeros
from curate.kernels.blocks import BLOCK, bits_between, low_bits
from curate.kernels.characters import SPACE, decode, flags_of
from curate.kernels.hashing import U64

_BLANK = 0x20


@bare_njit
def count_words(line, at, end, flags):  # type: ignore[no-untyped-def]
    """The number of words. A block ends where a character does; `inside` tells whether a word goes on from it."""
    words, inside = np.int64(0), U64(0)
    while at < end:
        size = min(BLOCK, end - at)
        while at + size < end and line[at + size] & 0xC0 == 0x80:
            size -= 1
        letters = ~_space_bits(line, at, end, flags) & low_bits(size)
        words += popcount(letters & ~((letters << U64(1)) | inside))
        inside = (letters >> U64(size - 1)) & U64(1)
        at += size
    return words


@inner_njit
def _space_bits(line, at, end, flags):  # type: ignore[no-untyped-def]
    """Which bytes of a block are white space; what is not ASCII begins with the byte C2, or E1 to E3."""
    bits = bits_between(line, at, 0x09, 0x0D) | bits_between(line, at, 0x1C, 0x20)
    leads = bits_between(line, at, 0xC2, 0xC2) | bits_between(line, at, 0xE1, 0xE3)
    while leads:
        k = np.int64(trailing_zeros(leads))
        if at + k < end:
            code, length = decode(line, at + k, end)
            if flags_of(code, flags) & SPACE:
                bits |= low_bits(length) << U64(k)
        leads &= leads - U64(1)
    return bits


@bare_njit
def has_longer_word(line, at, end, max_chars, flags):  # type: ignore[no-untyped-def]
    """Whether some word has more than `max_chars` characters: steps from one blank to the last in reach."""
    while end - at > max_chars:
        blank = at + max_chars
        while blank >= at and line[blank] != _BLANK:
            blank -= 1
        if blank < at:
            return _longest_word(line, at, end, flags) > max_chars
        at = blank + 1
    return False


@inner_njit
def _longest_word(line, at, end, flags):  # type: ignore[no-untyped-def]
    longest = chars = np.int64(0)
    while at < end:
        code, length = decode(line, at, end)
        chars = np.int64(0) if flags_of(code, flags) & SPACE else chars + 1
        longest = max(longest, chars)
        at += length
    return longest
