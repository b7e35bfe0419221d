"""Where an element is, for Markdown: in which heading, list item, row and cell, in code, how deep in quotations."""

from __future__ import annotations

from curate.kernels.bare import bare_njit
from curate.kernels.html_page import PARENT, TAG
from curate.kernels.html_tags import tag_id

#: The level of the heading; the innermost item, list, row, cell, table of that row, as numbers of elements; whether the
#: list is ordered, how many lists are around; whether in code; how many quotations are around; 0 where there is none.
HEADING, ITEM, LIST, ORDERED, LISTS, ROW, CELL, TABLE, CODE, QUOTED, _OUTER_TABLE, PLACE_COLUMNS = range(12)

_H1, _H6, _LI, _UL, _OL, _TR, _TD, _TH, _TABLE, _PRE, _LISTING, _BLOCKQUOTE = (
    tag_id(name) for name in ["h1", "h6", "li", "ul", "ol", "tr", "td", "th", "table", "pre", "listing", "blockquote"]
)


@bare_njit()
def place_elements(elements, count, places):  # type: ignore[no-untyped-def]
    """Fill `places`, `int32` of shape (count or more, PLACE_COLUMNS), for the first `count` elements of a page."""
    for k in range(PLACE_COLUMNS):
        places[0, k] = 0
    for e in range(1, count):
        place, around, tag = places[e], places[elements[e, PARENT]], elements[e, TAG]
        for k in range(PLACE_COLUMNS):
            place[k] = around[k]
        if _H1 <= tag <= _H6:
            place[HEADING] = tag - _H1 + 1
        elif tag == _LI:
            place[ITEM] = e
        elif tag in (_UL, _OL):
            place[LIST], place[ORDERED] = e, tag == _OL
            place[LISTS] += 1
        elif tag == _TR:
            place[ROW], place[TABLE] = e, place[_OUTER_TABLE]
        elif tag in (_TD, _TH):
            place[CELL] = e
        elif tag == _TABLE:
            place[_OUTER_TABLE] = e
        elif tag in (_PRE, _LISTING):
            place[CODE] = 1
        elif tag == _BLOCKQUOTE:
            place[QUOTED] += 1
