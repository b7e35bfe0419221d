"""A cut page to the probability of each block to be content: features, two passes of trees, the best set."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit
from curate.kernels.html_choose import choose, to_probabilities
from curate.kernels.html_elements import EXTRA_COLUMNS, SUM_COLUMNS
from curate.kernels.html_features import FEATURE_NAMES as FIRST_NAMES
from curate.kernels.html_features import block_features
from curate.kernels.html_lexicon import MAX_TEXT_WORDS
from curate.kernels.html_page import BLOCK_COUNT, ELEMENT_COUNT, HALF_WORDS
from curate.kernels.html_second import SECOND_NAMES, add_first_pass
from curate.kernels.html_tags import tag_id
from curate.kernels.html_trees import tree_scores

#: All features, those of the second pass behind those of the first.
FEATURE_NAMES = (*FIRST_NAMES, *SECOND_NAMES)
_BALANCE = 1000
_TAGS = (FIRST_NAMES.index("tag"), tag_id("h1"), tag_id("h6"))


class Scratch(NamedTuple):
    """Room for the features of a page and what is only needed on the way; the results are in the last two."""

    features: NDArray[np.int32]
    extra: NDArray[np.int32]
    sums: NDArray[np.int64]
    signatures: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    groups: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    title: NDArray[np.uint64]
    totals: NDArray[np.int64]
    words: NDArray[np.int64]
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
        np.empty(MAX_TEXT_WORDS + 1, np.uint64),
        np.empty(24, np.uint64),
        np.empty(rows + 1, np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.bool_),
    )


@bare_njit()
def score_blocks(page, lexicon, first, second, title, page_bytes, beta_squared, scratch):  # type: ignore[no-untyped-def]
    """Fill `scratch.probabilities` (1/65535) and `scratch.keep` for the blocks of a page that was cut.

    Args:
        page, lexicon, title, page_bytes: as `block_features` takes them.
        first, second: `curate.kernels.html_trees.Trees`.
        beta_squared: how many times recall counts, in thousandths.
        scratch: of as many rows as the page has blocks or elements.
    """
    count = page.state[BLOCK_COUNT]
    block_features(page, lexicon, title, page_bytes, scratch)
    probabilities, words = scratch.probabilities[:count], scratch.words[:count]
    tree_scores(scratch.features[:count], first, probabilities)
    to_probabilities(probabilities)
    spread_first_pass(page, scratch)
    tree_scores(scratch.features[:count], second, probabilities)
    to_probabilities(probabilities)
    choose(probabilities, words, beta_squared, scratch.keep[:count])


@bare_njit()
def spread_first_pass(page, scratch):  # type: ignore[no-untyped-def]
    """From the probabilities of the first pass to the features of the second."""
    count = page.state[BLOCK_COUNT]
    probabilities, words = scratch.probabilities[:count], scratch.words[:count]
    blocks, elements = page.blocks[:count], page.elements[: page.state[ELEMENT_COUNT]]
    for b in range(count):
        words[b] = blocks[b, HALF_WORDS]
    threshold = choose(probabilities, words, np.int64(_BALANCE), scratch.keep[:count])
    extra, sums, totals = scratch.extra, scratch.sums, scratch.totals
    column = len(FIRST_NAMES)
    add_first_pass(blocks, elements, extra, sums, probabilities, threshold, totals, _TAGS, scratch.features, column)
