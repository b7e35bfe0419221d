"""What the first model thought of the blocks around a block: features for the second model."""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit
from curate.kernels.html_context import LEVELS
from curate.kernels.html_elements import SUM_WORDS, WIDER
from curate.kernels.html_page import ELEMENT, FIRST_BLOCK, HALF_WORDS, LAST_BLOCK

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
)


@bare_njit()
def add_first_pass(blocks, elements, extra, sums, probabilities, threshold, totals, tags, features, column):  # type: ignore[no-untyped-def]
    """Write the features of the second pass into `features` from `column` on.

    Args:
        probabilities: `int64` of shape (n,), of the first pass, in 1/65535.
        threshold: of the set that the first pass would choose.
        totals: `int64` of shape (n + 1,), scratch.
        tags: the column of `features` that holds the tag, and the tags of the first and the last heading.
    """
    count = len(blocks)
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


@bare_njit()
def _mean(totals, sums, first, last):  # type: ignore[no-untyped-def]
    words = sums[last, SUM_WORDS] - sums[first, SUM_WORDS]
    return (totals[last] - totals[first]) // words if words > 0 else np.int64(-1)
