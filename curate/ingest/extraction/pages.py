"""Pages with gold text, cut and labelled: what the extractor learns from and is measured on."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from curate.ingest.extraction.engine import Engine, page_title
from curate.ingest.extraction.labels import counted_f1, label_blocks, words_of
from curate.kernels.html_page import BLOCK_COUNT, ELEMENT_COUNT, OUT, START, STOP, TOKENS_USED, Page


@dataclass(frozen=True)
class LabelledPage:
    """A page, cut.

    Attributes:
        url: the address.
        page: the arrays of the cut, copied and no longer than needed.
        title: `uint8`, the text of the title.
        page_bytes: the length of the HTML.
        words: the words of each block, counted.
        sizes: `int64`, how many words each block has.
        labels: `float32`, the share of each block that is content.
        gold: the words of the gold text, counted.
    """

    url: str
    page: Page
    title: NDArray[np.uint8]
    page_bytes: int
    words: list[Counter[str]]
    sizes: NDArray[np.int64]
    labels: NDArray[np.float32]
    gold: Counter[str]

    @property
    def site(self) -> str:
        """The host name without www."""
        return urlsplit(self.url).netloc.lower().removeprefix("www.")

    def fold(self, folds: int, salt: str = "") -> int:
        """Which of `folds` parts the page's site is in."""
        return zlib.crc32((salt + self.site).encode()) % folds

    def f1(self, keep: NDArray[np.bool_]) -> tuple[float, float, float]:
        """F1, precision and recall of keeping these blocks."""
        found: Counter[str] = Counter()
        for number in np.flatnonzero(keep):
            found.update(self.words[number])
        return counted_f1(found, self.gold)


def label_pages(pages: Iterable[tuple[str, bytes, str]]) -> list[LabelledPage]:
    """Cut and label pages of (address, HTML in UTF-8, gold text).

    >>> [page] = label_pages([("http://a.org/", b"<nav>Menu</nav><p>One two three.", "One two three.")])
    >>> page.labels.tolist(), page.site
    ([0.0, 1.0], 'a.org')
    """
    engine = Engine(None)
    return [_label(engine, *page) for page in pages]


def _label(engine: Engine, url: str, html: bytes, gold_text: str) -> LabelledPage:
    page = engine.cut(html)
    count = page.state[BLOCK_COUNT]
    spans = page.blocks[:count, [START, STOP]].tolist()
    blocks = [words_of(page.out[start:stop].tobytes().decode()) for start, stop in spans]
    gold = words_of(gold_text)
    title = page_title(html, page)
    sizes = np.array([len(words) for words in blocks], np.int64)
    counted = [Counter(words) for words in blocks]
    return LabelledPage(url, _copy(page), title, len(html), counted, sizes, label_blocks(blocks, gold), Counter(gold))


def _copy(page: Page) -> Page:
    """The page without the room it does not use and without what only the cut needs."""
    state = page.state.copy()
    return Page(
        page.out[: state[OUT]].copy(),
        page.blocks[: state[BLOCK_COUNT]].copy(),
        page.elements[: state[ELEMENT_COUNT]].copy(),
        page.tokens[: state[TOKENS_USED]].copy(),
        state,
        page.counts[:0],
        page.stack[:0].copy(),
        page.top[:0].copy(),
    )
