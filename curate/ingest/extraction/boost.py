"""Boosted trees for shares between 0 and 1: histograms, best split first, as in LightGBM (Ke et al. 2017).

Labels may lie between 0 and 1, and each tree sees its own draw of the features. The same rows and seed give the same
trees: all sums are in the order of the rows, in one thread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.kernels.boosting import HISTOGRAM_COLUMNS, MAX_BINS, add_up_bins, best_split
from curate.kernels.html_trees import SCORE_UNIT, Trees, pack_node

_NEVER_ABOVE = 2**31 - 1
#: Bins are made from this many rows.
_BINNED_ROWS = 60_000


@dataclass(frozen=True)
class Boosting:
    """Settings.

    Attributes:
        trees: how many.
        leaves: of each tree at most.
        depth: the most steps to a leaf.
        rate: how much of a leaf's best value it gets, 0 to 1.
        l2: what is added to the curvature of a leaf, in rows of weight 1.
        leaf_rows: the fewest rows of a leaf.
        feature_share: of the features, the part that each tree sees, 0 to 1.
    """

    trees: int
    leaves: int
    depth: int
    rate: float
    l2: float = 5.0
    leaf_rows: int = 50
    feature_share: float = 0.4


@dataclass
class _Node:
    rows: NDArray[np.int64]
    sums: NDArray[np.float64]
    depth: int
    gain: float = 0.0
    feature: int = -1
    last_bin: int = -1
    value: float = 0.0
    children: tuple[_Node, _Node] | None = None


def boost(
    features: NDArray[np.int32],
    labels: NDArray[np.float64],
    weights: NDArray[np.float64],
    settings: Boosting,
    seed: int,
) -> Trees:
    """Trees whose score is the log odds of the labels.

    Args:
        features: of shape (n, F) with n > 0.
        labels: of shape (n,), 0 to 1.
        weights: of shape (n,), what an error in each row costs; their mean is taken for 1.
        seed: of the draws of features.

    >>> features = np.arange(400, dtype=np.int32).reshape(-1, 1)
    >>> settings = Boosting(trees=1, leaves=2, depth=1, rate=1.0, feature_share=1.0)
    >>> trees = boost(features, (features[:, 0] > 120).astype(float), np.ones(400), settings, 0)
    >>> int(trees.nodes[0]) & 0xFFFFFFFF          # the threshold of the root
    120
    """
    draws = np.random.default_rng(seed)
    edges = [_bin_edges(features[:: max(1, len(features) // _BINNED_ROWS), j]) for j in range(features.shape[1])]
    bins = np.stack([np.searchsorted(edges[j], features[:, j]).astype(np.uint8) for j in range(len(edges))], axis=1)
    weights = weights * len(weights) / weights.sum()
    mean = min(max(float((weights * labels).sum() / weights.sum()), 1e-4), 1 - 1e-4)
    base = float(np.log(mean / (1 - mean)))
    scores = np.full(len(labels), base)
    packed: list[int] = []
    values: list[int] = []
    roots, depths = [], []
    for _ in range(settings.trees):
        seen = np.sort(draws.permutation(len(edges))[: max(1, int(settings.feature_share * len(edges)))])
        shares = 1 / (1 + np.exp(-scores))
        gradients, curvatures = (shares - labels) * weights, shares * (1 - shares) * weights + 1e-9
        root = _grow(np.ascontiguousarray(bins[:, seen]), gradients, curvatures, settings)
        roots.append(len(packed))
        depths.append(_pack(root, seen, edges, settings.rate, packed, values, scores))
    return Trees(
        np.array(packed, np.uint64),
        np.array(values, np.int32),
        np.array(roots, np.int64),
        np.array(depths, np.int64),
        np.array([round(base * SCORE_UNIT)], np.int64),
    )


def _bin_edges(values: NDArray[np.int32]) -> NDArray[np.int64]:
    """The last value of each bin but the highest."""
    found = np.unique(values).astype(np.int64)
    if len(found) > MAX_BINS:
        ranks = np.linspace(0, 100, MAX_BINS + 1)[1:-1]
        return np.unique(np.floor(np.percentile(values, ranks, method="midpoint")).astype(np.int64))
    return (found[:-1] + found[1:]) // 2


def _grow(
    bins: NDArray[np.uint8], gradients: NDArray[np.float64], curvatures: NDArray[np.float64], settings: Boosting
) -> _Node:
    """A tree, by splitting the leaf that gains most."""
    shape = (bins.shape[1], MAX_BINS + 1, HISTOGRAM_COLUMNS)
    root = _Node(np.arange(len(bins)), np.empty(shape), 0)
    add_up_bins(bins, root.rows, gradients, curvatures, root.sums)
    _judge(root, settings)
    leaves = [root]
    while len(leaves) < settings.leaves:
        node = max(leaves, key=lambda leaf: leaf.gain)
        if node.gain <= 0:
            break
        goes_left = bins[node.rows, node.feature] <= node.last_bin
        left = _Node(node.rows[goes_left], np.empty(shape), node.depth + 1)
        right = _Node(node.rows[~goes_left], np.empty(shape), node.depth + 1)
        small, large = (left, right) if len(left.rows) <= len(right.rows) else (right, left)
        add_up_bins(bins, small.rows, gradients, curvatures, small.sums)
        np.subtract(node.sums, small.sums, out=large.sums)
        _judge(left, settings)
        _judge(right, settings)
        node.children, node.sums = (left, right), np.empty(0)
        leaves = [leaf for leaf in leaves if leaf is not node] + [left, right]
    return root


def _judge(node: _Node, settings: Boosting) -> None:
    node.gain, node.feature, node.last_bin, node.value = best_split(node.sums, settings.l2, settings.leaf_rows)
    if node.depth == settings.depth:
        node.gain = 0.0


def _pack(
    root: _Node,
    seen: NDArray[np.int64],
    edges: list[NDArray[np.int64]],
    rate: float,
    packed: list[int],
    values: list[int],
    scores: NDArray[np.float64],
) -> int:
    """Append a tree as the kernel reads it, children side by side, and add it to the scores; its depth."""
    order, depth = [root], 0
    for number, node in enumerate(order):  # grows while it is walked: breadth first
        depth = max(depth, node.depth)
        if node.children is None:
            packed.append(pack_node(_NEVER_ABOVE, 0, number))
            values.append(round(node.value * rate * SCORE_UNIT))
            scores[node.rows] += node.value * rate
        else:
            feature = int(seen[node.feature])
            packed.append(pack_node(int(edges[feature][node.last_bin]), feature, len(order)))
            values.append(0)
            order += node.children
    return depth
