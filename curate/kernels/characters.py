"""What kind of character each code point is: the tables that the kernels look up, and how to read UTF-8."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.bare import tuned_njit

#: To the word stream a character is no part of a word, part of one, a word on its own, or a mark on the one before.
OTHER, WORD, SINGLE, MARK = range(4)

_TABLE_SIZE = 0x32400  # past the last CJK extension; above it nothing is a word
_SINGLE_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # ideographic iteration mark, closing mark, zero
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),  # halfwidth Katakana
    (0x20000, 0x323AF),
)
_DOTTED_CAPITAL_I, _SIGMA, _FINAL_SIGMA = 0x130, 0x3C3, 0x3C2
_FIRST_HIGH_MARK, _LAST_HIGH_MARK = 0xE0100, 0xE01EF  # variation selectors

#: `str.isspace`; a boundary of `str.splitlines`; part of a word of the word stream; `str.isalpha`; may stand between
#: the letters of one token (didn't, 3.14, snake_case); `str.islower`; ends a sentence; may close a quotation then.
SPACE, BREAK, IN_WORD, ALPHA, JOINER, LOWER, END, CLOSER = (np.uint8(1 << bit) for bit in range(8))

_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_JOINERS = "'’._@&,:/"
_CLOSERS = "\"'”’»)]）」』"

#: The property Sentence_Terminal of Unicode 17 (PropList.txt), as hexadecimal code points and ranges.
_SENTENCE_TERMINAL = """
    21 2E 3F 589 61D-61F 6D4 700-702 7F9 837 839 83D-83E 964-965 104A-104B 1362 1367-1368 166E 1735-1736 17D4-17D5
    1803 1809 1944-1945 1AA8-1AAB 1B4E-1B4F 1B5A-1B5B 1B5E-1B5F 1B7D-1B7F 1C3B-1C3C 1C7E-1C7F 2024 203C-203D
    2047-2049 2CF9-2CFB 2E2E 2E3C 2E53-2E54 2E60-2E61 3002 A4FF A60E-A60F A6F3 A6F7 A876-A877 A8CE-A8CF A92F
    A9C8-A9C9 AA5D-AA5F AAF0-AAF1 ABEB FE12 FE15-FE16 FE52 FE56-FE57 FF01 FF0E FF1F FF61 10A56-10A57 10F55-10F59
    10F86-10F89 11047-11048 110BE-110C1 11141-11143 111C5-111C6 111CD 111DE-111DF 11238-11239 1123B-1123C 112A9
    113D4-113D5 1144B-1144C 115C2-115C3 115C9-115D7 11641-11642 1173C-1173E 11944 11946 11A42-11A43 11A9B-11A9C
    11C41-11C42 11EF7-11EF8 11F43-11F44 16A6E-16A6F 16AF5 16B37-16B38 16B44 16D6E-16D6F 16E98 1BC9F 1DA88
"""


def _characters(ranges: str) -> str:
    """The characters of a list of code points and ranges.

    >>> _characters("21 3F-41")
    '!?@A'
    """
    bounds = [[int(code, 16) for code in item.split("-")] for item in ranges.split()]
    return "".join(chr(code) for first, *last in bounds for code in range(first, (last or [first])[0] + 1))


#: Every character that ends a sentence, in any script.
SENTENCE_ENDS = _characters(_SENTENCE_TERMINAL)


@lru_cache(maxsize=1)
def character_tables() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """For each code point its class (OTHER, WORD, SINGLE, MARK) and its lower-case code point."""
    classes = np.zeros(_TABLE_SIZE, np.uint8)
    lower = np.arange(_TABLE_SIZE, dtype=np.int32)
    for code in range(_TABLE_SIZE):
        kind = unicodedata.category(chr(code))[0]
        if kind in "LN":
            classes[code] = WORD
            small = chr(code).lower()
            lower[code] = ord(small) if len(small) == 1 else code
        elif kind == "M":
            classes[code] = MARK
    for first, last in _SINGLE_RANGES:
        span = classes[first : last + 1]
        span[span == WORD] = SINGLE
    lower[_FINAL_SIGMA] = _SIGMA
    lower[_DOTTED_CAPITAL_I] = ord("i")  # the kernel adds the dot, as str.lower does
    return classes, lower


@lru_cache(maxsize=1)
def character_flags() -> NDArray[np.uint8]:
    """The bits of each code point; for those past the end of the table see `flags_of`.

    >>> flags = character_flags()
    >>> [bool(flags[ord(c)] & ALPHA) for c in "aß7 -"]
    [True, True, False, False, False]
    """
    classes, _ = character_tables()
    flags = np.zeros(len(classes), np.uint8)
    for code in range(len(classes)):
        character = chr(code)
        flags[code] = SPACE * character.isspace() | ALPHA * character.isalpha() | LOWER * character.islower()
    flags[classes != OTHER] |= IN_WORD
    for bit, characters in ((BREAK, _BREAKS), (JOINER, _JOINERS), (END, SENTENCE_ENDS + "…"), (CLOSER, _CLOSERS)):
        flags[[ord(character) for character in characters]] |= bit
    return flags


@tuned_njit
def decode(data, at, end):  # type: ignore[no-untyped-def]
    """The code point at `at` and its length in bytes; text was checked to be UTF-8, `end` is still kept."""
    byte = np.int64(data[at])
    if byte < 0x80:
        return byte, 1
    if byte < 0xE0 and at + 1 < end:
        return ((byte & 0x1F) << 6) | (np.int64(data[at + 1]) & 0x3F), 2
    if byte < 0xF0 and at + 2 < end:
        middle = np.int64(data[at + 1]) & 0x3F
        return ((byte & 0x0F) << 12) | (middle << 6) | (np.int64(data[at + 2]) & 0x3F), 3
    if at + 3 < end:
        high = ((byte & 0x07) << 18) | ((np.int64(data[at + 1]) & 0x3F) << 12)
        return high | ((np.int64(data[at + 2]) & 0x3F) << 6) | (np.int64(data[at + 3]) & 0x3F), 4
    return 0, 1


@njit(cache=True, nogil=True, inline="always")
def class_past_table(code):  # type: ignore[no-untyped-def]
    """The class of a code point past the end of the tables: only variation selectors are of a word there."""
    return np.uint8(MARK if _FIRST_HIGH_MARK <= code <= _LAST_HIGH_MARK else OTHER)


@njit(cache=True, nogil=True, inline="always")
def flags_of(code, flags):  # type: ignore[no-untyped-def]
    """The bits of a code point, in the table or past its end."""
    if code < len(flags):
        return flags[code]
    return np.uint8(IN_WORD if class_past_table(code) != OTHER else 0)
