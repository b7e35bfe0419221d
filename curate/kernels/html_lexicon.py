"""Weights of words: of class, id and tag names, of short texts, and of the headings above a text.

Words are packed or hashed to 64 bits (`tokens`), and a table says what each weighs. The weight is learnt: the log odds
that text which has it is content, less the log odds of any text of the same pages, in hundredths.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.hashing import U64
from curate.kernels.html_page import START, STOP

_BITS = 15
_SHIFT = U64(64 - _BITS)
_MULTIPLIER = U64(0x9E3779B97F4A7C15)
_LOW_BITS = U64((1 << 56) - 1)
#: The highest byte tells tokens apart. Those of class and id names end in a letter or 0, those of tags in 0xFF.
TEXT_TOKEN, HEADING_TOKEN = U64(0xFE << 56), U64(0xFD << 56)
#: Only blocks of so few words are looked at word by word.
MAX_TEXT_WORDS = 12


class Lexicon(NamedTuple):
    """Tokens and weights by hash: `uint64` and `int32` of shape (32768,), 0 where empty."""

    keys: NDArray[np.uint64]
    weights: NDArray[np.int32]


def make_lexicon(tokens: NDArray[np.uint64], weights: NDArray[np.int32]) -> Lexicon:
    """The table of up to 12,000 tokens.

    >>> lexicon = make_lexicon(np.array([5], np.uint64), np.array([-120], np.int32))
    >>> lexicon.weights.min().item()
    -120
    """
    if len(tokens) > 12_000:
        raise ValueError(f"a lexicon holds up to 12,000 tokens, not {len(tokens)}")
    size = 1 << _BITS
    lexicon = Lexicon(np.zeros(size, np.uint64), np.zeros(size, np.int32))
    for token, weight in zip(tokens.tolist(), weights.tolist(), strict=True):
        slot = (token * int(_MULTIPLIER) % 2**64) >> (64 - _BITS)
        while lexicon.keys[slot]:
            slot = (slot + 1) % size
        lexicon.keys[slot], lexicon.weights[slot] = token, weight
    return lexicon


@inner_njit
def token_weight(token, lexicon):  # type: ignore[no-untyped-def]
    """What a token weighs; 0 if it is unknown."""
    slot = np.int64((token * _MULTIPLIER) >> _SHIFT)
    while lexicon.keys[slot] != 0:
        if lexicon.keys[slot] == token:
            return np.int64(lexicon.weights[slot])
        slot = (slot + 1) & (len(lexicon.keys) - 1)
    return np.int64(0)


@bare_njit()
def hash_words(data, at, stop, hashes):  # type: ignore[no-untyped-def]
    """Hash the first words, up to the length of `hashes`; how many there are.

    A word is a run of ASCII letters and digits, in any case, and of bytes above them; its highest byte is 0.
    """
    count, value, inside = 0, U64(0), False
    while at < stop and count < len(hashes):
        byte = data[at]
        lower = byte | 0x20
        if 0x61 <= lower <= 0x7A or 0x30 <= byte <= 0x39 or byte >= 0x80:
            value = ((value if inside else U64(7)) ^ U64(lower if byte < 0x80 else byte)) * _MULTIPLIER
            value ^= value >> U64(29)
            inside = True
        elif inside:
            hashes[count] = value & _LOW_BITS
            count, inside = count + 1, False
        at += 1
    if inside and count < len(hashes):
        hashes[count] = value & _LOW_BITS
        count += 1
    return count


@inner_njit
def text_tokens(block, out, hashes):  # type: ignore[no-untyped-def]
    """The words of a short block, without marks of their use; how many, 0 if the block is long."""
    if block[STOP] - block[START] > 16 * MAX_TEXT_WORDS:
        return 0
    count = hash_words(out, np.int64(block[START]), np.int64(block[STOP]), hashes)
    return count if count <= MAX_TEXT_WORDS else 0
