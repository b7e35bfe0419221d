"""Where a block is relative to one that is surely content: how far apart they are in the tree of elements."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.hashing import U64
from curate.kernels.html_elements import JOIN, SUM_LINK, SUM_WORDS
from curate.kernels.html_page import DEPTH, ELEMENT, FIRST_BLOCK, LAST_BLOCK, PARENT

#: Steps from the anchor and from the block to the innermost element that holds both, and its share of the page.
ANCHOR_NAMES = ("up", "down", "share")
#: Of the elements around a block, the one with the most siblings of its kind: what a list of teasers is made of.
ITEM_NAMES = ("repeats", "blocks", "words", "link_share")
_ITEM_REACH = 6
_MULTIPLIER = U64(0x9E3779B97F4A7C15)


@inner_njit
def add_anchor(anchor, blocks, elements, extra, sums, features, column):  # type: ignore[no-untyped-def]
    """Write ANCHOR_NAMES, relative to the block `anchor`, from `column` on."""
    extra[: len(elements), JOIN] = -1
    element = np.int64(blocks[anchor, ELEMENT])
    depth = np.int64(elements[element, DEPTH])
    while element >= 0:
        extra[element, JOIN] = element
        element = np.int64(elements[element, PARENT])
    for e in range(1, len(elements)):
        if extra[e, JOIN] < 0:
            extra[e, JOIN] = extra[elements[e, PARENT], JOIN]
    total = max(1, sums[len(blocks), SUM_WORDS])
    for b in range(len(blocks)):
        e = blocks[b, ELEMENT]
        join = extra[e, JOIN]
        first, last = np.int64(elements[join, FIRST_BLOCK]), np.int64(elements[join, LAST_BLOCK]) + 1
        features[b, column] = depth - elements[join, DEPTH]
        features[b, column + 1] = elements[e, DEPTH] - elements[join, DEPTH]
        features[b, column + 2] = (sums[last, SUM_WORDS] - sums[first, SUM_WORDS]) * 1000 // total


@inner_njit
def add_items(blocks, elements, sums, signatures, keys, groups, features, column):  # type: ignore[no-untyped-def]
    """Write ITEM_NAMES from `column` on. Siblings are of a kind if they have the same tag and classes."""
    size = 64
    while size < 2 * len(elements):
        size *= 2
    keys[:size] = 0
    for e in range(1, len(elements)):
        slot, is_new = _slot(elements[e, PARENT], signatures[e], keys, size)
        groups[slot, 0] = 1 if is_new else groups[slot, 0] + 1
    for b in range(len(blocks)):
        row = features[b, column : column + 4]
        row[:] = 0
        element = np.int64(blocks[b, ELEMENT])
        for _ in range(_ITEM_REACH):
            if element <= 0:
                break
            first, last = np.int64(elements[element, FIRST_BLOCK]), np.int64(elements[element, LAST_BLOCK]) + 1
            if last - first > 1:
                slot, _ = _slot(elements[element, PARENT], signatures[element], keys, size)
                repeats = groups[slot, 0]
                if repeats > row[0]:
                    words = sums[last, SUM_WORDS] - sums[first, SUM_WORDS]
                    row[0], row[1], row[2] = repeats, last - first, words
                    row[3] = (sums[last, SUM_LINK] - sums[first, SUM_LINK]) * 1000 // max(1, words)
            element = np.int64(elements[element, PARENT])


@inner_njit
def _slot(parent, signature, keys, size):  # type: ignore[no-untyped-def]
    """The place of a kind of child of an element in the table, and whether it is new there."""
    value = ((signature ^ U64(parent)) * _MULTIPLIER) | U64(1)
    slot = np.int64(value >> U64(32)) & (size - 1)
    while keys[slot] != 0 and keys[slot] != value:
        slot = (slot + 1) & (size - 1)
    is_new = keys[slot] == 0
    keys[slot] = value
    return slot, is_new
