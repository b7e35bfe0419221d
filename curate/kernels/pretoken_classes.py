"""What kind of character each code point is to the patterns that split text before BPE, as `tokenizers` sees it.

`tokenizers` is asked once per process, because Unicode has versions: Python's own tables differ by some thousand
letters. Asking takes about 50 ms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import inner_njit
from curate.kernels.bits import byte_at

#: \p{Lu} and \p{Lt}; \p{Ll}; \p{Lm} and \p{Lo}; \p{M}; \p{N}; \s; anything else. A character has one of these bits.
UPPER, LOWER, CASELESS, MARK, NUMBER, SPACE, OTHER = (1 << bit for bit in range(7))
LETTERS = UPPER | LOWER | CASELESS
SYMBOLS = MARK | OTHER
#: In the table for DeepSeek's patterns: \p{L}; \p{P} and \p{S}; and apart, in the range of Han and Kana, letters and
#: marks; \p{P} and \p{S}; and anything else.
LETTER, PUNCTUATION, KANA, KANA_PUNCTUATION, KANA_OTHER = LOWER, 128, UPPER, CASELESS, 0

PROPERTIES = {
    r"[\p{Lu}\p{Lt}]+": UPPER,
    r"\p{Ll}+": LOWER,
    r"[\p{Lm}\p{Lo}]+": CASELESS,
    r"\p{M}+": MARK,
    r"\p{N}+": NUMBER,
    r"\s+": SPACE,
}
_DEEPSEEK_PROPERTIES = {
    r"\p{L}+": LETTER,
    r"\p{M}+": MARK,
    r"\p{N}+": NUMBER,
    r"\s+": SPACE,
    r"[\p{P}\p{S}]+": PUNCTUATION,
    "[一-龥\u3040-ヿ]+": KANA_OTHER,
    r"[\p{L}\p{M}&&[一-龥\u3040-ヿ]]+": KANA,
    r"[\p{P}\p{S}&&[一-龥\u3040-ヿ]]+": KANA_PUNCTUATION,
}

#: The table has the code points below 0x40000, then 4,096 from U+E0000, where there are marks (variation selectors).
#: All others are OTHER: for private use, or in planes without any character. A test asks `tokenizers` about each.
_TABLE_SIZE = 0x40000
_LAST_BLOCK = 0xE0000
_LAST_BLOCK_SIZE = 0x1000
_SURROGATES = 0xD800, 0xE000


@lru_cache(maxsize=3)
def character_classes(kind: Literal["common", "digits", "deepseek"] = "common") -> NDArray[np.uint8]:
    """The class of each code point below 0x40000, then of the 4,096 from U+E0000: `uint8` of shape (0x41000,).

    Args:
        kind: "digits" is the common table but for NUMBER, which is what the pre-tokenizer `Digits` takes for a digit,
            and not \\p{N}: the same library has newer Unicode there, 13 characters more in `tokenizers` 0.23.

    >>> classes = character_classes()
    >>> [int(classes[ord(character)]) for character in "Aaª\u0301½\u3000!"]
    [1, 2, 4, 8, 16, 32, 64]
    """
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import Digits, Split

    codes = table_codes()
    asked = np.flatnonzero((codes < _SURROGATES[0]) | (codes >= _SURROGATES[1]))
    text = codes[asked].tobytes().decode("utf-32-le")
    place = np.repeat(asked, 1 + np.searchsorted([0x80, 0x800, 0x10000], codes[asked], side="right"))
    classes = np.full(len(codes), OTHER, np.uint8)
    properties = _DEEPSEEK_PROPERTIES if kind == "deepseek" else PROPERTIES
    for regex, bit in properties.items():
        for start, stop in _pieces(text, Split(Regex(regex), "removed", invert=True)):
            classes[place[start:stop]] = bit
    if kind == "digits":  # what is a digit and what is not take turns, and U+0000 is not
        for start, stop in _pieces(text, Digits())[1::2]:
            classes[place[start:stop]] = NUMBER
    classes.setflags(write=False)
    return classes


def table_codes() -> NDArray[np.uint32]:
    """The code point for each place in a table of classes."""
    return np.concatenate([np.arange(_TABLE_SIZE), np.arange(_LAST_BLOCK, _LAST_BLOCK + _LAST_BLOCK_SIZE)]).astype("u4")


def _pieces(text: str, splitter: Any) -> list[tuple[int, int]]:
    """Where the pieces of a text are, in bytes, as a pre-tokenizer splits it."""
    from tokenizers import PreTokenizedString

    split = PreTokenizedString(text)
    splitter.pre_tokenize(split)
    return [bounds for _, bounds, _ in split.get_splits("original", "byte")]


@inner_njit
def class_at(text, at, end, classes):  # type: ignore[no-untyped-def]
    """The class and the length in bytes of the character at `at`; text is UTF-8, `end` is kept all the same.

    `text` and `classes` are addresses, as `uint64`.
    """
    byte = byte_at(text, at)
    if byte < 0x80:
        return byte_at(classes, byte), 1
    if byte < 0xE0 and at + 1 < end:
        return byte_at(classes, ((byte & 0x1F) << 6) | (byte_at(text, at + 1) & 0x3F)), 2
    if byte < 0xF0 and at + 2 < end:
        code = ((byte & 0x0F) << 12) | ((byte_at(text, at + 1) & 0x3F) << 6) | (byte_at(text, at + 2) & 0x3F)
        return byte_at(classes, code), 3
    if at + 3 < end:
        high = ((byte & 0x07) << 18) | ((byte_at(text, at + 1) & 0x3F) << 12)
        code = high | ((byte_at(text, at + 2) & 0x3F) << 6) | (byte_at(text, at + 3) & 0x3F)
        if code >= _TABLE_SIZE:
            code += _TABLE_SIZE - _LAST_BLOCK
            if code < _TABLE_SIZE or code >= _TABLE_SIZE + _LAST_BLOCK_SIZE:
                return OTHER, 4
        return byte_at(classes, code), 4
    return OTHER, 1


@inner_njit
def run_end(text, at, end, kinds, classes):  # type: ignore[no-untyped-def]
    """Where a run of characters of some classes ends that may go on at `at`."""
    while at < end:
        kind, length = class_at(text, at, end, classes)
        if kind & kinds == 0:
            break
        at += length
    return at
