"""From scores to the blocks to keep: the set whose expected F-measure is highest.

For blocks that are content with probability p and have w words, the best set for the F-measure holds those with p above
a threshold of half the F-measure it reaches (Lewis 1995; Lipton et al. 2014): near a half on pages that are clear,
lower on those that are not. The sums are of whole numbers, so the set is the same on every machine.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit
from curate.kernels.html_trees import SCORE_UNIT

#: Probabilities are in units of 1/65535.
PROBABILITY_UNIT = 65535
#: No block less likely than this, in thousandths, is kept: a page where all are has no content.
LEAST_PROBABILITY = 200
_STEPS_PER_LOG_ODDS = 128
_RANGE = 12
_STEP = SCORE_UNIT // _STEPS_PER_LOG_ODDS
_SIZE = 2 * _RANGE * _STEPS_PER_LOG_ODDS


def logistic_table() -> NDArray[np.int32]:
    """The probability of each score from -12 to 12 in steps of 1/128.

    >>> logistic_table()[[0, 1536, 3071]].tolist()
    [0, 32767, 65534]
    """
    steps = ((k - _SIZE // 2) / _STEPS_PER_LOG_ODDS for k in range(_SIZE))
    return np.array([math.floor(PROBABILITY_UNIT / (1 + math.exp(-x)) + 0.01) for x in steps], np.int32)


LOGISTIC = logistic_table()


@bare_njit()
def to_probabilities(scores, probabilities):  # type: ignore[no-untyped-def]
    """Scores (1/65536 of a log odds) to probabilities (1/65535)."""
    for b in range(len(scores)):
        step = scores[b] // _STEP + _SIZE // 2
        probabilities[b] = LOGISTIC[max(0, min(_SIZE - 1, step))]


@bare_njit()
def choose(probabilities, words, beta_squared, caution, keep):  # type: ignore[no-untyped-def]
    """Mark the blocks of the set with the highest expected F-measure; its threshold in units of a probability.

    Blocks of a kind are right or wrong together, which the expectation does not know: `caution` makes up for it.

    Args:
        probabilities: `int64` of shape (n,).
        words: `int64` of shape (n,).
        beta_squared: how many times recall counts, in thousandths; 1000 is F1.
        caution: what the threshold is multiplied by, in thousandths.
        keep: `bool` of shape (n,), written.
    """
    expected = np.int64(0)
    for b in range(len(words)):
        expected += probabilities[b] * words[b]
    floor = np.int64(LEAST_PROBABILITY * PROBABILITY_UNIT // 1000)
    threshold = np.int64(PROBABILITY_UNIT // 2)
    for _ in range(16):
        hits = kept = np.int64(0)
        for b in range(len(words)):
            if probabilities[b] > threshold:
                hits += probabilities[b] * words[b]
                kept += words[b]
        # F = (1 + b2) hits / (kept + b2 expected); the best threshold is F / (1 + b2)
        whole = 1000 * kept + expected * beta_squared // PROBABILITY_UNIT
        last, threshold = threshold, max(floor, 1000 * hits // max(1, whole))
        if threshold == last:
            break
    threshold = caution * threshold // 1000
    for b in range(len(words)):
        keep[b] = probabilities[b] > threshold
    return threshold
