"""Pages with gold text, cut and labelled: what the extractor learns from and is measured on."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from curate.ingest.extraction.engine import Engine, page_title
from curate.ingest.extraction.labels import counted_f1, label_blocks, label_passages, words_of
from curate.kernels.html_join import PADDING_BYTES
from curate.kernels.html_page import BLOCK_COUNT, ELEMENT_COUNT, OUT, START, STOP, TOKENS_USED, Page


@dataclass(frozen=True)
class Gold:
    """What people said of a page.

    Attributes:
        text: its main text; None if they only gave passages.
        wanted, unwanted: passages that are part of it, and that are not; used where there is no text.
        page_type: one of `curate.kernels.html_types.PAGE_TYPES`, or None.
    """

    text: str | None
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    page_type: str | None = None


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
        known: `bool`, the blocks whose labels are known: all, if there is a gold text.
        gold: the words of the gold text, counted; empty if there is none.
        page_type: what kind of page it is, if that is known.
    """

    url: str
    page: Page
    title: NDArray[np.uint8]
    page_bytes: int
    words: list[Counter[str]]
    sizes: NDArray[np.int64]
    labels: NDArray[np.float32]
    known: NDArray[np.bool_]
    gold: Counter[str] = field(default_factory=Counter)
    page_type: str | None = None

    @property
    def site(self) -> str:
        """See `site_of`."""
        return site_of(self.url)

    def fold(self, folds: int, salt: str = "") -> int:
        """Which of `folds` parts the page's site is in."""
        return zlib.crc32((salt + self.site).encode()) % folds

    def f1(self, keep: NDArray[np.bool_]) -> tuple[float, float, float]:
        """F1, precision and recall of keeping these blocks."""
        found: Counter[str] = Counter()
        for number in np.flatnonzero(keep):
            found.update(self.words[number])
        return counted_f1(found, self.gold)


def site_of(url: str) -> str:
    """The host name without www; the whole address if the host is no name of the Internet.

    >>> site_of("http://www.a.org/b"), site_of("/wcxb/1")
    ('a.org', '/wcxb/1')
    """
    host = urlsplit(url).netloc.lower().removeprefix("www.")
    return host if "." in host else url


def label_pages(pages: Iterable[tuple[str, bytes, Gold]]) -> list[LabelledPage]:
    """Cut and label pages of (address, HTML in UTF-8, gold).

    >>> [page] = label_pages([("http://a.org/", b"<nav>Menu</nav><p>One two three.", Gold("One two three."))])
    >>> page.labels.tolist(), page.site
    ([0.0, 1.0], 'a.org')
    """
    engine = Engine(None)
    return [_label(engine, *page) for page in pages]


def _label(engine: Engine, url: str, html: bytes, gold: Gold) -> LabelledPage:
    page = engine.cut(html)
    count = page.state[BLOCK_COUNT]
    texts = [page.out[start:stop].tobytes().decode() for start, stop in page.blocks[:count, [START, STOP]].tolist()]
    blocks = [words_of(text) for text in texts]
    title = page_title(html, page)
    sizes = np.array([len(words) for words in blocks], np.int64)
    counted = [Counter(words) for words in blocks]
    if gold.text is None:
        labels, known = label_passages(texts, gold.wanted, gold.unwanted)
    else:
        labels, known = label_blocks(blocks, words_of(gold.text)), np.ones(count, np.bool_)
    words = Counter(words_of(gold.text or ""))
    return LabelledPage(url, _copy(page), title, len(html), counted, sizes, labels, known, words, gold.page_type)


def _copy(page: Page) -> Page:
    """The page without the room it does not use and without what only the cut needs."""
    state = page.state.copy()
    return Page(
        page.out[: state[OUT] + PADDING_BYTES].copy(),
        page.blocks[: state[BLOCK_COUNT]].copy(),
        page.elements[: state[ELEMENT_COUNT]].copy(),
        page.tokens[: state[TOKENS_USED]].copy(),
        page.links[:0].copy(),
        state,
        page.counts[:0],
        page.stack[:0].copy(),
        page.top[:0].copy(),
        page.head[:0].copy(),
    )
