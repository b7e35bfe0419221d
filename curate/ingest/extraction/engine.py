"""A page to its blocks, and which of them are its content."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curate.ingest.extraction.model import ContentModel, load_model
from curate.kernels.html_blocks import cut_page
from curate.kernels.html_entities import entity_table
from curate.kernels.html_join import MAX_MARK_BYTES, join_blocks
from curate.kernels.html_join import PADDING_BYTES as TEXT_PADDING_BYTES
from curate.kernels.html_page import (
    BLOCK_COUNT,
    HALF_WORDS,
    MAX_ROWS,
    OUT,
    SAW_NOSCRIPT,
    START,
    STOP,
    TITLE_START,
    TITLE_STOP,
    Page,
    max_text_bytes,
    new_page,
)
from curate.kernels.html_scan import PADDING_BYTES
from curate.kernels.html_score import new_scratch, score_blocks

Favor = Literal["precision", "balance", "recall"]
#: How many times recall counts against precision, squared, in thousandths.
BETA_SQUARED: dict[Favor, int] = {"precision": 250, "balance": 1000, "recall": 4000}
#: The model that is used unless another is given.
MODEL_FOLDER = Path(__file__).parents[3] / "classifiers" / "content"

#: Room for nearly all pages. More is made for others, and given back after those with much more.
_USUAL_ROWS, _USUAL_BYTES, _MANY_ROWS, _MUCH_BYTES = 1 << 12, 1 << 20, 1 << 14, 1 << 23
#: Pages with less text than this are read again with the text of `noscript`.
_FEW_HALF_WORDS = 300


@dataclass(frozen=True)
class Blocks:
    """The blocks of a page or a piece of one; the arrays are valid until the next is read in the same thread.

    Attributes:
        page: the page as it was cut.
        count: the number of blocks.
        probabilities: `int64`, in 1/65535, that a block is content.
        keep: `bool`.
    """

    page: Page
    count: int
    probabilities: NDArray[np.int64]
    keep: NDArray[np.bool_]

    def joined(self) -> str:
        """The text of the kept blocks."""
        room = int(self.page.state[OUT]) + MAX_MARK_BYTES * self.count + TEXT_PADDING_BYTES
        text = np.empty(room, np.uint8)
        return text[: join_blocks(self.page, self.count, self.keep, text)].tobytes().decode().strip()

    def text(self, number: int) -> str:
        """The text of a block."""
        start, stop = self.page.blocks[number, START], self.page.blocks[number, STOP]
        return self.page.out[start:stop].tobytes().decode()


class Engine:
    """Cuts and judges pages; one for each thread, since it keeps the arrays it works in.

    Args:
        model: what was learnt; None: pages are only cut.
    """

    def __init__(self, model: ContentModel | None):
        self._lexicon = model.lexicon if model else None
        self._forest = model.forest() if model else None
        self._input = np.zeros(0, np.uint8)
        self._page, self._scratch = new_page(0, 0), new_scratch(0)

    def cut(self, data: bytes) -> Page:
        """The blocks and elements of a page in UTF-8; of one that is read in pieces, those of the first.

        The text of `noscript` is part of it where there is little other text, and at least as much in there.
        """
        return next(self._pieces(data))

    def judge(self, data: bytes, favor: Favor = "balance", comments: bool = True) -> Blocks:
        """The blocks of a page in UTF-8, with the probability of each to be content; of the first piece, as in `cut`.

        Args:
            favor: what counts more, where the two are at odds: that all is content, or that all content is there.
            comments: keep comments of readers below an article.
        """
        return next(self.judge_pieces(data, favor, comments))

    def judge_pieces(self, data: bytes, favor: Favor = "balance", comments: bool = True) -> Iterator[Blocks]:
        """What `judge` says of each piece of a page: nearly always one.

        A page of more than MAX_ROWS blocks or elements is read in pieces of so many, so that it needs no more memory
        than others. Each is judged by itself, but for the title.
        """
        if self._forest is None or self._lexicon is None:
            raise ValueError("an engine without a model can only cut pages")
        title, page_bytes = None, max(1, len(data))
        for page in self._pieces(data):
            title = page_title(data, page) if title is None else title
            if len(page.blocks) > len(self._scratch.features):
                self._scratch = new_scratch(len(page.blocks))
            scratch, count = self._scratch, int(page.state[BLOCK_COUNT])
            score_blocks(page, self._lexicon, self._forest, title, page_bytes, BETA_SQUARED[favor], comments, scratch)
            yield Blocks(page, count, scratch.probabilities[:count], scratch.keep[:count])

    def features(self, count: int) -> NDArray[np.int32]:
        """The features of the blocks of the page that was judged last, of shape (count, features)."""
        return self._scratch.features[:count]

    def _pieces(self, data: bytes) -> Iterator[Page]:
        size, stop = len(data), 0
        has_much = len(self._input) > _MUCH_BYTES or len(self._page.blocks) > _MANY_ROWS
        if len(self._input) < size + PADDING_BYTES or (has_much and size < _USUAL_BYTES):
            self._make_room(max(size + PADDING_BYTES, _USUAL_BYTES))
        self._input[:size] = np.frombuffer(data, np.uint8)
        self._input[size : size + PADDING_BYTES] = 0
        while True:
            stop = self._cut_piece(stop, size)
            yield self._page
            if stop == size:
                return

    def _make_room(self, size: int) -> None:
        self._input = np.zeros(size, np.uint8)
        self._page = new_page(max_text_bytes(size), _USUAL_ROWS)
        self._scratch = new_scratch(_USUAL_ROWS)

    def _cut_piece(self, first: int, size: int) -> int:
        """Cut what begins at a byte, with or without `noscript`; where it ends."""
        stop = self._cut(first, size, False)
        if self._page.state[SAW_NOSCRIPT]:
            words = _half_words(self._page)
            if words < _FEW_HALF_WORDS:
                stop = self._cut(first, size, True)
                if _half_words(self._page) < 2 * words + 40:
                    stop = self._cut(first, size, False)
        return stop

    def _cut(self, first: int, size: int, keep_noscript: bool) -> int:
        while True:
            stop = int(cut_page(self._input, first, size, self._page, entity_table(), keep_noscript))
            if stop == size or len(self._page.blocks) == MAX_ROWS:
                return stop
            self._page = new_page(len(self._page.out), min(4 * len(self._page.blocks), MAX_ROWS))


def page_title(data: bytes, page: Page) -> NDArray[np.uint8]:
    """The text of `title` in UTF-8, references decoded."""
    from html import unescape

    title = unescape(data[page.state[TITLE_START] : page.state[TITLE_STOP]].decode("utf-8", "replace"))
    return np.frombuffer(bytearray(title.encode("utf-8", "replace")), np.uint8)


def _half_words(page: Page) -> int:
    return int(page.blocks[: page.state[BLOCK_COUNT], HALF_WORDS].sum())


_engines = threading.local()


def engine(folder: Path = MODEL_FOLDER) -> Engine:
    """This thread's engine for the model of a folder."""
    if getattr(_engines, "folder", None) != folder:
        _engines.engine, _engines.folder = Engine(load_model(folder)), folder
    found: Engine = _engines.engine
    return found
