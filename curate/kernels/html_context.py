"""Features of a block that come from others: the elements around it, blocks of the same kind, the whole page."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.bits import load64
from curate.kernels.blocks import address_of
from curate.kernels.hashing import U64
from curate.kernels.html_elements import PATH, SUM_ENDS, SUM_LINK, SUM_PARAGRAPH, SUM_WORDS, WEIGHT, WIDER, share
from curate.kernels.html_page import (
    ELEMENT,
    ELEMENT_FLAGS,
    FIRST_BLOCK,
    FIRST_ELEMENT_TOKEN,
    HALF_WORDS,
    IS_PRE,
    LAST_BLOCK,
    LINK_HALF_WORDS,
    PARENT,
    SENTENCE_ENDS,
    START,
    STOP,
    TAG,
    TOKEN_COUNT,
)
from curate.kernels.html_scan import low_bytes
from curate.kernels.html_tags import tag_id

#: How many enclosing elements are looked at.
LEVELS = 4
LEVEL_NAMES = (
    "blocks", "words", "link_share", "sentence_ends", "block_words", "page_share", "place", "weight", "paragraph_share",
)  # fmt: skip
GROUP_NAMES = ("blocks", "words", "link_share", "sentence_ends", "place", "same_text")
PAGE_NAMES = (
    "words", "link_share", "blocks", "block_words", "sentence_ends", "paragraph_share", "list_share", "cell_share",
    "heading_blocks", "articles", "bytes_per_word", "weight", "best_block", "og_type", "code_share",
)  # fmt: skip
_LI, _TD, _TH, _DD, _ARTICLE, _H1, _H6 = (tag_id(name) for name in ["li", "td", "th", "dd", "article", "h1", "h6"])
_MULTIPLIER = U64(0x9E3779B97F4A7C15)
_SIGNATURE_TOKENS = 3
_HASHED_BYTES = 64


@inner_njit
def add_levels(blocks, elements, extra, sums, features, column):  # type: ignore[no-untyped-def]
    """The same sums for enclosing elements, each of which holds more blocks than the one before."""
    total = max(1, sums[len(blocks), SUM_WORDS])
    for b in range(len(blocks)):
        e = blocks[b, ELEMENT]
        if elements[e, FIRST_BLOCK] == elements[e, LAST_BLOCK] and extra[e, WIDER] >= 0:
            e = extra[e, WIDER]
        for level in range(LEVELS):
            row = features[b, column + level * 9 : column + level * 9 + 9]
            if e < 0:
                row[:] = -1
                continue
            first, last = np.int64(elements[e, FIRST_BLOCK]), np.int64(elements[e, LAST_BLOCK]) + 1
            words = sums[last, SUM_WORDS] - sums[first, SUM_WORDS]
            row[0], row[1] = last - first, words
            row[2] = share(sums[last, SUM_LINK] - sums[first, SUM_LINK], words)
            row[3] = share(sums[last, SUM_ENDS] - sums[first, SUM_ENDS], words)
            row[4], row[5] = words // max(1, last - first), words * 1000 // total
            row[6], row[7] = share(b - first, last - first), extra[e, WEIGHT]
            row[8] = share(sums[last, SUM_PARAGRAPH] - sums[first, SUM_PARAGRAPH], words)
            e = extra[e, WIDER]


@inner_njit
def add_groups(blocks, elements, tokens, signatures, keys, groups, slots, features, column):  # type: ignore[no-untyped-def]
    """Sums over the blocks of the same kind: whose element and the one above it have the same tags and classes."""
    _sign(elements, tokens, signatures)
    size = 64
    while size < 2 * len(blocks):
        size *= 2
    keys[:size] = 0
    for b in range(len(blocks)):
        e = blocks[b, ELEMENT]
        value = (signatures[e] ^ (signatures[max(0, elements[e, PARENT])] >> U64(1))) * _MULTIPLIER | U64(1)
        slot = np.int64(value >> U64(32)) & (size - 1)
        while keys[slot] != 0 and keys[slot] != value:
            slot = (slot + 1) & (size - 1)
        if keys[slot] == 0:
            keys[slot] = value
            groups[slot, :] = 0
        slots[b], features[b, column + 4] = slot, groups[slot, 0]
        groups[slot, 0] += 1
        groups[slot, 1] += blocks[b, HALF_WORDS]
        groups[slot, 2] += blocks[b, LINK_HALF_WORDS]
        groups[slot, 3] += blocks[b, SENTENCE_ENDS]
    for b in range(len(blocks)):
        group = groups[slots[b]]
        features[b, column], features[b, column + 1] = group[0], group[1] // group[0]
        features[b, column + 2], features[b, column + 3] = share(group[2], group[1]), share(group[3], group[1])
        features[b, column + 4] = share(features[b, column + 4], group[0])


@inner_njit
def add_repeats(blocks, out, keys, groups, features, column):  # type: ignore[no-untyped-def]
    """How many blocks of the page have the same text."""
    size = 64
    while size < 2 * len(blocks):
        size *= 2
    keys[:size] = 0
    for b in range(len(blocks)):
        value = _hash_text(out, blocks[b, START], blocks[b, STOP]) | U64(1)
        slot = np.int64(value >> U64(32)) & (size - 1)
        while keys[slot] != 0 and keys[slot] != value:
            slot = (slot + 1) & (size - 1)
        groups[slot, 0] = groups[slot, 0] + 1 if keys[slot] == value else 1
        keys[slot] = value
        features[b, column] = slot
    for b in range(len(blocks)):
        features[b, column] = groups[features[b, column], 0]


@inner_njit
def _hash_text(out, start, stop):  # type: ignore[no-untyped-def]
    """A hash of the first bytes of a text and of its length."""
    value, text = U64(stop - start), address_of(out) + U64(start)
    size = min(stop - start, _HASHED_BYTES)
    for at in range(0, size, 8):
        word = load64(text + U64(at)) & low_bytes(U64(min(8, size - at)))
        value = (value ^ word) * _MULTIPLIER
        value ^= value >> U64(29)
    return value


@inner_njit
def _sign(elements, tokens, signatures):  # type: ignore[no-untyped-def]
    """A hash of the tag and the first classes of each element."""
    for e in range(len(elements)):
        value = U64(elements[e, TAG] + 1) * _MULTIPLIER
        first = np.int64(elements[e, FIRST_ELEMENT_TOKEN])
        for k in range(first, first + min(elements[e, TOKEN_COUNT], _SIGNATURE_TOKENS)):
            value = (value ^ tokens[k]) * _MULTIPLIER
            value ^= value >> U64(31)
        signatures[e] = value


@inner_njit
def add_page(blocks, elements, extra, sums, page_bytes, og_type, features, column):  # type: ignore[no-untyped-def]
    """Write PAGE_NAMES from `column` on, the same numbers for every block: what kind of page it is on."""
    count = len(blocks)
    words = sums[count, SUM_WORDS]
    in_code = in_lists = in_cells = headings = articles = weight = best = np.int64(0)
    for b in range(count):
        e, size = blocks[b, ELEMENT], np.int64(blocks[b, HALF_WORDS])
        tag = elements[e, TAG]
        in_code += size if elements[e, ELEMENT_FLAGS] & IS_PRE else 0
        in_lists += size if tag == _LI else 0
        in_cells += size if tag in (_TD, _TH, _DD) else 0
        headings += _H1 <= tag <= _H6
        weight += size * extra[e, PATH]
        best = max(best, size - blocks[b, LINK_HALF_WORDS])
    for e in range(len(elements)):
        articles += elements[e, TAG] == _ARTICLE
    row = features[0, column:]
    row[0], row[1], row[2] = words, share(sums[count, SUM_LINK], words), count
    row[3], row[4] = words // count, share(sums[count, SUM_ENDS], words)
    row[5], row[6] = share(sums[count, SUM_PARAGRAPH], words), share(in_lists, words)
    row[7], row[8], row[9] = share(in_cells, words), headings, articles
    row[10], row[11], row[12] = page_bytes // max(1, words), weight // max(1, words), best
    row[13], row[14] = og_type, share(in_code, words)
    for b in range(1, count):
        for k in range(column, column + len(PAGE_NAMES)):
            features[b, k] = features[0, k]
