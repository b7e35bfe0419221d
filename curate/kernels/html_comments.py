"""Comments of readers: the elements whose class or id says so."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit
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

_COMMENT_TOKENS = np.array(
    [pack_name(name) for name in ("comment", "comments", "commentlist", "disqus", "respond")], np.uint64
)


@bare_njit()
def drop_comments(page, keep):  # type: ignore[no-untyped-def]
    """Take the blocks of comments out of those to keep, unless they are most of them, as on the page of a forum."""
    blocks, elements, tokens = page.blocks, page.elements, page.tokens
    for e in range(1, page.state[ELEMENT_COUNT]):
        elements[e, ELEMENT_FLAGS] |= elements[elements[e, PARENT], ELEMENT_FLAGS] & IS_COMMENTS
        first = elements[e, FIRST_ELEMENT_TOKEN]
        for k in range(first, min(first + elements[e, TOKEN_COUNT], len(tokens))):
            for token in _COMMENT_TOKENS:
                if tokens[k] == token:
                    elements[e, ELEMENT_FLAGS] |= IS_COMMENTS
    inside = outside = np.int64(0)
    for b in range(page.state[BLOCK_COUNT]):
        if keep[b]:
            words = blocks[b, HALF_WORDS]
            if elements[blocks[b, ELEMENT], ELEMENT_FLAGS] & IS_COMMENTS:
                inside += words
            else:
                outside += words
    if outside < inside:
        return
    for b in range(page.state[BLOCK_COUNT]):
        if elements[blocks[b, ELEMENT], ELEMENT_FLAGS] & IS_COMMENTS:
            keep[b] = False
