"""What a block of a page is like, as whole numbers: its own counts, its elements, its neighbours, its page.

All values are integers (shares are in thousandths), so a page has the same features on every machine. Sums over
enclosing elements come from running totals, since an element holds a run of blocks.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.hashing import U64
from curate.kernels.html_anchor import ANCHOR_NAMES, ITEM_NAMES, add_anchor, add_items
from curate.kernels.html_context import (
    GROUP_NAMES,
    LEVEL_NAMES,
    LEVELS,
    PAGE_NAMES,
    add_groups,
    add_levels,
    add_page,
    add_repeats,
)
from curate.kernels.html_elements import (
    BITS,
    HIGHEST,
    LOWEST,
    PATH,
    SUM_LINK,
    SUM_WORDS,
    WEIGHT,
    add_up,
    share,
    weigh_elements,
)
from curate.kernels.html_lexicon import HEADING_TOKEN, TEXT_TOKEN, hash_words, text_tokens, token_weight
from curate.kernels.html_page import (
    AT_BYTE,
    BLOCK_COUNT,
    BREAKS,
    CAPITALIZED,
    CAPITALS,
    DEPTH,
    DIGITS,
    ELEMENT,
    ELEMENT_COUNT,
    ELEMENT_FLAGS,
    EMPHASIS,
    FIRST_TOKEN,
    GAP_IMAGES,
    GAP_TAGS,
    HALF_WORDS,
    IS_HIDDEN,
    LAST_TOKEN,
    LINK_HALF_WORDS,
    LINKS,
    OG_TYPE,
    OTHER_MARKS,
    PARENT,
    SENTENCE_ENDS,
    START,
    STOP,
    TAG,
)
from curate.kernels.html_tags import tag_id

_OWN = (
    "words", "link_share", "links", "capitalized", "capitals", "digits", "sentence_ends", "marks", "breaks", "gap_tags",
    "gap_images", "hidden", "emphasis", "bytes", "last_kind", "first_kind", "at_byte", "at_block", "at_word", "depth",
    "tag", "parent_tag", "inline_weight", "text_weight", "heading_weight", "title_share", "below_h1", "since_heading",
)  # fmt: skip
_TREE = ("weight", "parent_weight", "path_weight", "path_min", "path_max", "near_min", "near_max", "ancestors")
_NEAR = ("link_share", "tag", "weight", "text_weight")
_NEIGHBOURS = (-2, -1, 1, 2)
_WINDOWS = (2, 5, 12)
#: The names of the features, in order.
FEATURE_NAMES = (
    *_OWN,
    *(f"tree.{name}" for name in _TREE),
    *(f"level{level}.{name}" for level in range(1, LEVELS + 1) for name in LEVEL_NAMES),
    *(f"group.{name}" for name in GROUP_NAMES),
    *(f"near{offset:+d}.{name}" for offset in _NEIGHBOURS for name in _NEAR),
    *(f"window{width}.{name}" for width in _WINDOWS for name in ("words", "link_share")),
    *(f"page.{name}" for name in PAGE_NAMES),
    *(f"anchor.{name}" for name in ANCHOR_NAMES),
    *(f"item.{name}" for name in ITEM_NAMES),
)
_TREE_AT = len(_OWN)
_LEVEL_AT = _TREE_AT + len(_TREE)
_GROUP_AT = _LEVEL_AT + LEVELS * len(LEVEL_NAMES)
_NEAR_AT = _GROUP_AT + len(GROUP_NAMES)
_WINDOW_AT = _NEAR_AT + len(_NEIGHBOURS) * len(_NEAR)
PAGE_AT = _WINDOW_AT + len(_WINDOWS) * 2
_ANCHOR_AT = np.int64(PAGE_AT + len(PAGE_NAMES))
_ITEM_AT = _ANCHOR_AT + len(ANCHOR_NAMES)

(_F_WORDS, _F_LINK_SHARE, _F_TAG, _F_INLINE, _F_TEXT, _F_HEADING, _F_TITLE, _F_BELOW, _F_SINCE) = (
    FEATURE_NAMES.index(name)
    for name in (
        "words", "link_share", "tag", "inline_weight", "text_weight", "heading_weight", "title_share", "below_h1",
        "since_heading",
    )
)  # fmt: skip
_FILTER_BITS = U64(63)
_H1, _H6 = tag_id("h1"), tag_id("h6")


@bare_njit()
def block_features(page, lexicon, title, page_bytes, scratch):  # type: ignore[no-untyped-def]
    """The features of the blocks of a page that was cut: the first rows of `scratch.features`, one for each block.

    Args:
        page: what `cut_page` filled.
        lexicon: `curate.kernels.html_lexicon.Lexicon`.
        title: `uint8`, the text of the title.
        page_bytes: the length of the page.
        scratch: `curate.kernels.html_score.Scratch` of as many rows as the page has.
    """
    count = page.state[BLOCK_COUNT]
    if count == 0:
        return
    blocks, elements = page.blocks[:count], page.elements[: page.state[ELEMENT_COUNT]]
    features, extra, sums = scratch.features[:count], scratch.extra, scratch.sums
    weigh_elements(elements, page.tokens, lexicon, count, extra)
    add_up(blocks, elements, sums)
    _own(blocks, elements, page.out, page_bytes, sums, features)
    _weights(blocks, page.tokens, lexicon, features)
    title_words = hash_words(title, np.int64(0), np.int64(len(title)), scratch.title)
    _texts(blocks, page.out, lexicon, scratch.title[:title_words], scratch.hashes, features)
    anchor = _since_anchor(features)
    _tree(blocks, elements, extra, features)
    add_levels(blocks, elements, extra, sums, features, _LEVEL_AT)
    add_groups(
        blocks,
        elements,
        page.tokens,
        scratch.signatures,
        scratch.keys,
        scratch.groups,
        scratch.slots,
        features,
        _GROUP_AT,
    )
    add_repeats(blocks, page.out, scratch.keys, scratch.groups, features, _GROUP_AT + 5)
    add_anchor(anchor, blocks, elements, extra, sums, features, _ANCHOR_AT)
    add_items(blocks, elements, sums, scratch.signatures, scratch.keys, scratch.groups, features, _ITEM_AT)
    _neighbours(features)
    _windows(sums, features)
    add_page(blocks, elements, extra, sums, page_bytes, page.state[OG_TYPE], features, PAGE_AT)


@inner_njit
def _own(blocks, elements, out, page_bytes, sums, features):  # type: ignore[no-untyped-def]
    count = len(blocks)
    for b in range(count):
        block, row = blocks[b], features[b]
        element, words = block[ELEMENT], block[HALF_WORDS]
        size = block[STOP] - block[START]
        row[0], row[1], row[2] = words, share(block[LINK_HALF_WORDS], words), block[LINKS]
        row[3], row[4] = share(2 * block[CAPITALIZED], words), share(block[CAPITALS], size)
        row[5], row[6], row[7] = share(block[DIGITS], size), block[SENTENCE_ENDS], block[OTHER_MARKS]
        row[8], row[9], row[10] = block[BREAKS], block[GAP_TAGS], block[GAP_IMAGES]
        row[11], row[12], row[13] = elements[element, ELEMENT_FLAGS] & IS_HIDDEN, block[EMPHASIS], size
        row[14], row[15] = _kind(out[block[STOP] - 1]), _kind(out[block[START]])
        row[16], row[17] = np.int64(block[AT_BYTE]) * 1000 // page_bytes, b * 1000 // count
        row[18] = sums[b, SUM_WORDS] * 1000 // max(1, sums[count, SUM_WORDS])
        row[19], row[20] = elements[element, DEPTH], elements[element, TAG]
        row[21] = elements[max(0, elements[element, PARENT]), TAG]


@inner_njit
def _kind(byte):  # type: ignore[no-untyped-def]
    """Small letter, capital, digit, beyond ASCII, comma or colon, end of a sentence, other mark."""
    if 0x61 <= byte <= 0x7A:
        return 0
    if 0x41 <= byte <= 0x5A:
        return 1
    if 0x30 <= byte <= 0x39:
        return 2
    if byte >= 0x80:
        return 3
    if byte in (0x2C, 0x3A, 0x3B):
        return 4
    return 5 if byte in (0x2E, 0x21, 0x3F) else 6


@inner_njit
def _weights(blocks, tokens, lexicon, features):  # type: ignore[no-untyped-def]
    """What the classes of links, spans and the like in a block weigh."""
    for b in range(len(blocks)):
        weight = np.int64(0)
        for k in range(blocks[b, FIRST_TOKEN], blocks[b, LAST_TOKEN]):
            weight += token_weight(tokens[k], lexicon)
        features[b, _F_INLINE] = weight


@inner_njit
def _texts(blocks, out, lexicon, title, hashes, features):  # type: ignore[no-untyped-def]
    """What the words of a short block weigh, and those of the last heading; how much of it the title shares."""
    heading, in_title = np.int64(0), _filter(title)
    for b in range(len(blocks)):
        count = text_tokens(blocks[b], out, hashes)
        weight = hits = np.int64(0)
        for k in range(count):
            weight += token_weight(hashes[k] | TEXT_TOKEN, lexicon)
            if in_title >> (hashes[k] & _FILTER_BITS) & U64(1):
                for word in title:
                    hits += word == hashes[k]
        if _H1 <= features[b, _F_TAG] <= _H6:
            heading = np.int64(0)
            for k in range(count):
                heading += token_weight(hashes[k] | HEADING_TOKEN, lexicon)
        features[b, _F_TEXT], features[b, _F_HEADING] = weight, heading
        features[b, _F_TITLE] = min(share(hits, count), share(2 * hits, len(title)))


@inner_njit
def _filter(words):  # type: ignore[no-untyped-def]
    """For the last bits of each word one of 64: a word whose bit is not set is none of them."""
    bits = U64(0)
    for word in words:
        bits |= U64(1) << (word & _FILTER_BITS)
    return bits


@inner_njit
def _since_anchor(features):  # type: ignore[no-untyped-def]
    """Where a block is relative to the first h1, or else to the best match of the title; and to the last heading."""
    best, anchor = np.int64(-1), 0
    for b in range(len(features)):
        value = features[b, _F_TITLE] + (700 if features[b, _F_TAG] == _H1 else 0)
        if value > best:
            best, anchor = value, b
    since = 1000
    for b in range(len(features)):
        features[b, _F_BELOW] = max(-1000, min(1000, b - anchor))
        since = 0 if _H1 <= features[b, _F_TAG] <= _H6 else min(1000, since + 1)
        features[b, _F_SINCE] = since
    return anchor


@inner_njit
def _tree(blocks, elements, extra, features):  # type: ignore[no-untyped-def]
    for b in range(len(blocks)):
        e = blocks[b, ELEMENT]
        row = features[b, _TREE_AT : _TREE_AT + 8]
        row[0], row[1], row[2] = extra[e, WEIGHT], extra[max(0, elements[e, PARENT]), WEIGHT], extra[e, PATH]
        row[3], row[4], row[7] = extra[e, LOWEST], extra[e, HIGHEST], extra[e, BITS]
        lowest, highest, above = np.int32(0), np.int32(0), e
        for _ in range(4):
            lowest, highest = min(lowest, extra[above, WEIGHT]), max(highest, extra[above, WEIGHT])
            above = max(0, elements[above, PARENT])
        row[5], row[6] = lowest, highest


@inner_njit
def _neighbours(features):  # type: ignore[no-untyped-def]
    count = len(features)
    for b in range(count):
        at = _NEAR_AT
        for offset in _NEIGHBOURS:
            other = b + offset
            if 0 <= other < count:
                features[b, at], features[b, at + 1] = features[other, _F_LINK_SHARE], features[other, _F_TAG]
                features[b, at + 2] = features[other, _TREE_AT + 2]
                features[b, at + 3] = features[other, _F_TEXT]
            else:
                features[b, at], features[b, at + 1], features[b, at + 2], features[b, at + 3] = -1, -1, 0, 0
            at += 4


@inner_njit
def _windows(sums, features):  # type: ignore[no-untyped-def]
    count = len(features)
    for b in range(count):
        at = _WINDOW_AT
        for width in _WINDOWS:
            first, last = max(0, b - width), min(count, b + width + 1)
            words = sums[last, SUM_WORDS] - sums[first, SUM_WORDS]
            features[b, at] = words
            features[b, at + 1] = share(sums[last, SUM_LINK] - sums[first, SUM_LINK], words)
            at += 2
