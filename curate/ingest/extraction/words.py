"""Learning what words weigh: those of class, id and tag names, of short blocks, and of headings above."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.ingest.extraction.pages import LabelledPage
from curate.kernels.html_lexicon import HEADING_TOKEN, MAX_TEXT_WORDS, TEXT_TOKEN, hash_words
from curate.kernels.html_page import (
    ELEMENT,
    FIRST_BLOCK,
    FIRST_ELEMENT_TOKEN,
    FIRST_TOKEN,
    LAST_BLOCK,
    LAST_TOKEN,
    START,
    STOP,
    TAG,
    TOKEN_COUNT,
)
from curate.kernels.html_tags import tag_id

#: A token must be on so many pages.
MIN_PAGES = 4
MAX_TOKENS = 12_000
#: What a token weighs before it was seen: as much evidence as half a page says that it means nothing.
_PRIOR_PAGES = 0.5
#: A token over a fifth of a page's words, or more, is as much evidence as the page can give.
_FULL_EVIDENCE = 5.0
_FEWEST, _MOST = 0.01, 0.99


@dataclass(frozen=True)
class TokenCounts:
    """Of one page, for each of its tokens: the share of all words under it, and the share that is content.

    Attributes:
        tokens: `uint64` of shape (n,), sorted.
        words, content: `float64` of shape (n,).
        base: the share of the page that is content.
    """

    tokens: NDArray[np.uint64]
    words: NDArray[np.float64]
    content: NDArray[np.float64]
    base: float


def count_tokens(page: LabelledPage) -> TokenCounts:
    """The token counts of a page."""
    sizes = page.sizes * page.known
    total = max(1, int(sizes.sum()))
    words = np.concatenate([[0.0], np.cumsum(sizes)]) / total
    content = np.concatenate([[0.0], np.cumsum(sizes * page.labels.astype(np.float64))]) / total
    sums: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for tokens, first, stop in (*_element_tokens(page), *_block_tokens(page)):
        if words[stop] > words[first]:
            for token in tokens:
                entry = sums[token]
                entry[0] += words[stop] - words[first]
                entry[1] += content[stop] - content[first]
    ordered = sorted(sums)
    table = np.array([sums[token] for token in ordered], np.float64).reshape(-1, 2)
    return TokenCounts(np.array(ordered, np.uint64), table[:, 0], table[:, 1], float(content[-1]))


def _element_tokens(page: LabelledPage) -> list[tuple[set[int], int, int]]:
    """The tokens of each element, and the blocks under it."""
    elements, tokens = page.page.elements, page.page.tokens.tolist()
    found = []
    for row in elements[1:].tolist():
        first = row[FIRST_ELEMENT_TOKEN]
        last = row[LAST_BLOCK] if row[LAST_BLOCK] >= -1 else len(page.sizes) - 1
        found.append((set(tokens[first : first + row[TOKEN_COUNT]]), row[FIRST_BLOCK], max(last + 1, row[FIRST_BLOCK])))
    return found


def _block_tokens(page: LabelledPage) -> list[tuple[set[int], int, int]]:
    """The tokens of the inline elements of each block, of its words, and of the heading above it."""
    blocks, elements, tokens = page.page.blocks.tolist(), page.page.elements, page.page.tokens.tolist()
    heading: list[int] = []
    found = []
    for number, row in enumerate(blocks):
        words = short_block_words(page, row[START], row[STOP])
        if tag_id("h1") <= elements[row[ELEMENT], TAG] <= tag_id("h6"):
            heading = words
        inline = set(tokens[row[FIRST_TOKEN] : row[LAST_TOKEN]])
        texts = {word | int(TEXT_TOKEN) for word in words} | {word | int(HEADING_TOKEN) for word in heading}
        found.append((inline | texts, number, number + 1))
    return found


def short_block_words(page: LabelledPage, start: int, stop: int) -> list[int]:
    """The hashes of a block's words; none if it is long."""
    if stop - start > 16 * MAX_TEXT_WORDS:
        return []
    hashes = np.empty(MAX_TEXT_WORDS + 1, np.uint64)
    count = hash_words(page.page.out, start, stop, hashes)
    return [int(value) for value in hashes[:count]] if count <= MAX_TEXT_WORDS else []


def learn_words(counts: Sequence[TokenCounts]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """The tokens of at least MIN_PAGES pages, the most frequent first, and their weights.

    Each page counts at most as one, so a page that repeats a class a thousand times does not decide what it means.
    """
    sums: dict[int, list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0.0])
    for page in counts:
        evidence = np.minimum(1.0, _FULL_EVIDENCE * page.words)
        shares = evidence * page.content / np.maximum(page.words, 1e-12)
        for token, weight, share in zip(page.tokens.tolist(), evidence.tolist(), shares.tolist(), strict=True):
            entry = sums[token]
            entry[0] += 1
            entry[1] += weight
            entry[2] += share
            entry[3] += weight * page.base
    known = [(-entry[0], token) for token, entry in sums.items() if entry[0] >= MIN_PAGES]
    chosen = [token for _, token in sorted(known)][:MAX_TOKENS]
    weights = [_weight(*sums[token][1:]) for token in chosen]
    return np.array(chosen, np.uint64), np.array(weights, np.int32)


def _weight(pages: float, content: float, expected: float) -> int:
    """The log odds in hundredths that text under a token is content, less that of the pages it is on."""
    base = min(max(expected / pages, 0.02), 0.98)
    share = (content + _PRIOR_PAGES * base) / (pages + _PRIOR_PAGES)
    share = min(max(share, _FEWEST), _MOST)
    return round(100 * (math.log(share / (1 - share)) - math.log(base / (1 - base))))
