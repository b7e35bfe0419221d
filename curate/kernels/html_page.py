"""The arrays that the HTML kernels share: what a page is cut into, and the state of the cut.

A page becomes `blocks` (runs of text between block-level tags), `elements` (the block-level elements, a tree by parent
numbers) and `tokens` (the words of class, id, role and tag names, packed, by element or block). Rows are int32 so that
a page's arrays stay in the processor's cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Columns of `blocks`. Words are counted in halves, since a Chinese or Japanese character is about half a word.
START, STOP, ELEMENT, HALF_WORDS, LINK_HALF_WORDS, LINKS, CAPITALIZED, SHORT_WORDS, CAPITALS, DIGITS = range(10)
SENTENCE_ENDS, COMMAS, OTHER_MARKS, CJK, BREAKS, GAP_TAGS, GAP_IMAGES, GAP_INPUTS, AT_BYTE, BLOCK_FLAGS = range(10, 20)
FIRST_TOKEN, LAST_TOKEN, EMPHASIS, BLOCK_COLUMNS = range(20, 24)

# Columns of `elements`.
PARENT, TAG, DEPTH, ELEMENT_FLAGS, FIRST_ELEMENT_TOKEN, TOKEN_COUNT, FIRST_BLOCK, LAST_BLOCK, ELEMENT_COLUMNS = range(9)

#: Flags of elements, inherited by what they hold.
IS_HIDDEN, IS_PRE, IS_SKIPPED, IS_COMMENTS = 1, 2, 4, 8

# The state of the cut: counters that live across function calls.
OUT, BLOCK_COUNT, ELEMENT_COUNT, TOKENS_USED, STACK_SIZE, BLOCK_START, IN_WORD, PENDING, LINK_OPEN = range(9)
TITLE_START, TITLE_STOP, ATTRIBUTE_FLAGS, SVG_UNCLOSED, KEEP_NOSCRIPT, BLOCK_BYTE = range(9, 15)
# The inline element that is hidden, and how many of its tag are open in it; the page's og:type, see `read_head_tag`.
HIDDEN_TAG, HIDDEN_DEPTH, OG_TYPE = range(15, 18)
# The innermost open element and its flags; whether there was a `noscript`, a `body`.
OPEN_ELEMENT, OPEN_FLAGS, SAW_NOSCRIPT, SAW_BODY = range(18, 22)
# Where the link that was read last leads, as bytes of the page; how many rows of `links` are used.
HREF_START, HREF_STOP, LINKS_USED, STATE_SIZE = range(22, 26)

# Columns of `links`: where in `out` a link begins, and its target in the page; or where it ends, and no target.
LINK_AT, TARGET_START, TARGET_STOP, LINK_COLUMNS = range(4)

# Columns of the stack of open elements.
STACK_TAG, STACK_SAME, STACK_SCOPE, STACK_ELEMENT, STACK_COLUMNS = range(5)

#: The names of the `meta` tags whose content is noted, those of links, and the language of the page.
META_NAMES = (
    "og:title", "twitter:title", "dc.title", "citation_title", "author", "article:author", "dc.creator",
    "citation_author", "parsely-author", "article:published_time", "datepublished", "date", "dc.date",
    "citation_publication_date", "dc.rights", "dcterms.license", "rights",
)  # fmt: skip
HEAD_NAMES = (*META_NAMES, "canonical", "license", "lang")

#: Deeper elements are taken for siblings, as browsers do at 512.
MAX_DEPTH = 1024
#: Blocks, or elements, of a page that are looked at together. One that has more is read in pieces.
MAX_ROWS = 1 << 17
#: Room for tokens, for each row of room for elements; and the most that one tag adds.
TOKENS_PER_ROW, TOKENS_PER_TAG = 8, 49


class Page(NamedTuple):
    """The arrays of one page.

    Attributes:
        out: `uint8`, the text of all blocks, one after the other, UTF-8.
        blocks: `int32` of shape (rows, BLOCK_COLUMNS).
        elements: `int32` of shape (rows, ELEMENT_COLUMNS); row 0 is the document.
        tokens: `uint64`.
        links: `int32` of shape (rows, LINK_COLUMNS): beginnings and ends of links, in the order of the page.
        state: `int64` of shape (STATE_SIZE,).
        counts: `int32` of shape (BLOCK_COLUMNS,): the row of the block that is open.
        stack: `int32` of shape (MAX_DEPTH, STACK_COLUMNS).
        top: `int32` of shape (256,): for each tag the highest place in the stack, -1 if it is not open.
        head: `int64` of shape (len(HEAD_NAMES), 2): first and last byte of each value in the page, the last -1 if it
            has none.
    """

    out: NDArray[np.uint8]
    blocks: NDArray[np.int32]
    elements: NDArray[np.int32]
    tokens: NDArray[np.uint64]
    links: NDArray[np.int32]
    state: NDArray[np.int64]
    counts: NDArray[np.int32]
    stack: NDArray[np.int32]
    top: NDArray[np.int32]
    head: NDArray[np.int64]


def new_page(text_bytes: int, rows: int) -> Page:
    """Arrays for a page.

    Args:
        text_bytes: room for text; a page of n bytes needs at most `max_text_bytes(n)`.
        rows: room for blocks, for elements, and for beginnings and ends of links; 8 or more.

    >>> new_page(100, 16).blocks.shape
    (16, 23)
    """
    return Page(
        np.empty(text_bytes, np.uint8),
        np.empty((rows, BLOCK_COLUMNS), np.int32),
        np.empty((rows, ELEMENT_COLUMNS), np.int32),
        np.empty(rows * TOKENS_PER_ROW, np.uint64),
        np.empty((rows, LINK_COLUMNS), np.int32),
        np.zeros(STATE_SIZE, np.int64),
        np.zeros(BLOCK_COLUMNS, np.int32),
        np.empty((MAX_DEPTH, STACK_COLUMNS), np.int32),
        np.empty(256, np.int32),
        np.empty((len(HEAD_NAMES), 2), np.int64),
    )


def max_text_bytes(page_bytes: int) -> int:
    """The most text that a page can hold: `&nGt;`, five bytes, stands for six. Kernels read and write 64 bytes more.

    >>> max_text_bytes(1000)
    1316
    """
    return page_bytes + page_bytes // 4 + 66
