"""The elements of a page as features need them: weighed by the lexicon, and running totals over the blocks."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.html_lexicon import token_weight
from curate.kernels.html_page import (
    ELEMENT,
    FIRST_BLOCK,
    FIRST_ELEMENT_TOKEN,
    HALF_WORDS,
    LAST_BLOCK,
    LINK_HALF_WORDS,
    PARENT,
    SENTENCE_ENDS,
    TAG,
    TOKEN_COUNT,
)
from curate.kernels.html_tags import tag_id

#: Columns of the running totals: entry b is the sum over the blocks before b.
SUM_WORDS, SUM_LINK, SUM_ENDS, SUM_PARAGRAPH, SUM_COLUMNS = range(5)
#: What is added to each element: its weight, the sum, lowest and highest weight from the root to it, the next element
#: outwards that holds more blocks, and the tags around it as bits.
WEIGHT, PATH, LOWEST, HIGHEST, WIDER, BITS, JOIN, EXTRA_COLUMNS = range(8)

#: Bit k of the feature `tree.ancestors` is the k-th of these.
ANCESTORS = (
    "article", "main", "nav", "header", "footer", "aside", "form", "table", "ul", "blockquote", "figure", "section",
    "details", "p", "li", "button",
)  # fmt: skip
_ANCESTOR_BITS = np.zeros(256, np.int32)
_ANCESTOR_BITS[[tag_id(name) for name in ANCESTORS]] = 1 << np.arange(len(ANCESTORS))
_ANCESTOR_BITS[tag_id("ol")] = _ANCESTOR_BITS[tag_id("ul")]
_P = tag_id("p")


@inner_njit
def share(part, whole):  # type: ignore[no-untyped-def]
    """A part of a whole, in thousandths."""
    return part * 1000 // max(whole, 1)


@inner_njit
def weigh_elements(elements, tokens, lexicon, block_count, extra):  # type: ignore[no-untyped-def]
    """Fill `extra`, `int32` of shape (elements, EXTRA_COLUMNS); elements that were never closed get a last block."""
    for e in range(len(elements)):
        if elements[e, LAST_BLOCK] < -1:
            elements[e, LAST_BLOCK] = block_count - 1
        parent = elements[e, PARENT]
        if parent < 0:
            extra[e, :] = 0
            extra[e, WIDER] = -1
            continue
        weight = np.int64(0)
        first = elements[e, FIRST_ELEMENT_TOKEN]
        for k in range(first, first + elements[e, TOKEN_COUNT]):
            weight += token_weight(tokens[k], lexicon)
        extra[e, WEIGHT], extra[e, PATH] = weight, extra[parent, PATH] + weight
        extra[e, LOWEST], extra[e, HIGHEST] = min(extra[parent, LOWEST], weight), max(extra[parent, HIGHEST], weight)
        extra[e, BITS] = extra[parent, BITS] | _ANCESTOR_BITS[elements[e, TAG]]
        same = elements[e, FIRST_BLOCK] == elements[parent, FIRST_BLOCK]
        same = same and elements[e, LAST_BLOCK] == elements[parent, LAST_BLOCK]
        extra[e, WIDER] = extra[parent, WIDER] if same else parent


@inner_njit
def add_up(blocks, elements, sums):  # type: ignore[no-untyped-def]
    """Fill `sums`, `int64` of shape (blocks + 1, SUM_COLUMNS)."""
    sums[0, :] = 0
    for b in range(len(blocks)):
        words = blocks[b, HALF_WORDS]
        sums[b + 1, SUM_WORDS] = sums[b, SUM_WORDS] + words
        sums[b + 1, SUM_LINK] = sums[b, SUM_LINK] + blocks[b, LINK_HALF_WORDS]
        sums[b + 1, SUM_ENDS] = sums[b, SUM_ENDS] + blocks[b, SENTENCE_ENDS]
        in_paragraph = elements[blocks[b, ELEMENT], TAG] == _P
        sums[b + 1, SUM_PARAGRAPH] = sums[b, SUM_PARAGRAPH] + (words if in_paragraph else 0)
