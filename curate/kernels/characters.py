"""What kind of character each code point is, as bits of a byte: what the counting kernels look up."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from curate.kernels.words import OTHER, character_tables

#: `str.isspace`; a boundary of `str.splitlines`; part of a word of the word stream; `str.isalpha`; may stand between
#: the letters of one token (didn't, 3.14, snake_case); `str.islower`; ends a sentence; may close a quotation then.
SPACE, BREAK, WORD, ALPHA, JOINER, LOWER, END, CLOSER = 1, 2, 4, 8, 16, 32, 64, 128

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
def character_flags() -> NDArray[np.uint8]:
    """The bits of each code point; those past the end of the table have none.

    >>> flags = character_flags()
    >>> [bool(flags[ord(c)] & ALPHA) for c in "aß7 -"]
    [True, True, False, False, False]
    """
    classes, _ = character_tables()
    flags = np.zeros(len(classes), np.uint8)
    for code in range(len(classes)):
        character = chr(code)
        flags[code] = SPACE * character.isspace() | ALPHA * character.isalpha() | LOWER * character.islower()
    flags[classes != OTHER] |= WORD
    for bit, characters in ((BREAK, _BREAKS), (JOINER, _JOINERS), (END, SENTENCE_ENDS + "…"), (CLOSER, _CLOSERS)):
        flags[[ord(character) for character in characters]] |= bit
    return flags
