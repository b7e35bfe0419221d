"""Hashed-word features and the logistic score over the word stream: what GPT-3's quality classifier computes.

The feature of a word is `hash & (2**hash_bits - 1)`; its value is how often the text has it, and the values of a
text are scaled to length 1. `hashed_features` gives them as a sparse matrix to train on, `logistic_scores`
scores texts in one pass without building it. Both read `Words`, so training and serving cannot drift apart.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.words import Words


def hashed_features(words: Words, hash_bits: int) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int64]]:
    """Term frequencies of hashed words, each text scaled to Euclidean length 1, in CSR form.

    Args:
        words: of n texts.
        hash_bits: the features are `0` up to `2**hash_bits - 1`; 1 to 30.

    Returns:
        `data` (`float64`), `indices` (`int32`, in order of first occurrence, without repeats) and `indptr` (`int64` of
        shape (n + 1,)): what `scipy.sparse.csr_matrix` takes. A text without words is a row of zeros.

    >>> from curate.documents import Documents
    >>> data, indices, indptr = hashed_features(Documents.from_texts(["to be or not to be", ""]).words, 18)
    >>> data.round(3).tolist(), indptr.tolist()        # to, be, or, not: 2, 2, 1, 1 over the root of 10
    ([0.632, 0.632, 0.316, 0.316], [0, 4, 4])
    """
    data, indices = np.empty(len(words.hashes)), np.empty(len(words.hashes), np.int32)
    indptr = np.zeros(len(words.offsets), np.int64)
    seen = np.zeros(1 << hash_bits, np.int32)
    count = _features(words.hashes, words.offsets, seen, data, indices, indptr)
    return data[:count].copy(), indices[:count].copy(), indptr


def logistic_scores(words: Words, weights: NDArray[np.float64], bias: float) -> NDArray[np.float64]:
    """The probability that a logistic regression on `hashed_features` gives each text.

    A text is summed word by word in its own order, so its score does not depend on the batch.

    Args:
        words: of n texts.
        weights: `float64` of shape (2**hash_bits,).
        bias: the intercept.

    Returns:
        `float64` of shape (n,), between 0 and 1.

    >>> from curate.documents import Documents
    >>> logistic_scores(Documents.from_texts(["any words", ""]).words, np.zeros(2**18), 0.0).tolist()
    [0.5, 0.5]
    """
    scores = np.empty(len(words.offsets) - 1)
    _scores(words.hashes, words.offsets, weights, bias, np.zeros(len(weights), np.int32), scores)
    return scores


@njit(cache=True, nogil=True)
def _features(hashes, offsets, seen, data, indices, indptr):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(seen) - 1)
    count = 0
    for text in range(len(offsets) - 1):
        first = count
        for at in range(offsets[text], offsets[text + 1]):
            feature = np.int64(hashes[at] & mask)
            if seen[feature] == 0:
                indices[count] = feature
                count += 1
            seen[feature] += 1
        squares = np.int64(0)
        for at in range(first, count):
            squares += np.int64(seen[indices[at]]) ** 2
        for at in range(first, count):
            data[at] = seen[indices[at]] / math.sqrt(squares)
            seen[indices[at]] = 0
        indptr[text + 1] = count
    return count


@njit(cache=True, nogil=True)
def _scores(hashes, offsets, weights, bias, seen, scores):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(seen) - 1)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        total, squares = 0.0, np.int64(0)
        for at in range(begin, end):
            feature = np.int64(hashes[at] & mask)
            total += weights[feature]
            squares += 2 * seen[feature] + 1  # (c + 1)**2 - c**2: the sum of squared counts, exactly
            seen[feature] += 1
        for at in range(begin, end):
            seen[np.int64(hashes[at] & mask)] = 0
        length = math.sqrt(squares) if squares > 0 else 1.0
        scores[text] = 1.0 / (1.0 + math.exp(-(total / length + bias)))
