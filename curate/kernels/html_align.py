"""Which words of a page are in its gold text: an alignment of two sequences of words that prefers runs.

A longest common subsequence would match the "the" of a menu with that of a sentence far away. Here each match is
worth one, and one more where the words before it match as well, so runs win; the caller drops single matches.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_DIAGONAL, _UP, _LEFT = 1, 2, 3


@njit(cache=True, nogil=True)
def align_words(page, gold):  # type: ignore[no-untyped-def]
    """Align two sequences.

    Args:
        page: `int32` word numbers of a page.
        gold: `int32` word numbers of its gold text.

    Returns:
        `int32` of shape (len(page),): which word of the gold text each is; -1 if none. Time and memory grow with
        the product of the two lengths (one byte each).
    """
    rows, columns = len(page), len(gold)
    steps = np.zeros((rows + 1, columns + 1), np.uint8)
    best, run = np.zeros(columns + 1, np.int32), np.zeros(columns + 1, np.bool_)
    for i in range(rows):
        diagonal, diagonal_run = best[0], run[0]
        for j in range(columns):
            up, up_run = best[j + 1], run[j + 1]
            value, step, matched = up, _UP, False
            if best[j] > value:
                value, step = best[j], _LEFT
            if page[i] == gold[j] and diagonal + 1 + diagonal_run >= value:
                value, step, matched = diagonal + 1 + diagonal_run, _DIAGONAL, True
            best[j + 1], run[j + 1], steps[i + 1, j + 1] = value, matched, step
            diagonal, diagonal_run = up, up_run
    return _trace(steps, rows, columns)


@njit(cache=True, nogil=True)
def _trace(steps, rows, columns):  # type: ignore[no-untyped-def]
    matches = np.full(rows, -1, np.int32)
    i, j = rows, columns
    while i > 0 and j > 0:
        if steps[i, j] == _DIAGONAL:
            i, j = i - 1, j - 1
            matches[i] = j
        elif steps[i, j] == _UP:
            i -= 1
        else:
            j -= 1
    return matches
