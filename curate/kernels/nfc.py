"""Which texts are in Unicode's normalisation form C, so that the normalizer of a tokenizer leaves them as they are.

Versions of Unicode agree on texts of characters that all of them have (its stability policy), so Python's tables tell,
but for texts with other characters. Most texts consist of characters that no normalisation ever touches.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit
from curate.kernels.bits import load64
from curate.kernels.buffers import text_buffers
from curate.kernels.hashing import U64
from curate.kernels.pretoken_classes import class_at, table_codes

#: What form C makes of a character: it stays as it is in any text; that depends on the text, or it never does; it
#: depends on the version of Unicode.
_STAYS, _DEPENDS, _UNKNOWN = range(3)
_HIGH_BITS = U64(0x8080808080808080)
_HANGUL_PARTS = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))  # vowels and finals, which join what is before them


def surely_nfc(texts: pa.Array) -> NDArray[np.bool_]:
    """Whether each text is in form C in every version of Unicode.

    Args:
        texts: Arrow `string` or `large_string` without nulls.

    >>> surely_nfc(pa.array(["caf\u00e9", "cafe\u0301", "\u0e2d\u0e38"])).tolist()
    [True, False, True]
    """
    data, starts = text_buffers(texts)
    kinds = np.zeros(len(texts), np.uint8)
    if len(data):
        _least_stable(data, starts, _table(), kinds)
    for row in np.flatnonzero(kinds == _DEPENDS).tolist():
        if unicodedata.is_normalized("NFC", texts[row].as_py()):
            kinds[row] = _STAYS
    return np.equal(kinds, _STAYS)


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    """For each place in a table as `pretoken_classes` has them, what form C makes of the character."""
    characters = [chr(code) for code in table_codes()]
    composed = [
        c for c in characters if unicodedata.decomposition(c) and not unicodedata.decomposition(c).startswith("<")
    ]
    joining = {unicodedata.normalize("NFD", c)[-1] for c in composed} | set(map(chr, _HANGUL_PARTS))
    joining |= {c for c in composed if unicodedata.normalize("NFC", c) != c}
    table = np.full(len(characters), _STAYS, np.uint8)
    for place, character in enumerate(characters):
        if unicodedata.category(character) == "Cn":
            table[place] = _UNKNOWN
        elif unicodedata.combining(character) or character in joining:
            table[place] = _DEPENDS
    return table


@bare_njit
def _least_stable(data, starts, table, kinds):  # type: ignore[no-untyped-def]
    """The highest kind of a character in each text."""
    text, classes = U64(data.ctypes.data), U64(table.ctypes.data)
    for row in range(len(starts) - 1):
        at, end = starts[row], starts[row + 1]
        while at < end:
            if at + 8 <= end and load64(text + U64(at)) & _HIGH_BITS == U64(0):
                at += 8
                continue
            kind, length = class_at(text, at, end, classes)
            if kind > kinds[row]:
                kinds[row] = kind
            at += length
