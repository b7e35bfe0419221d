"""Which of some phrases a line has, in any case of ASCII letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import trailing_zeros
from curate.kernels.blocks import BLOCK, bits_between, low_bits
from curate.kernels.hashing import U64

#: What `first_phrase` takes: the phrases in lower case, back to back; where each begins; its two anchors.
PhraseTable = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]

#: Characters of English from the rarest to the most frequent; all others are rarer.
_RAREST_FIRST = b"zqxjkvbpygfwmucldrhsinoate "


def phrase_table(phrases: Sequence[str]) -> PhraseTable:
    """Phrases, none empty, as arrays: each is looked for at its two rarest bytes.

    >>> letters, offsets, anchors = phrase_table(["Cookies", "{"])
    >>> bytes(letters), offsets.tolist(), anchors.tolist()
    (b'cookies{', [0, 7, 8], [[3, 0], [0, 0]])
    """
    encoded = [phrase.encode().lower() for phrase in phrases]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    anchors = np.array([_anchors(phrase) for phrase in encoded], np.int64).reshape(-1, 2)
    return np.frombuffer(b"".join(encoded), np.uint8), offsets, anchors


def _anchors(phrase: bytes) -> tuple[int, int]:
    order = sorted(range(len(phrase)), key=lambda place: _RAREST_FIRST.find(phrase[place]))
    return order[0], order[min(1, len(order) - 1)]


@bare_njit
def first_phrase(line, at, end, table):  # type: ignore[no-untyped-def]
    """The number of the first of the phrases that is in the line, or -1."""
    letters, offsets, anchors = table
    for phrase in range(len(anchors)):
        if _contains(line, at, end, letters[offsets[phrase] : offsets[phrase + 1]], anchors[phrase]):
            return phrase
    return -1


@inner_njit
def _contains(line, at, end, phrase, anchors):  # type: ignore[no-untyped-def]
    """Blocks show where both anchors stand in the right places; only there the phrase is compared."""
    last = end - len(phrase)
    for block in range(at, last + 1, BLOCK):
        bits = _equal_bits(line, block + anchors[0], phrase[anchors[0]])
        bits &= _equal_bits(line, block + anchors[1], phrase[anchors[1]]) & low_bits(min(BLOCK, last + 1 - block))
        while bits:
            if _matches(line, block + np.int64(trailing_zeros(bits)), phrase):
                return True
            bits &= bits - U64(1)
    return False


@inner_njit
def _equal_bits(line, at, byte):  # type: ignore[no-untyped-def]
    """Which bytes are this one, given in lower case, or its capital."""
    bits = bits_between(line, at, byte, byte)
    return bits | bits_between(line, at, byte - 0x20, byte - 0x20) if 0x61 <= byte <= 0x7A else bits


@inner_njit
def _matches(line, at, phrase):  # type: ignore[no-untyped-def]
    for k in range(len(phrase)):
        byte = line[at + k]
        if (byte | 0x20 if 0x41 <= byte <= 0x5A else byte) != phrase[k]:
            return False
    return True
