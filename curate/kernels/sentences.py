"""How many sentences a line has, by rules that need no training."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.characters import CLOSER, END, LOWER, SPACE, character_flags
from curate.kernels.lines import skip
from curate.kernels.words import decode

_DOT, _WIDE = 0x2E, 0x3000


def sentence_bytes() -> NDArray[np.bool_]:
    """Which bytes may begin a character that ends a sentence; what `count_sentences` looks up."""
    firsts = np.zeros(256, np.bool_)
    firsts[[chr(code).encode()[0] for code in np.flatnonzero(character_flags() & END)]] = True
    return firsts


@njit(cache=True, nogil=True)
def count_sentences(line, length, ending, flags):  # type: ignore[no-untyped-def]
    """The sentences in the first `length` bytes of a line.

    A sentence ends with a run of end marks and closing quotes and brackets, before white space or the line's end, and
    after an ideographic mark anywhere. One full stop does not end it before a small letter ("approx. five") nor after
    one capital ("J. Smith"). What is left at the end of the line is a sentence, too.
    """
    at, sentences, begun = np.int64(0), np.int64(0), False
    while at < length:
        if not ending[line[at]]:
            begun |= line[at] > 0x20
            at += 1
            continue
        code, step = decode(line, at, length)
        if code >= len(flags) or not flags[code] & END:
            begun |= code >= len(flags) or not flags[code] & SPACE
            at += step
            continue
        after = skip(line, skip(line, at, length, END, flags), length, CLOSER, flags)
        single = code == _DOT and after == at + 1
        if _ends_here(line, at, after, length, code, single, flags):
            sentences, begun = sentences + 1, False
        at = after
    return sentences + begun


@njit(cache=True, nogil=True)
def _ends_here(line, at, after, length, code, single, flags):  # type: ignore[no-untyped-def]
    start = skip(line, after, length, SPACE, flags)
    if start == length or code >= _WIDE:
        return True
    if start == after:
        return False
    if not single:
        return True
    following = decode(line, start, length)[0]
    if following < len(flags) and flags[following] & LOWER:
        return False
    initial = at > 0 and 0x41 <= line[at - 1] <= 0x5A
    return not (initial and (at == 1 or line[at - 2] == 0x20 or line[at - 2] == _DOT))
