"""The kept blocks of a page as Markdown: headings, lists, tables, quotations and code, links if asked; no emphasis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from curate.ingest.extraction.engine import Blocks
from curate.ingest.extraction.links import Links
from curate.kernels.html_page import ELEMENT, ELEMENT_COUNT, OUT, START, STOP
from curate.kernels.html_places import CODE, PLACE_COLUMNS, place_elements

_MAX_INDENT = 6
_BACKTICKS = re.compile("`+")


class _Place(NamedTuple):
    """Where a block is, see `curate.kernels.html_places`; and its text."""

    heading: int
    item: int
    holder: int
    ordered: int
    lists: int
    row: int
    cell: int
    table: int
    code: int
    quoted: int
    text: str


def to_markdown(blocks: Blocks, links: Links | None = None) -> str:
    r"""The kept blocks, a blank line between paragraphs.

    Args:
        blocks: of a page or a piece of it.
        links: those of the same page, to be kept.

    >>> from curate.ingest.extraction.engine import Blocks, Engine
    >>> import numpy as np
    >>> table = b"<table><tr><th>d<th>e<tr><td>1<td>2</table>"
    >>> page = Engine(None).cut(b"<h2>A</h2><ul><li>b<li>c</ul>" + table + b"<pre>x\n y</pre>")
    >>> print(to_markdown(Blocks(page, 8, np.zeros(8, np.int64), np.ones(8, np.bool_))))
    ## A
    <BLANKLINE>
    - b
    - c
    <BLANKLINE>
    | d | e |
    |---|---|
    | 1 | 2 |
    <BLANKLINE>
    ```
    x
     y
    ```
    """
    parts: list[str] = []
    for table, group in groupby(_places(blocks, links), key=_table_of):
        members = list(group)
        parts += [_table(members)] if table else _flow(members)
    return "\n\n".join(parts).strip()


def _table_of(place: _Place) -> int:
    return 0 if place.code or place.heading else place.table


def _places(blocks: Blocks, links: Links | None) -> Iterator[_Place]:
    """The kept blocks."""
    page, kept = blocks.page, blocks.page.blocks[: blocks.count][blocks.keep]
    count = int(page.state[ELEMENT_COUNT])
    places = np.empty((count, PLACE_COLUMNS), np.int32)
    place_elements(page.elements, count, places)
    text = page.out[: page.state[OUT]].tobytes()
    spans = kept[:, [START, STOP]].tolist()
    for place, (start, stop) in zip(places[kept[:, ELEMENT], :-1].tolist(), spans, strict=True):
        keep = links if links and not place[CODE] else None
        yield _Place._make((*place, keep.text(start, stop) if keep else text[start:stop].decode()))


def _flow(places: list[_Place]) -> Iterator[str]:
    """Paragraphs, headings, code, and lists, whose items are together."""
    for in_list, group in groupby(places, key=lambda place: bool(place.item and not place.code)):
        if in_list:
            yield "\n".join(_items(list(group)))
            continue
        for place in group:
            text = place.text
            if place.code:
                fence = "`" * max(3, _longest_run(text) + 1)
                text = f"{fence}\n{text.strip(chr(10))}\n{fence}"
            elif place.heading:
                text = "#" * place.heading + " " + " ".join(text.split())
            yield _quote(text, place.quoted)


def _items(places: list[_Place]) -> Iterator[str]:
    last = 0
    numbers: dict[int, int] = {}
    for place in places:
        indent = "  " * ((min(place.lists, _MAX_INDENT) or 1) - 1)
        text = place.text.replace("\n", "\n" + indent + "  ")
        if place.item == last:
            yield _quote(f"{indent}  {text}", place.quoted)
            continue
        last = place.item
        numbers[place.holder] = numbers.get(place.holder, 0) + 1
        yield _quote(f"{indent}{f'{numbers[place.holder]}.' if place.ordered else '-'} {text}", place.quoted)


def _table(places: list[_Place]) -> str:
    """Rows of cells; the first row is the head, as Markdown has no tables without."""
    rows: list[list[str]] = []
    for _, row in groupby(places, key=attrgetter("row")):
        cells = groupby(row, key=attrgetter("cell"))
        rows.append([" ".join(" ".join(place.text.split()) for place in cell).replace("|", "\\|") for _, cell in cells])
    width = max(map(len, rows))
    if width == 1:
        return "\n\n".join(cell for (cell,) in rows)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])


def _quote(text: str, depth: int) -> str:
    return "\n".join("> " * depth + line for line in text.split("\n")) if depth else text


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
