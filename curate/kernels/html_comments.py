"""Comments of readers: the elements whose class or id says so."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.html_choose import PROBABILITY_UNIT
from curate.kernels.html_page import (
    BLOCK_COUNT,
    ELEMENT,
    ELEMENT_COUNT,
    ELEMENT_FLAGS,
    FIRST_ELEMENT_TOKEN,
    HALF_WORDS,
    IS_COMMENTS,
    PARENT,
    TOKEN_COUNT,
)
from curate.kernels.html_tags import pack_name
from curate.kernels.html_types import PAGE_TYPES

_ARTICLE, _FORUM = PAGE_TYPES.index("article"), PAGE_TYPES.index("forum")
_LONG_HALF_WORDS = 100
_COMMENT_TOKENS = tuple(
    np.uint64(pack_name(name)) for name in ("comment", "comments", "commentlist", "disqus", "respond")
)


@inner_njit
def drop_comments(page, types, keep):  # type: ignore[no-untyped-def]
    """Take the blocks of comments out of those to keep, unless they are most of them, as on the page of a forum.

    Args:
        page: what `cut_page` filled.
        types: `int64`, the probabilities of PAGE_TYPES: a long text on what is surely no forum needs no majority.
        keep: `bool`, a block each.
    """
    blocks, elements, tokens = page.blocks, page.elements, page.tokens
    for e in range(1, page.state[ELEMENT_COUNT]):
        elements[e, ELEMENT_FLAGS] |= elements[elements[e, PARENT], ELEMENT_FLAGS] & IS_COMMENTS
        first = elements[e, FIRST_ELEMENT_TOKEN]
        for k in range(first, first + elements[e, TOKEN_COUNT]):
            if tokens[k] in _COMMENT_TOKENS:
                elements[e, ELEMENT_FLAGS] |= IS_COMMENTS
    inside = outside = np.int64(0)
    for b in range(page.state[BLOCK_COUNT]):
        if keep[b]:
            words = blocks[b, HALF_WORDS]
            if elements[blocks[b, ELEMENT], ELEMENT_FLAGS] & IS_COMMENTS:
                inside += words
            else:
                outside += words
    article = types[_ARTICLE] > PROBABILITY_UNIT // 2 and types[_FORUM] < PROBABILITY_UNIT // 10
    if outside < inside and not (article and outside > _LONG_HALF_WORDS):
        return
    for b in range(page.state[BLOCK_COUNT]):
        if elements[blocks[b, ELEMENT], ELEMENT_FLAGS] & IS_COMMENTS:
            keep[b] = False
