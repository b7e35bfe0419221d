"""The kept blocks of a page as one text: paragraphs apart, items and rows one a line, cells side by side."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import load64, store64
from curate.kernels.blocks import address_of
from curate.kernels.hashing import U64
from curate.kernels.html_page import ELEMENT, FIRST_BLOCK, PARENT, START, STOP, TAG
from curate.kernels.html_tags import tag_id

_NEWLINE, _TAB, _HYPHEN, _BLANK = 10, 9, 0x2D, 0x20
_LI, _TR, _TD, _TH, _DT, _DD, _TABLE, _UL, _OL, _DL = (
    tag_id(name) for name in ["li", "tr", "td", "th", "dt", "dd", "table", "ul", "ol", "dl"]
)
#: How far outwards an item or a row is looked for.
_REACH = 6
_ITEM, _ROW = np.int64(0), np.int64(1)
#: What is written in front of a block at most; what is written behind the text and means nothing.
MAX_MARK_BYTES, PADDING_BYTES = 4, 8


@bare_njit()
def join_blocks(page, count, keep, text):  # type: ignore[no-untyped-def]
    """Write the kept blocks into `text`, with room for them, MAX_MARK_BYTES more each, and PADDING_BYTES; its size."""
    blocks, elements, out = page.blocks, page.elements, page.out
    size, last = np.int64(0), np.int64(-1)
    last_item, last_row = np.int64(-1), np.int64(-1)
    for b in range(count):
        if not keep[b]:
            continue
        item, row = _around(elements, blocks[b, ELEMENT], _ITEM), _around(elements, blocks[b, ELEMENT], _ROW)
        if last >= 0:
            if row >= 0 and row == last_row:
                text[size] = _TAB
                size += 1
            else:
                text[size] = _NEWLINE
                size += 1
                if not ((item >= 0 and last_item >= 0) or (row >= 0 and last_row >= 0)):
                    text[size] = _NEWLINE
                    size += 1
        if item >= 0 and item != last_item and elements[item, TAG] == _LI and elements[item, FIRST_BLOCK] == b:
            text[size], text[size + 1] = _HYPHEN, _BLANK
            size += 2
        size = _copy(out, np.int64(blocks[b, START]), np.int64(blocks[b, STOP]), text, size)
        last, last_item, last_row = np.int64(b), item, row
    return size


@inner_njit
def _copy(out, at, stop, text, size):  # type: ignore[no-untyped-def]
    """Copy a block to the end of the text, eight bytes at a time; where that is then."""
    source, target = address_of(out) + U64(at), address_of(text) + U64(size)
    for k in range(0, stop - at, 8):
        store64(target + U64(k), load64(source + U64(k)))
    return size + stop - at


@inner_njit
def _around(elements, element, kind):  # type: ignore[no-untyped-def]
    """The nearest list item (or, by `kind`, table row) that an element is or is in; -1 if none is near."""
    e = np.int64(element)
    for _ in range(_REACH):
        if e <= 0:
            break
        tag = elements[e, TAG]
        if kind == _ROW:
            if tag == _TR:
                return e
        elif tag in (_LI, _DT, _DD):
            return e
        elif tag in (_TD, _TH, _TABLE):
            break
        e = np.int64(elements[e, PARENT])
    return np.int64(-1)
