"""A cut page to the probability of each block to be content: features, two passes of trees, the best set."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.html_choose import choose, to_probabilities
from curate.kernels.html_coherence import keep_headings, level_lists
from curate.kernels.html_comments import drop_comments
from curate.kernels.html_elements import EXTRA_COLUMNS, SUM_COLUMNS
from curate.kernels.html_features import FEATURE_NAMES as FIRST_NAMES
from curate.kernels.html_features import block_features
from curate.kernels.html_lexicon import MAX_TEXT_WORDS, Lexicon
from curate.kernels.html_page import BLOCK_COUNT, ELEMENT_COUNT, HALF_WORDS, Page
from curate.kernels.html_second import SECOND_NAMES, TYPE_AT, add_first_pass
from curate.kernels.html_tags import tag_id
from curate.kernels.html_trees import Forest, tree_scores
from curate.kernels.html_types import PAGE_TYPES, VIEW_SIZE, type_probabilities, view_page

#: All features, those of the second pass behind those of the first.
FEATURE_NAMES = (*FIRST_NAMES, *SECOND_NAMES)
#: The models of the forest by which a page is judged: the two passes, and one for each page type.
FIRST, SECOND, FIRST_TYPE = (np.int64(number) for number in range(3))
#: See `choose`: of each of PAGE_TYPES. Blocks of an article are clear; of documentation, code and short items are not.
CAUTION = {
    "article": 1200, "collection": 1200, "documentation": 700, "forum": 1200, "listing": 1000, "product": 1200,
    "service": 1000,
}  # fmt: skip
_CAUTION_OF_TYPES = np.array([CAUTION[name] for name in PAGE_TYPES], np.int64)
_BALANCE = 1000
#: Where the probabilities of the page's type are among the features.
TYPE_COLUMN = len(FIRST_NAMES) + TYPE_AT
_TAGS = (FIRST_NAMES.index("tag"), tag_id("h1"), tag_id("h6"))


class Scratch(NamedTuple):
    """Room for the features of a page and what is only needed on the way; the results are in the last two."""

    features: NDArray[np.int32]
    extra: NDArray[np.int32]
    sums: NDArray[np.int64]
    signatures: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    groups: NDArray[np.int64]
    slots: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    title: NDArray[np.uint64]
    totals: NDArray[np.int64]
    words: NDArray[np.int64]
    active: NDArray[np.int64]
    scores: NDArray[np.int64]
    means: NDArray[np.int64]
    known: NDArray[np.int32]
    type_active: NDArray[np.int64]
    type_scores: NDArray[np.int64]
    types: NDArray[np.int64]
    probabilities: NDArray[np.int64]
    keep: NDArray[np.bool_]


def new_scratch(rows: int) -> Scratch:
    """Room for pages of up to `rows` blocks and as many elements.

    >>> new_scratch(16).features.shape[0]
    16
    """
    return Scratch(
        np.zeros((rows, len(FEATURE_NAMES)), np.int32),
        np.empty((rows, EXTRA_COLUMNS), np.int32),
        np.empty((rows + 1, SUM_COLUMNS), np.int64),
        np.empty(rows, np.uint64),
        np.empty(4 * rows + 64, np.uint64),
        np.empty((4 * rows + 64, 5), np.int64),
        np.empty(rows, np.int64),
        np.empty(MAX_TEXT_WORDS + 1, np.uint64),
        np.empty(24, np.uint64),
        np.empty(rows + 1, np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.int64),
        np.empty((2, VIEW_SIZE), np.int64),
        np.zeros((1, VIEW_SIZE), np.int32),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros(len(PAGE_TYPES), np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.bool_),
    )


def score_blocks(
    page: Page,
    lexicon: Lexicon,
    forest: Forest,
    title: NDArray[np.uint8],
    page_bytes: int,
    beta_squared: int,
    comments: bool,
    scratch: Scratch,
) -> None:
    """Fill `scratch.probabilities` (1/65535) and `scratch.keep` for the blocks of a page that was cut.

    Two loops: as one they would take the compiler a second more, a hundred thousand times what a call costs.

    Args:
        page, lexicon, title, page_bytes: as `block_features` takes them.
        forest: `curate.kernels.html_trees.Forest` of the models FIRST, SECOND, and one for each of PAGE_TYPES.
        beta_squared: how many times recall counts, in thousandths.
        comments: whether comments of readers are kept, see `drop_comments`.
        scratch: of as many rows as the page has blocks or elements.
    """
    block_features(page, lexicon, title, page_bytes, scratch)
    _judge_blocks(page, forest, beta_squared, comments, scratch)


@bare_njit()
def _judge_blocks(page, forest, beta_squared, comments, scratch):  # type: ignore[no-untyped-def]
    """From the features to what is kept."""
    count = page.state[BLOCK_COUNT]
    if count == 0:
        return
    features, active, scores = scratch.features[:count], scratch.active[:count], scratch.scores[:count]
    probabilities = scratch.probabilities[:count]
    for b in range(count):
        active[b] = b
    left = tree_scores(features, forest, FIRST, active, scores)
    to_probabilities(scores, probabilities)
    spread_first_pass(page, scratch)
    _add_types(forest, scratch, count)
    tree_scores(features, forest, SECOND, active[:left], scores)
    to_probabilities(scores, probabilities)
    blocks, elements, keep = page.blocks[:count], page.elements[: page.state[ELEMENT_COUNT]], scratch.keep[:count]
    level_lists(blocks, elements, scratch.extra, scratch.groups, probabilities)
    threshold = choose(probabilities, scratch.words[:count], beta_squared, _caution(scratch.types), keep)
    keep_headings(blocks, elements, probabilities, threshold, keep)
    if not comments:
        drop_comments(page, scratch.types, scratch.keep)


@inner_njit
def _caution(types):  # type: ignore[no-untyped-def]
    """The mean caution over the types that the page may be of."""
    weighted, total = np.int64(0), np.int64(1)
    for k in range(len(PAGE_TYPES)):
        weighted, total = weighted + types[k] * _CAUTION_OF_TYPES[k], total + types[k]
    return weighted // total


@bare_njit(inline="always")
def spread_first_pass(page, scratch):  # type: ignore[no-untyped-def]
    """From the probabilities of the first pass to the features of the second, but for the page's type, and the view."""
    count = page.state[BLOCK_COUNT]
    probabilities, words = scratch.probabilities[:count], scratch.words[:count]
    for b in range(count):
        words[b] = page.blocks[b, HALF_WORDS]
    threshold = choose(probabilities, words, np.int64(_BALANCE), np.int64(1000), scratch.keep[:count])
    add_first_pass(page, scratch, threshold, _TAGS, len(FIRST_NAMES))
    view_page(scratch.features[:count], probabilities, scratch.means, scratch.known)


@bare_njit(inline="always")
def _add_types(forest, scratch, count):  # type: ignore[no-untyped-def]
    """Find the page's type from the view and write it into the features of all blocks."""
    type_probabilities(scratch.known, forest, FIRST_TYPE, scratch.type_active, scratch.type_scores, scratch.types)
    for b in range(count):
        for k in range(len(PAGE_TYPES)):
            scratch.features[b, TYPE_COLUMN + k] = scratch.types[k]
