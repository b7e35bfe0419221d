"""The ends of many pre-tokens at once: the patterns as arithmetic on the bits of 64 bytes.

Bit i of a mask stands for byte i of the window, so `mask << 1` asks about the byte before, and `mask >> 1` about the
byte after. A window begins where a pre-token begins. It says nothing past the first byte that is not ASCII, the end of
the text, or one of two rare arrangements (`undecided`); there `pretoken_rules` decides.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.bits import bytes_between, load64, trailing_zeros
from curate.kernels.hashing import U64
from curate.kernels.pretoken_patterns import (
    DEEPSEEK,
    DIGITS_FIRST,
    FAMILY,
    GPT2,
    NO_CONTRACTIONS,
    NUMBER_MASK,
    NUMBER_UNIT,
    O200K,
)
from curate.kernels.pretoken_rules import BLANK, NEWLINE, QUOTE, RETURN, SLASH, contraction

_BYTES = 64
_NONE, _ONE, _ALL = U64(0), U64(1), U64(0xFFFFFFFFFFFFFFFF)
_THREE_HIGH_BITS = U64(0x808080)


@inner_njit
def window_ends(text, size, at, end, pattern):  # type: ignore[no-untyped-def]
    """Bit i: a pre-token ends at `at + i`. Bit 0 is not set; past the last bit that is set nothing is known.

    `text` is an address, as `uint64`, at which `size` bytes can be read; a pre-token begins there at `at`, in a text
    that goes on to `end`.
    """
    here = text + U64(at)
    if at + _BYTES > size or load64(here) & _THREE_HIGH_BITS != _NONE:
        return _NONE
    unknown = bytes_between(here, 0x80, 0xFF) | (_ONE << U64(_BYTES - 1))
    if end - at < _BYTES:
        unknown |= _ALL << U64(end - at)
    known = _below(unknown)
    upper, lower = bytes_between(here, 0x41, 0x5A) & known, bytes_between(here, 0x61, 0x7A) & known
    digits, blanks = bytes_between(here, 0x30, 0x39) & known, bytes_between(here, BLANK, BLANK) & known
    letters, spaces = upper | lower, (bytes_between(here, 0x09, 0x0D) & known) | blanks
    symbols = known & ~(letters | digits | spaces)
    undecided = _NONE
    if pattern & FAMILY == GPT2:
        starts = _gpt2_starts(letters, digits, symbols, spaces, blanks, pattern)
    else:
        newlines = (bytes_between(here, NEWLINE, NEWLINE) | bytes_between(here, RETURN, RETURN)) & known
        starts, undecided = _cl100k_starts(letters, digits, symbols, spaces, blanks, newlines, known, pattern)
        if pattern & FAMILY == O200K:
            starts |= upper & (lower << _ONE)
            undecided |= bytes_between(here, SLASH, SLASH) & (newlines << _ONE)
        elif pattern & FAMILY == DEEPSEEK:
            controls = bytes_between(here, 0x00, 0x08) | bytes_between(here, 0x0E, 0x1F)
            undecided |= controls | bytes_between(here, 0x7F, 0x7F)
    starts &= (known >> _ONE) & _below(undecided)  # what begins at the last known byte depends on the next one
    quotes = bytes_between(here, QUOTE, QUOTE) & starts
    if quotes != _NONE and pattern & NO_CONTRACTIONS == 0:
        starts = _with_contractions(text, at, end, starts, quotes, letters, pattern)
    return starts & ~_ONE


@inner_njit
def _gpt2_starts(letters, digits, symbols, spaces, blanks, pattern):  # type: ignore[no-untyped-def]
    """Where pre-tokens begin, contractions apart: runs of one class, each with the blank before it."""
    words, visible = _firsts(letters) | _firsts(symbols), letters | symbols
    if pattern == DIGITS_FIRST:
        numbers = digits  # each of them, and no blank joins them
    else:
        words |= _firsts(digits)
        visible |= digits
        numbers = _NONE
    last_spaces = spaces & (visible >> _ONE)
    return (words & ~(blanks << _ONE)) | numbers | _firsts(spaces) | last_spaces


@inner_njit
def _cl100k_starts(letters, digits, symbols, spaces, blanks, newlines, known, pattern):  # type: ignore[no-untyped-def]
    """Where pre-tokens begin, contractions apart, and where that is undecided."""
    gaps, visible = spaces & ~newlines, letters | symbols
    if pattern & FAMILY != DEEPSEEK:  # there white space before a number is treated as at the end of the text
        visible |= digits
    first_symbols = _firsts(symbols) & ~(blanks << _ONE)
    words = _firsts(letters) & ~((gaps | first_symbols) << _ONE)  # the others have a character in front
    attached = newlines & ~(newlines + (newlines & (symbols << _ONE)))  # adding its first bit clears a run
    last_gaps = gaps & (visible >> _ONE)
    tails = gaps & ((newlines & ~attached) << _ONE)  # they begin, unless another newline follows in the same space
    undecided = _NONE
    if (gaps + tails) & ~gaps & (newlines | ~known) != _NONE:
        undecided = tails
    starts = words | first_symbols | _firsts(spaces & ~attached) | last_gaps | tails
    return starts | _numbers(digits, (pattern & NUMBER_MASK) // NUMBER_UNIT), undecided


@inner_njit
def _numbers(digits, limit):  # type: ignore[no-untyped-def]
    """Where numbers begin: every `limit` digits of a run, or only where it begins if that is 0."""
    starts = _firsts(digits)
    if limit == 0:
        return starts
    within = digits  # with `limit` digits right before
    for distance in range(1, limit + 1):
        within &= digits << U64(distance)
    more = (starts << U64(limit)) & within
    while more != _NONE:
        starts |= more
        more = (more << U64(limit)) & within
    return starts


@inner_njit
def _with_contractions(text, at, end, starts, quotes, letters, pattern):  # type: ignore[no-untyped-def]
    """`starts` corrected for the contractions among `quotes`, where pre-tokens would begin without them."""
    joined = pattern & FAMILY == O200K
    after_last = 0
    while quotes != _NONE:
        place = np.int64(trailing_zeros(quotes))
        quotes &= quotes - _ONE
        if joined and (place == after_last or (letters >> U64(place - 1)) & _ONE == _NONE):
            continue  # not right after the letters of a word, which has at most one
        length = contraction(text, at + place, end, pattern)
        if length == 0:
            continue
        after_last = place + length
        starts &= ~(U64(0b11) << U64(place + 1))
        if joined:
            starts &= ~(_ONE << U64(place))
        if after_last < _BYTES:
            starts |= _ONE << U64(after_last)
    return starts


@inner_njit
def _firsts(mask):  # type: ignore[no-untyped-def]
    """The first bit of each run."""
    return mask & ~(mask << _ONE)


@inner_njit
def _below(mask):  # type: ignore[no-untyped-def]
    """All bits below the lowest of `mask`; all there are if it has none."""
    return (mask & (~mask + _ONE)) - _ONE
