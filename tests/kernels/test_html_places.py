"""Where elements are, against a walk from each of them to the root."""

import numpy as np
from html_cut import cut
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.html_page import ELEMENT_COUNT, PARENT, TAG, Page
from curate.kernels.html_places import PLACE_COLUMNS, place_elements
from curate.kernels.html_tags import TAG_NAMES

_TAGS = ["h1", "h6", "li", "ul", "ol", "tr", "td", "th", "table", "pre", "listing", "blockquote", "div", "p", "caption"]
_PIECES = st.one_of(st.sampled_from(_TAGS).map("<{}>".format), st.sampled_from(_TAGS).map("</{}>".format))


def _walk(page: Page, element: int) -> list[int]:
    """Heading, item, list, ordered, lists, row, cell, table, code, quoted: from the innermost element outwards."""
    heading = item = holder = ordered = lists = row = cell = table = code = quoted = 0
    while element > 0:
        tag = TAG_NAMES[page.elements[element, TAG]]
        heading = heading or {"h1": 1, "h6": 6}.get(tag, 0)
        item = item or element * (tag == "li")
        if tag in ("ul", "ol"):
            holder, ordered = (holder, ordered) if holder else (element, int(tag == "ol"))
            lists += 1
        table = table or element * (tag == "table" and row > 0)
        row = row or element * (tag == "tr")
        cell = cell or element * (tag in ("td", "th"))
        code = int(code or tag in ("pre", "listing"))
        quoted += tag == "blockquote"
        element = int(page.elements[element, PARENT])
    return [heading, item, holder, ordered, lists, row, cell, table, code, quoted]


@given(st.lists(_PIECES, max_size=40).map("a".join))
@settings(max_examples=200, deadline=None)
def test_places_are_those_of_a_walk_to_the_root(html):
    """Each column, for each element, tables in tables and lists in cells among them."""
    page = cut(html)
    count = int(page.state[ELEMENT_COUNT])
    places = np.full((count, PLACE_COLUMNS), -1, np.int32)
    place_elements(page.elements, count, places)
    assert places[:, :-1].tolist() == [_walk(page, element) for element in range(count)]
