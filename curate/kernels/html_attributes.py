"""The attributes that say something of a block: the words of class, id and role; hidden; whether a link leads away."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.bits import load64, trailing_zeros
from curate.kernels.hashing import U64
from curate.kernels.html_page import ATTRIBUTE_FLAGS, OG_TYPE, TOKENS_USED
from curate.kernels.html_scan import letters_of, low_bytes, next_attribute
from curate.kernels.html_tags import pack_name

#: Bits of `state[ATTRIBUTE_FLAGS]`.
HAS_HREF, SAYS_HIDDEN = 1, 2

_CLASS, _ID, _ROLE, _ITEMPROP, _HREF, _HIDDEN, _STYLE, _ARIA_HIDDEN = (
    pack_name(name) for name in ("class", "id", "role", "itemprop", "href", "hidden", "style", "aria-hid")
)
_DISPLAY, _NONE_VALUE, _OG = (np.frombuffer(text, np.uint8) for text in (b"display", b"none", b"og:type"))
_PROPERTY, _CONTENT = pack_name("property"), pack_name("content")
_PAGE_KINDS = np.array([pack_name(name) for name in ("article", "website", "product")], np.uint64)
_COLON, _T = 0x3A, 0x74
#: A token of a tag's name: a byte that no class can have.
TAG_TOKEN = 0xFF << 56
_MAX_TOKENS_PER_TAG = 48
_CASES, _HIGHS, _FIRST = U64(0x2020202020202020), U64(0x8080808080808080), U64(0x80)
_IS_SMALL = np.array([0x61 <= code <= 0x7A for code in range(256)])


@inner_njit
def read_attributes(data, at, end, tokens, state):  # type: ignore[no-untyped-def]
    """Read the attributes of a tag from behind its name; behind its `>`."""
    flags, used = np.int64(0), state[TOKENS_USED]
    limit = min(used + _MAX_TOKENS_PER_TAG, len(tokens))
    while True:
        key, first, last, at = next_attribute(data, at, end)
        if key == 0:
            break
        if key in (_CLASS, _ID, _ROLE, _ITEMPROP):
            used = _take_tokens(data, first, last, tokens, used, limit)
        elif key == _HREF:
            flags |= HAS_HREF
        elif (
            key == _HIDDEN
            or (key == _ARIA_HIDDEN and first < last and data[first] == _T)
            or (key == _STYLE and _is_invisible(data, first, last))
        ):
            flags |= SAYS_HIDDEN
    state[ATTRIBUTE_FLAGS], state[TOKENS_USED] = flags, used
    return at


@inner_njit
def read_meta(data, at, end, state):  # type: ignore[no-untyped-def]
    """Read a `meta` tag; if it says `og:type`, the kind of page goes to `state[OG_TYPE]`. Behind its `>`."""
    kind, is_type = np.int64(0), False
    while True:
        key, first, last, at = next_attribute(data, at, end)
        if key == 0:
            break
        if key == _PROPERTY:
            is_type = last - first == len(_OG) and _matches(data, first, _OG)
        elif key == _CONTENT:
            kind = _page_kind(load64(U64(data.ctypes.data + first)), last - first)
    if is_type:
        state[OG_TYPE] = kind
    return at


@inner_njit
def _page_kind(word, size):  # type: ignore[no-untyped-def]
    """1 to 3 for the kinds of page that are most frequent, 4 for others."""
    word = (word | _CASES) & low_bytes(U64(min(size, 7)))
    for k in range(len(_PAGE_KINDS)):
        if word == _PAGE_KINDS[k]:
            return np.int64(k + 1)
    return np.int64(4)


@inner_njit
def _take_tokens(data, at, end, tokens, used, limit):  # type: ignore[no-untyped-def]
    """The words of a value: runs of ASCII letters, cut before a capital that follows a small letter."""
    base = data.ctypes.data
    while at < end and used < limit:
        word = load64(U64(base + at))
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
            while at < end and _IS_SMALL[data[at]]:
                at += 1
    return used


@inner_njit
def _is_invisible(data, at, end):  # type: ignore[no-untyped-def]
    """Whether a style says `display: none`."""
    while at + len(_DISPLAY) + len(_NONE_VALUE) < end:
        if _matches(data, at, _DISPLAY):
            at += len(_DISPLAY)
            while at < end and (data[at] <= 32 or data[at] == _COLON):
                at += 1
            return at + len(_NONE_VALUE) <= end and _matches(data, at, _NONE_VALUE)
        at += 1
    return False


@inner_njit
def _matches(data, at, word):  # type: ignore[no-untyped-def]
    for k in range(len(word)):  # noqa: SIM110 (numba has no generators)
        if data[at + k] != word[k]:
            return False
    return True
