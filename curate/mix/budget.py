"""The arithmetic of a mixture: weights and a token budget to tokens and epochs of each source."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def normalise(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights as shares that sum to 1.

    >>> normalise({"web": 60, "books": 20})
    {'web': 0.75, 'books': 0.25}
    """
    total = sum(weights.values())
    return {source: weight / total for source, weight in weights.items()}


def largest_budget(available: Mapping[str, int], shares: Mapping[str, float], max_epochs: float) -> int:
    """The most tokens that a mixture can have if no source is repeated more than `max_epochs` times.

    It is the minimum over the sources of `max_epochs * tokens / share`.

    Args:
        available: tokens of each source.
        shares: of the mixture, summing to 1; sources with share 0 do not count.
        max_epochs: above 0.

    >>> largest_budget({"web": 900, "books": 100}, {"web": 0.75, "books": 0.25}, max_epochs=2)
    800
    """
    return round(min(max_epochs * available[source] / share for source, share in shares.items() if share > 0))


def allocate(
    available: Mapping[str, int], shares: Mapping[str, float], budget: int, max_epochs: float | None = None
) -> dict[str, int]:
    """The tokens to take from each source.

    Each gets its share of the budget. A source whose share is more than `max_epochs` times what it has gets just
    that, and the others divide the rest in proportion to their shares, until none is over. If all are, the budget
    cannot be spent, and the result sums to less.

    Args:
        available: tokens of each source.
        shares: of the mixture; only their proportions matter.
        budget: tokens to take in all.
        max_epochs: the most that a source may be repeated; None is no limit.

    Returns:
        Tokens by source, rounded to whole tokens, never above the cap.

    GPT-3's table 2.2 at 300 billion tokens (epochs: the table prints 0.44, 2.9, 1.9, 0.43, 3.4 and its weights sum
    to 101; this is the arithmetic after dividing by 1.01):

    >>> billions = {"common_crawl": 410, "webtext2": 19, "books1": 12, "books2": 55, "wikipedia": 3}
    >>> weights = {"common_crawl": 60, "webtext2": 22, "books1": 8, "books2": 8, "wikipedia": 3}
    >>> available = {source: tokens * 10**9 for source, tokens in billions.items()}
    >>> tokens = allocate(available, normalise(weights), 300 * 10**9)
    >>> {source: round(tokens[source] / available[source], 2) for source in tokens}
    {'common_crawl': 0.43, 'webtext2': 3.44, 'books1': 1.98, 'books2': 0.43, 'wikipedia': 2.97}
    """
    share = np.array([shares[source] for source in shares], float)
    caps = np.full(len(share), np.inf)
    if max_epochs is not None:
        caps = max_epochs * np.array([available[source] for source in shares], float)
    wanted = _fill(share, caps, budget)
    return {
        source: int(tokens) for source, tokens in zip(shares, np.minimum(np.rint(wanted), np.floor(caps)), strict=True)
    }


def _fill(share: NDArray[np.float64], caps: NDArray[np.float64], budget: float) -> NDArray[np.float64]:
    """Fill vessels with openings `share` and heights `caps`: those that overflow are closed, and so on."""
    wanted = np.zeros(len(share))
    is_open = share > 0
    while is_open.any():
        left = budget - wanted[~is_open].sum()
        wanted[is_open] = left * share[is_open] / share[is_open].sum()
        over = is_open & (wanted > caps)
        if not over.any():
            break
        wanted[over] = caps[over]
        is_open &= ~over
    return wanted
