"""What each HTML tag means to the block kernel: a small hash table from packed names to ids, and flags for each id.

A name is packed into 64 bits: its first eight letters, lower-cased, the first in the lowest byte. No two tags that
matter here share eight letters.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.hashing import U64

#: No content and no end tag.
VOID = 1
#: Begins and ends a text block, and is kept on the stack of open elements.
BLOCK = 2
#: An open `p` ends before it.
CLOSES_P = 4
#: End tags inside do not reach elements outside.
SCOPE = 8
#: The content is text up to the end tag, none of it the page's.
RAW = 16
#: The content is parsed, but none of its text is the page's.
SKIP = 32
#: White space of the content counts.
PRE = 64
#: The attributes of the tag are read.
ATTRIBUTES = 128
#: A table or a part of one: its end tag reaches out of the cells of its own table.
TABLE_PART = 256

#: The flags of tags; a tag in several rows has those of all.
_FLAGS_OF = (
    (
        BLOCK | CLOSES_P | ATTRIBUTES,
        "address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer "
        "form h1 h2 h3 h4 h5 h6 header hgroup li listing main menu nav ol p pre search section summary table ul",
    ),
    (BLOCK | ATTRIBUTES, "body button caption custom- legend tbody td tfoot th thead tr"),
    (BLOCK | SKIP | ATTRIBUTES, "datalist noscript object select template"),
    (ATTRIBUTES, "a b em font html i label small span strong time"),
    (VOID, "area base br col embed hr img input link meta param source track wbr"),
    (CLOSES_P, "hr"),
    (RAW, "iframe noembed noframes script style svg textarea title xmp"),
    (SCOPE, "caption table td template th"),
    (TABLE_PART, "caption table tbody td tfoot th thead tr"),
    (PRE, "listing pre"),
    (0, "code option q"),
)

#: Of the parts of words that are annotated.
_RUBY = ("rp", "rt", "ruby", "rb")

#: The name of each tag id; id 0 is every tag that is not here. Models know the ids: new ones go to the end.
TAG_NAMES = ("", *sorted({name for _, names in _FLAGS_OF for name in names.split()}), *_RUBY)
_IDS = {name: number for number, name in enumerate(TAG_NAMES)}


def tag_id(name: str) -> int:
    """The id of a tag.

    >>> tag_id("p") == TAG_NAMES.index("p"), tag_id("nonsense")
    (True, 0)
    """
    return _IDS.get(name, 0)


def pack_name(name: str) -> int:
    """A name as the kernels pack it.

    >>> hex(pack_name("p")), pack_name("blockquote") == pack_name("blockquo")
    ('0x70', True)
    """
    return int.from_bytes(name.encode()[:8], "little")


def _flags() -> np.ndarray:
    flags = np.zeros(len(TAG_NAMES), np.uint16)
    for flag, names in _FLAGS_OF:
        flags[[_IDS[name] for name in names.split()]] |= flag
    return flags


_HASH_BITS = 10
_MULTIPLIER = 0x9E3779B97F4A7C15


def _slots() -> tuple[np.ndarray, np.ndarray]:
    """Packed names and ids by hash; names that meet go to the next slot."""
    keys, ids = np.zeros(1 << _HASH_BITS, np.uint64), np.zeros(1 << _HASH_BITS, np.uint8)
    for name, number in _IDS.items():
        key = pack_name(name)
        slot = (key * _MULTIPLIER % 2**64) >> (64 - _HASH_BITS)
        while keys[slot]:
            slot = (slot + 1) % len(keys)
        keys[slot], ids[slot] = key, number
    return keys, ids


TAG_FLAGS = _flags()
_KEYS, _SLOT_IDS = _slots()
_CUSTOM = tag_id("custom-")


@inner_njit
def find_tag(key):  # type: ignore[no-untyped-def]
    """The id of a packed name; 0 if it is unknown."""
    slot = np.int64((key * U64(_MULTIPLIER)) >> U64(64 - _HASH_BITS))
    while _KEYS[slot] != 0:
        if _KEYS[slot] == key:
            return np.int64(_SLOT_IDS[slot])
        slot = (slot + 1) & ((1 << _HASH_BITS) - 1)
    return np.int64(0)
