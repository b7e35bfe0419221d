"""Helpers of the HTML tests: a page as the list of its blocks."""

import numpy as np

from curate.kernels.html_blocks import cut_page
from curate.kernels.html_entities import entity_table
from curate.kernels.html_page import BLOCK_COUNT, ELEMENT, PARENT, START, STOP, TAG, Page, max_text_bytes, new_page
from curate.kernels.html_scan import PADDING_BYTES
from curate.kernels.html_tags import TAG_NAMES


def cut(html: str | bytes, rows: int = 4096, keep_noscript: bool = False) -> Page:
    """The arrays of a page."""
    data = html.encode() if isinstance(html, str) else html
    page = new_page(max_text_bytes(len(data)), rows)
    padded = np.frombuffer(data + b"<script" + bytes(PADDING_BYTES), np.uint8)  # what is behind the end must not matter
    assert cut_page(padded, 0, len(data), page, entity_table(), keep_noscript) == len(data)
    return page


def texts(html: str | bytes, **options: bool) -> list[str]:
    """The text of each block."""
    page = cut(html, **options)
    spans = page.blocks[: page.state[BLOCK_COUNT], [START, STOP]].tolist()
    return [page.out[start:stop].tobytes().decode() for start, stop in spans]


def paths(html: str) -> list[tuple[str, str]]:
    """The path of tags to each block, and its text."""
    page = cut(html)
    found = []
    for row, text in zip(page.blocks, texts(html), strict=False):
        element, names = row[ELEMENT], []
        while element > 0:
            names.append(TAG_NAMES[page.elements[element, TAG]])
            element = page.elements[element, PARENT]
        found.append(("/".join(reversed(names)), text))
    return found
