"""Boosted trees on whole numbers, evaluated so that the order of the sum does not matter.

Leaves are integers (in 1/65536 of a log odds), so the score of a block is the same on every machine and for every
order of the trees.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.hashing import U64

#: One log odds in scores.
SCORE_UNIT = 1 << 16
_FEATURE_SHIFT, _CHILD_SHIFT = U64(32), U64(48)
_FEATURE_BITS, _THRESHOLD_BITS = U64(0xFFFF), U64(0xFFFFFFFF)
#: A block that scores less after a stage of so many trees, one in 55 to be content, is looked at no further.
HOPELESS = -4 * SCORE_UNIT
STAGE = 10
_ONE, _TWO, _THREE, _FOUR = U64(1), U64(2), U64(3), U64(4)


class Trees(NamedTuple):
    """T trees, all their nodes in one table.

    Attributes:
        nodes: `uint64`: the threshold (32 bits, signed), the feature (16), and where the left child is, counted from
            the root (16). A block whose feature is above the threshold goes to the child behind the left one. A leaf is
            its own left child and has the largest threshold, so that all paths of a tree take the same number of steps.
        values: `int32`, those of leaves, in 1/65536 of a log odds.
        roots: `int64` of shape (T,), where each tree begins.
        depths: `int64` of shape (T,), the steps to the deepest leaf.
        base: `int64` of shape (1,), what the score begins with.
    """

    nodes: NDArray[np.uint64]
    values: NDArray[np.int32]
    roots: NDArray[np.int64]
    depths: NDArray[np.int64]
    base: NDArray[np.int64]


@bare_njit()
def tree_scores(features, trees, active, scores):  # type: ignore[no-untyped-def]
    """Write the score of blocks; how many of them are worth a further look.

    Four blocks go down a tree together, so that the processor need not wait for one to take its step. A block whose
    score is below HOPELESS after some of the trees keeps that score, whatever the blocks around it.

    Args:
        features: `int32` of shape (n, F).
        active: `int64`, the blocks to score; those worth a further look are the first of it afterwards.
        scores: `int64` of shape (n,), written for the blocks of `active`.
    """
    nodes, values = trees.nodes, trees.values
    count = U64(len(active))
    for n in active:
        scores[n] = trees.base[0]
    for t in range(len(trees.roots)):
        if t % STAGE == 0:
            count = _still_open(active, count, scores)
        root, depth = U64(trees.roots[t]), trees.depths[t]
        at = U64(0)
        while at + _FOUR <= count:
            a, b, c, d = active[at], active[at + _ONE], active[at + _TWO], active[at + _THREE]
            i = j = k = m = root
            for _ in range(depth):
                i = root + _step(features, a, nodes[i])
                j = root + _step(features, b, nodes[j])
                k = root + _step(features, c, nodes[k])
                m = root + _step(features, d, nodes[m])
            scores[a] += values[i]
            scores[b] += values[j]
            scores[c] += values[k]
            scores[d] += values[m]
            at += _FOUR
        while at < count:
            i = root
            for _ in range(depth):
                i = root + _step(features, active[at], nodes[i])
            scores[active[at]] += values[i]
            at += _ONE
    return np.int64(_still_open(active, count, scores))


@inner_njit
def _still_open(active, count, scores):  # type: ignore[no-untyped-def]
    """Move the blocks that are not hopeless to the front; how many there are."""
    kept = U64(0)
    for n in range(count):
        if scores[active[n]] > HOPELESS:
            active[kept] = active[n]
            kept += _ONE
    return kept


@inner_njit
def _step(features, block, node):  # type: ignore[no-untyped-def]
    """Where a block goes from a node, counted from the root."""
    value = features[block, (node >> _FEATURE_SHIFT) & _FEATURE_BITS]
    return (node >> _CHILD_SHIFT) + U64(value > np.int32(node & _THRESHOLD_BITS))


def pack_node(threshold: int, feature: int, left: int) -> int:
    """A node of a tree.

    >>> hex(pack_node(-1, 2, 3))
    '0x30002ffffffff'
    """
    return (threshold & 0xFFFFFFFF) | feature << 32 | left << 48
