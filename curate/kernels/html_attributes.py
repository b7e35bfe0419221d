"""The attributes that say something of a block: the words of class, id and role; hidden; whether a link leads away."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inlined_njit
from curate.kernels.bits import byte_at, load64, trailing_zeros
from curate.kernels.hashing import U64
from curate.kernels.html_page import ATTRIBUTE_FLAGS, HREF_START, HREF_STOP, TOKENS_PER_TAG, TOKENS_USED
from curate.kernels.html_scan import letters_of, low_bytes, next_attribute
from curate.kernels.html_tags import pack_name

#: Bits of `state[ATTRIBUTE_FLAGS]`.
HAS_HREF, SAYS_HIDDEN = 1, 2

_CLASS, _ID, _ROLE, _ITEMPROP, _HREF, _HIDDEN, _STYLE, _ARIA_HIDDEN = (
    U64(pack_name(name)) for name in ("class", "id", "role", "itemprop", "href", "hidden", "style", "aria-hid")
)
_DISPLAY, _NONE = U64(pack_name("display")), U64(pack_name("none"))
_DISPLAY_BYTES, _NONE_BYTES = 7, 4
_COLON, _T = 0x3A, 0x74
#: A token of a tag's name: a byte that no class can have.
TAG_TOKEN = 0xFF << 56
_CASES, _HIGHS, _FIRST = U64(0x2020202020202020), U64(0x8080808080808080), U64(0x80)


@inlined_njit
def read_attributes(text, at, end, tokens, state):  # type: ignore[no-untyped-def]
    """Read the attributes of a tag from behind its name; behind its `>`."""
    flags, used = np.int64(0), state[TOKENS_USED]
    limit = used + TOKENS_PER_TAG - 1
    while True:
        key, first, last, at = next_attribute(text, at, end)
        if key == 0:
            break
        if key in (_CLASS, _ID, _ROLE, _ITEMPROP):
            used = _take_tokens(text, first, last, tokens, used, limit)
        elif key == _HREF:
            flags |= HAS_HREF
            state[HREF_START], state[HREF_STOP] = first, last
        elif (
            key == _HIDDEN
            or (key == _ARIA_HIDDEN and first < last and byte_at(text, first) == _T)
            or (key == _STYLE and _is_invisible(text, first, last))
        ):
            flags |= SAYS_HIDDEN
    state[ATTRIBUTE_FLAGS], state[TOKENS_USED] = flags, used
    return at


@inlined_njit
def _take_tokens(text, at, end, tokens, used, limit):  # type: ignore[no-untyped-def]
    """The words of a value: runs of ASCII letters, cut before a capital that follows a small letter."""
    while at < end and used < limit:
        word = load64(text + U64(at))
        letters = letters_of(word)
        if letters & _FIRST == 0:  # not a letter: go to the next one
            at += max(1, np.int64(trailing_zeros(letters) >> U64(3)))
            continue
        small = word & (letters >> U64(2))
        turns = letters & ~(small << U64(2)) & (small << U64(10))  # capitals behind a small letter
        size = min(trailing_zeros((~letters & _HIGHS) | turns) >> U64(3), U64(end - at))
        if size > 1:
            tokens[used] = (word | _CASES) & low_bytes(size)
            used += 1
        at += np.int64(size)
        if size == 8:  # the rest of a long word says no more
            while at < end and 0x61 <= byte_at(text, at) <= 0x7A:
                at += 1
    return used


@inlined_njit
def _is_invisible(text, at, end):  # type: ignore[no-untyped-def]
    """Whether a style says `display: none`."""
    while at + _DISPLAY_BYTES + _NONE_BYTES < end:
        if load64(text + U64(at)) & low_bytes(U64(_DISPLAY_BYTES)) == _DISPLAY:
            at += _DISPLAY_BYTES
            while at < end and (byte_at(text, at) <= 32 or byte_at(text, at) == _COLON):
                at += 1
            return at + _NONE_BYTES <= end and load64(text + U64(at)) & low_bytes(U64(_NONE_BYTES)) == _NONE
        at += 1
    return False
