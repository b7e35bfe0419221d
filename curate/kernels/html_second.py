"""What the first model thought of the blocks around a block: features for the second model."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.html_anchor import ANCHOR_NAMES, add_anchor
from curate.kernels.html_context import LEVELS
from curate.kernels.html_elements import SUM_WORDS, WIDER
from curate.kernels.html_page import BLOCK_COUNT, ELEMENT, ELEMENT_COUNT, FIRST_BLOCK, HALF_WORDS, LAST_BLOCK
from curate.kernels.html_types import PAGE_TYPES

_WIDTHS = (2, 6)
_OFFSETS = (-3, -2, -1, 1, 2, 3)
#: All means weigh a block by its words.
SECOND_NAMES = (
    "first",
    *(f"first{offset:+d}" for offset in _OFFSETS),
    *(f"first.window{width}" for width in _WIDTHS),
    *(f"first.level{level}" for level in range(1, LEVELS + 1)),
    "first.heading",
    "first.page",
    "first.threshold",
    "first.before",
    "first.after",
    "first.group",
    "top.same_group",
    *(f"top.{name}" for name in ANCHOR_NAMES),
    *(f"type.{name}" for name in PAGE_TYPES),
)

_GROUP_AT, TYPE_AT = SECOND_NAMES.index("first.group"), SECOND_NAMES.index("type.article")


@inner_njit
def add_first_pass(page, scratch, threshold, tags, column):  # type: ignore[no-untyped-def]
    """Write the features of the second pass into `scratch.features` from `column` on, but for the page's type.

    Args:
        page, scratch: as `curate.kernels.html_score` has them after the first pass.
        threshold: of the set that the first pass would choose.
        tags: the column of the features that holds the tag, and the tags of the first and the last heading.
    """
    count = page.state[BLOCK_COUNT]
    blocks, elements = page.blocks[:count], page.elements[: page.state[ELEMENT_COUNT]]
    extra, sums, totals, features = scratch.extra, scratch.sums, scratch.totals, scratch.features[:count]
    probabilities = scratch.probabilities[:count]
    totals[0] = 0
    for b in range(count):
        totals[b + 1] = totals[b] + probabilities[b] * blocks[b, HALF_WORDS]
    heading = np.int64(-1)
    tag_column, first_heading, last_heading = tags
    for b in range(count):
        row = features[b, column : column + len(SECOND_NAMES)]
        row[0], at = probabilities[b], 1
        for offset in _OFFSETS:
            row[at] = probabilities[b + offset] if 0 <= b + offset < count else -1
            at += 1
        for width in _WIDTHS:
            row[at] = _mean(totals, sums, max(0, b - width), min(count, b + width + 1))
            at += 1
        e = blocks[b, ELEMENT]
        if elements[e, FIRST_BLOCK] == elements[e, LAST_BLOCK] and extra[e, WIDER] >= 0:
            e = extra[e, WIDER]
        for _ in range(LEVELS):
            row[at] = -1
            if e >= 0:
                row[at] = _mean(totals, sums, np.int64(elements[e, FIRST_BLOCK]), np.int64(elements[e, LAST_BLOCK]) + 1)
                e = extra[e, WIDER]
            at += 1
        if first_heading <= features[b, tag_column] <= last_heading:
            heading = probabilities[b]
        row[at], row[at + 1], row[at + 2] = heading, _mean(totals, sums, np.int64(0), count), threshold
        row[at + 3], row[at + 4] = _mean(totals, sums, np.int64(0), b), _mean(totals, sums, b + 1, count)
    top = _add_groups(blocks, probabilities, scratch.slots, scratch.groups, features, column + _GROUP_AT)
    add_anchor(top, blocks, elements, extra, sums, features, column + _GROUP_AT + 2)


@inner_njit
def _mean(totals, sums, first, last):  # type: ignore[no-untyped-def]
    words = sums[last, SUM_WORDS] - sums[first, SUM_WORDS]
    return (totals[last] - totals[first]) // words if words > 0 else np.int64(-1)


@inner_njit
def _add_groups(blocks, probabilities, slots, groups, features, column):  # type: ignore[no-untyped-def]
    """The mean over blocks of the same kind, and whether the likely block with most text is of it; the latter block."""
    best, top = np.int64(-1), 0
    for b in range(len(blocks)):
        groups[slots[b], 0] = 0
        groups[slots[b], 1] = 0
    for b in range(len(blocks)):
        words = np.int64(blocks[b, HALF_WORDS])
        groups[slots[b], 0] += words
        groups[slots[b], 1] += probabilities[b] * words
        if probabilities[b] * min(words, 200) > best:
            best, top = probabilities[b] * min(words, 200), b
    for b in range(len(blocks)):
        words = groups[slots[b], 0]
        features[b, column] = groups[slots[b], 1] // words if words > 0 else np.int64(-1)
        features[b, column + 1] = slots[b] == slots[top]
    return top
