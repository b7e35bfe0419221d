"""The kept blocks of a page as Markdown: headings, lists, tables, quotations and code; no links, no emphasis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from curate.ingest.extraction.engine import Blocks
from curate.kernels.html_page import ELEMENT, PARENT, TAG
from curate.kernels.html_tags import TAG_NAMES

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_MAX_INDENT = 6


@dataclass
class _Place:
    """Where a block is: the elements from the innermost outwards, as far as Markdown has a form for them."""

    heading: int = 0
    item: int = 0
    lists: list[tuple[int, bool]] = field(default_factory=list)
    row: int = 0
    cell: int = 0
    table: int = 0
    code: bool = False
    quoted: int = 0


def to_markdown(blocks: Blocks) -> str:
    r"""The kept blocks, a blank line between paragraphs.

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
    kept = [number for number in range(blocks.count) if blocks.keep[number]]
    placed = [(_place(blocks, number), blocks.text(number)) for number in kept]
    parts: list[str] = []
    for table, group in groupby(placed, key=lambda pair: pair[0].table):
        members = list(group)
        parts += [_table(members)] if table else _flow(members)
    return "\n\n".join(parts).strip()


def _place(blocks: Blocks, number: int) -> _Place:
    place, elements = _Place(), blocks.page.elements
    element = int(blocks.page.blocks[number, ELEMENT])
    while element > 0:
        tag = TAG_NAMES[elements[element, TAG]]
        place.heading = place.heading or _HEADINGS.get(tag, 0)
        place.code = place.code or tag in ("pre", "listing")
        place.quoted += tag == "blockquote"
        if tag == "li" and not place.item:
            place.item = element
        elif tag in ("ul", "ol"):
            place.lists.append((element, tag == "ol"))
        elif tag == "tr":
            place.row = place.row or element
        elif tag in ("td", "th"):
            place.cell = place.cell or element
        elif tag == "table" and place.row and not place.table:
            place.table = element
        element = int(elements[element, PARENT])
    if place.code or place.heading:
        place.table = 0
    return place


def _flow(placed: list[tuple[_Place, str]]) -> Iterator[str]:
    """Paragraphs, headings, code, and lists, whose items are together."""
    for in_list, group in groupby(placed, key=lambda pair: bool(pair[0].item and not pair[0].code)):
        if in_list:
            yield "\n".join(_items(list(group)))
            continue
        for place, text in group:
            if place.code:
                fence = "`" * max(3, _longest_run(text) + 1)
                text = f"{fence}\n{text.strip(chr(10))}\n{fence}"
            elif place.heading:
                text = "#" * place.heading + " " + " ".join(text.split())
            yield _quote(text, place.quoted)


def _items(placed: list[tuple[_Place, str]]) -> Iterator[str]:
    last = 0
    numbers: dict[int, int] = {}
    for place, text in placed:
        level = min(len(place.lists), _MAX_INDENT) or 1
        indent = "  " * (level - 1)
        text = text.replace("\n", "\n" + indent + "  ")
        if place.item == last:
            yield _quote(f"{indent}  {text}", place.quoted)
            continue
        last = place.item
        holder, ordered = place.lists[0] if place.lists else (0, False)
        numbers[holder] = numbers.get(holder, 0) + 1
        yield _quote(f"{indent}{f'{numbers[holder]}.' if ordered else '-'} {text}", place.quoted)


def _table(placed: list[tuple[_Place, str]]) -> str:
    """Rows of cells; the first row is the head, as Markdown has no tables without."""
    rows: list[list[str]] = []
    for _, row in groupby(placed, key=lambda pair: pair[0].row):
        cells = groupby(row, key=lambda pair: pair[0].cell)
        rows.append([" ".join(" ".join(text.split()) for _, text in cell).replace("|", "\\|") for _, cell in cells])
    width = max(map(len, rows))
    if width == 1:
        return "\n\n".join(cell for (cell,) in rows)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])


def _quote(text: str, depth: int) -> str:
    return "\n".join("> " * depth + line for line in text.split("\n")) if depth else text


def _longest_run(text: str) -> int:
    return max((len(list(run)) for mark, run in groupby(text) if mark == "`"), default=0)
