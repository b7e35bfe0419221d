"""What kind of page this is: a few trees for each kind, which see what the first pass takes for content."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.html_choose import PROBABILITY_UNIT, to_probabilities
from curate.kernels.html_context import PAGE_NAMES
from curate.kernels.html_features import FEATURE_NAMES, PAGE_AT
from curate.kernels.html_trees import tree_scores

#: The kinds of page that are told apart.
PAGE_TYPES = ("article", "collection", "documentation", "forum", "listing", "product", "service")
#: Features whose means over the likely content say what it is: weighed by words, and by blocks.
_MEANS = (
    "words", "link_share", "links", "sentence_ends", "capitals", "digits", "item.repeats", "item.words",
    "item.link_share", "group.blocks", "group.words", "window5.link_share", "anchor.up", "anchor.down", "below_h1",
    "since_heading", "hidden", "marks", "level1.paragraph_share", "level2.blocks", "breaks", "gap_images", "depth",
    "text_weight", "heading_weight", "tree.path_weight", "group.place", "tag",
)  # fmt: skip
_COLUMNS = np.array([FEATURE_NAMES.index(name) for name in _MEANS])
_F_WORDS = FEATURE_NAMES.index("words")
#: What is known of a page.
VIEW_SIZE = len(PAGE_NAMES) + 2 * len(_MEANS) + 4
_SCALE, _MOST_WORDS = np.int64(10), np.int64(4096)


@inner_njit
def view_page(features, probabilities, sums, view):  # type: ignore[no-untyped-def]
    """Write what is known of a page: its own features and those of its likely content.

    Args:
        features: `int32` of shape (n, F) with n > 0.
        probabilities: `int64` of shape (n,), of the first pass.
        sums: `int64` of shape (2, len(means)), scratch.
        view: `int32` of shape (1, VIEW_SIZE), written.
    """
    sums[:] = 0
    all_words, by_words, by_blocks, largest = np.int64(1), np.int64(0), np.int64(0), np.int64(0)
    for b in range(len(features)):
        share = probabilities[b] >> 6  # so that no sum can overflow
        size = np.int64(features[b, _F_WORDS])
        if size > _MOST_WORDS:
            size = _MOST_WORDS
        all_words, by_words, by_blocks = all_words + size, by_words + share * size, by_blocks + share
        if share * size > largest:
            largest = share * size
        if share:
            for k in range(len(_COLUMNS)):
                value = share * features[b, _COLUMNS[k]]
                sums[0, k] += value * size
                sums[1, k] += value
    row, at = view[0], len(PAGE_NAMES)
    for k in range(at):
        row[k] = features[0, PAGE_AT + k]
    words, blocks = by_words + (by_words == 0), by_blocks + (by_blocks == 0)
    for k in range(len(_COLUMNS)):
        row[at], row[at + 1] = _SCALE * sums[0, k] // words, _SCALE * sums[1, k] // blocks
        at += 2
    row[at], row[at + 1] = by_words * 64 // PROBABILITY_UNIT, by_blocks * 640 // PROBABILITY_UNIT
    row[at + 2], row[at + 3] = by_words // all_words, 1000 * largest // words


@bare_njit(inline="always")
def type_probabilities(view, forest, first, active, scores, found):  # type: ignore[no-untyped-def]
    """Write the probability of each of PAGE_TYPES, in 1/65535, into `found`, `int64` of that length.

    Args:
        view: what `view_page` wrote.
        forest: `curate.kernels.html_trees.Forest`.
        first: which of its models is that of the first type; the others are behind it.
        active, scores: `int64` of shape (1 or more,), scratch.
    """
    for k in range(len(PAGE_TYPES)):
        active[0] = 0
        tree_scores(view, forest, first + k, active[:1], scores)
        to_probabilities(scores[:1], found[k : k + 1])
