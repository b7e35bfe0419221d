"""Items of a list move together, and a heading stays with what it heads."""

from __future__ import annotations

import numpy as np

from curate.ingest.extraction.engine import Engine
from curate.kernels.html_coherence import keep_headings, level_lists
from curate.kernels.html_page import BLOCK_COUNT, ELEMENT_COUNT
from curate.kernels.html_score import new_scratch


def _cut(html: bytes):
    page = Engine(None).cut(html)
    return page.blocks[: page.state[BLOCK_COUNT]], page.elements[: page.state[ELEMENT_COUNT]]


def _levelled(html: bytes, probabilities: list[int]) -> list[int]:
    blocks, elements = _cut(html)
    scratch, changed = new_scratch(64), np.array(probabilities, np.int64)
    level_lists(blocks, elements, scratch.extra, scratch.groups, changed)
    return changed.tolist()


def test_items_move_half_the_way_to_the_mean_of_their_list():
    """Weighed by words; what is in no list stays, and a list in a list has a mean of its own."""
    assert _levelled(b"<p>one<ul><li>two<li>three four five</ul><p>six", [900, 0, 400, 100]) == [900, 150, 350, 100]
    assert _levelled(b"<ol><li>one<ul><li>two<li>three</ul><li>four</ol>", [800, 0, 600, 400]) == [700, 150, 450, 500]
    assert _levelled(b"<p>one<p>two", [7, 9]) == [7, 9]


def _with_headings(html: bytes, probabilities: list[int], threshold: int) -> list[bool]:
    blocks, elements = _cut(html)
    likely = np.array(probabilities, np.int64)
    keep = likely > threshold
    keep_headings(blocks, elements, likely, threshold, keep)
    return keep.tolist()


def test_a_heading_is_kept_with_the_block_below_it():
    """From half the threshold on; a heading above a heading too, one above what is left out never."""
    page = b"<h2>one</h2><p>two<h2>three</h2><p>four"
    assert _with_headings(page, [50, 101, 50, 90], 100) == [True, True, False, False]
    assert _with_headings(page, [49, 101, 99, 101], 100) == [False, True, True, True]
    assert _with_headings(b"<h1>one</h1><h2>two</h2><p>three", [60, 60, 200], 100) == [True, True, True]
