"""What the head of a page says of it: where the values of known `meta` tags, of links and of the language are.

It is noted while the page is cut, up to where its body begins; `curate.ingest.extraction.metadata` makes text of it.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inlined_njit, inner_njit
from curate.kernels.bits import byte_at, load64
from curate.kernels.hashing import U64
from curate.kernels.html_page import HEAD_NAMES, META_NAMES, OG_TYPE, SAW_BODY
from curate.kernels.html_scan import low_bytes, next_attribute, skip_space
from curate.kernels.html_tags import pack_name, tag_id

_MULTIPLIER = 0x9E3779B97F4A7C15
_NAME, _PROPERTY, _ITEMPROP, _REL, _CONTENT, _HREF, _LANG = (
    U64(pack_name(name)) for name in ("name", "property", "itemprop", "rel", "content", "href", "lang")
)
_OG_TYPE, _OG_TYPE_BYTES = U64(pack_name("og:type")), 7
_HTML, _META = tag_id("html"), tag_id("meta")
_LANGUAGE = HEAD_NAMES.index("lang")
_PAGE_KINDS = np.array([pack_name(name) for name in ("article", "website", "product")], np.uint64)
_CASES = U64(0x2020202020202020)


def _hash(name: str) -> int:
    value = 0
    for byte in name.encode():
        value = (value ^ byte) * _MULTIPLIER % 2**64
    return value


_HASHES = np.array([_hash(name) for name in HEAD_NAMES], np.uint64)


@inlined_njit
def read_head_tag(text, at, end, tag, head, state):  # type: ignore[no-untyped-def]
    """Read the attributes of `meta`, `link` or `html` and note what they say, unless it was said before.

    Args:
        head: `int32` of shape (len(HEAD_NAMES), 2): first and last of each value; the last is -1 if there is none.

    Returns:
        Where the tag ends: behind its `>`.
    """
    wanted = _CONTENT if tag == _META else (_LANG if tag == _HTML else _HREF)
    name_first = name_last = first = last = np.int64(-1)
    is_type = False
    while True:
        key, begin, stop, at = next_attribute(text, at, end)
        if key == 0:
            break
        if key == wanted:
            first, last = begin, stop
        elif key in (_NAME, _PROPERTY, _ITEMPROP, _REL):
            is_type |= key == _PROPERTY and _is_og_type(text, begin, stop)
            if name_last < 0:
                name_first, name_last = begin, stop
    if is_type:
        state[OG_TYPE] = _page_kind(load64(text + U64(first)), last - first) if last >= 0 else 0
    if last > first and not state[SAW_BODY]:
        if tag == _HTML:
            _note(head, _LANGUAGE, first, last)
        elif tag == _META:
            _note(head, _find(_hash_name(text, name_first, name_last), 0, len(META_NAMES)), first, last)
        else:
            _note_links(text, name_first, name_last, first, last, head)
    return at


@inlined_njit
def _is_og_type(text, at, stop):  # type: ignore[no-untyped-def]
    return stop - at == _OG_TYPE_BYTES and load64(text + U64(at)) & low_bytes(U64(_OG_TYPE_BYTES)) == _OG_TYPE


@inlined_njit
def _note_links(text, at, stop, first, last, head):  # type: ignore[no-untyped-def]
    """A link may be of several kinds."""
    at = skip_space(text, at, stop)
    while at < stop:
        begin = at
        while at < stop and byte_at(text, at) > 32:
            at += 1
        _note(head, _find(_hash_name(text, begin, at), len(META_NAMES), _LANGUAGE), first, last)
        at = max(skip_space(text, at, stop), begin + 1)


@inlined_njit
def _note(head, name, first, last):  # type: ignore[no-untyped-def]
    if name >= 0 and head[name, 1] < 0:
        head[name, 0], head[name, 1] = first, last


@inner_njit
def _hash_name(text, at, stop):  # type: ignore[no-untyped-def]
    """A hash of a name of up to 32 bytes; capitals are small letters."""
    value = U64(0)
    for k in range(at, min(stop, at + 32)):
        byte = byte_at(text, k)
        value = (value ^ U64(byte + (32 if 0x41 <= byte <= 0x5A else 0))) * U64(_MULTIPLIER)
    return value


@inner_njit
def _find(value, first, last):  # type: ignore[no-untyped-def]
    """Which of some names has a hash; -1 if none has."""
    for name in range(first, last):
        if _HASHES[name] == value:
            return name
    return -1


@inlined_njit
def _page_kind(word, size):  # type: ignore[no-untyped-def]
    """1 to 3 for the kinds of page that are most frequent, 4 for others."""
    word = (word | _CASES) & low_bytes(U64(min(size, 7)))
    for k in range(len(_PAGE_KINDS)):
        if word == _PAGE_KINDS[k]:
            return np.int64(k + 1)
    return np.int64(4)
