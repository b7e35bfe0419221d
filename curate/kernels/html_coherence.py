"""What stands or falls together: items of a list, and a heading with what it heads."""

from __future__ import annotations

from curate.kernels.bare import inner_njit
from curate.kernels.html_elements import JOIN
from curate.kernels.html_page import ELEMENT, HALF_WORDS, PARENT, TAG
from curate.kernels.html_tags import tag_id

_UL, _OL, _DL, _H1, _H6 = (tag_id(name) for name in ["ul", "ol", "dl", "h1", "h6"])


@inner_njit
def level_lists(blocks, elements, extra, sums, probabilities):  # type: ignore[no-untyped-def]
    """Move each block of a list half the way to the mean of the innermost list around it, by words.

    Args:
        blocks, elements: of the page, no longer than they are filled.
        extra: `int32` of shape (elements or more, EXTRA_COLUMNS); its column JOIN is written.
        sums: `int64` of shape (elements or more, 2 or more), scratch.
        probabilities: `int64` of shape (blocks,), changed in place.
    """
    extra[0, JOIN] = -1
    for e in range(1, len(elements)):
        if elements[e, TAG] in (_UL, _OL, _DL):
            extra[e, JOIN] = e
            sums[e, 0] = sums[e, 1] = 0
        else:
            extra[e, JOIN] = extra[elements[e, PARENT], JOIN]
    for b in range(len(blocks)):
        e = extra[blocks[b, ELEMENT], JOIN]
        if e >= 0:
            sums[e, 0] += blocks[b, HALF_WORDS]
            sums[e, 1] += probabilities[b] * blocks[b, HALF_WORDS]
    for b in range(len(blocks)):
        e = extra[blocks[b, ELEMENT], JOIN]
        if e >= 0 and sums[e, 0] > 0:
            probabilities[b] = (probabilities[b] + sums[e, 1] // sums[e, 0]) // 2


@inner_njit
def keep_headings(blocks, elements, probabilities, threshold, keep):  # type: ignore[no-untyped-def]
    """Keep a heading whose next block is kept, if it is at least half as likely as a block must be."""
    below = False
    for b in range(len(blocks) - 1, -1, -1):
        if _H1 <= elements[blocks[b, ELEMENT], TAG] <= _H6 and below and 2 * probabilities[b] >= threshold:
            keep[b] = True
        if blocks[b, HALF_WORDS] > 0:
            below = keep[b]
