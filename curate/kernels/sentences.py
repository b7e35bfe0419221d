"""How many sentences a line has, by rules that need no training."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import trailing_zeros
from curate.kernels.blocks import BLOCK, bits_between, low_bits
from curate.kernels.characters import CLOSER, END, LOWER, decode, flags_of
from curate.kernels.hashing import U64
from curate.kernels.lines import skip, skip_space

_DOT, _BLANK, _WIDE = 0x2E, 0x20, 0x3000


@bare_njit
def count_sentences(line, begin, end, flags):  # type: ignore[no-untyped-def]
    """The sentences in the bytes of a line from `begin` to `end`.

    A sentence ends with a run of end marks and closing quotes and brackets, before white space or the line's end, and
    after an ideographic mark anywhere. One full stop does not end it before a small letter ("approx. five") nor after
    one capital ("J. Smith"). What is left at the end of the line is a sentence, too.
    """
    sentences, last, after = np.int64(0), begin, begin
    for block in range(begin, end, BLOCK):
        bits = _candidates(line, block) & low_bits(min(BLOCK, end - block))
        while bits:
            at = block + np.int64(trailing_zeros(bits))
            bits &= bits - U64(1)
            code = decode(line, at, end)[0]
            if at < after or not flags_of(code, flags) & END:
                continue
            after = skip(line, skip(line, at, end, END, flags), end, CLOSER, flags)
            if _ends_here(line, begin, at, after, end, code, flags):
                sentences, last = sentences + 1, after
    return sentences + (skip_space(line, last, end, flags) < end)


@inner_njit
def _candidates(line, at):  # type: ignore[no-untyped-def]
    """The three end marks of ASCII, and every byte that begins another character."""
    marks = bits_between(line, at, 0x21, 0x21) | bits_between(line, at, 0x2E, 0x2E) | bits_between(line, at, 0x3F, 0x3F)
    return marks | bits_between(line, at, 0xC2, 0xFF)


@inner_njit
def _ends_here(line, begin, at, after, end, code, flags):  # type: ignore[no-untyped-def]
    start = skip_space(line, after, end, flags)
    if start == end or code >= _WIDE:
        return True
    if start == after:
        return False
    if code != _DOT or after > at + 1:
        return True
    if flags_of(decode(line, start, end)[0], flags) & LOWER:
        return False
    initial = at > begin and 0x41 <= line[at - 1] <= 0x5A
    return not (initial and (at == begin + 1 or line[at - 2] == _BLANK or line[at - 2] == _DOT))
