"""Boosted trees on whole numbers, evaluated so that the order of the sum does not matter.

Leaves are integers (in 1/65536 of a log odds), so the score of a block is the same on every machine and for every
order of the trees.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.blocks import address_of
from curate.kernels.hashing import U64
from curate.kernels.html_lanes import LANES, MAX_LEAVES, NODE_COLUMNS, add_tree, side_by_side

#: One log odds in scores.
SCORE_UNIT = 1 << 16
#: A block that scores less after a stage of so many trees, one in 55 to be content, is looked at no further.
HOPELESS = -4 * SCORE_UNIT
STAGE = 10
_NODE_BYTES, _LEAF_BYTES = U64(4 * NODE_COLUMNS), U64(4 * MAX_LEAVES)


class Trees(NamedTuple):
    """T trees as they are learnt, kept and explained, all their nodes in one table.

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


class Forest(NamedTuple):
    """Several models of trees as the kernel reads them; one for each thread, since it has room to work in.

    Attributes:
        nodes: `int32` of shape (N, NODE_COLUMNS), see `curate.kernels.html_lanes`.
        values: `int32` of shape (T, MAX_LEAVES).
        node_ends: `int64` of shape (T + 1,): tree t has the nodes from entry t up to the next.
        tree_ends: `int64` of shape (M + 1,): in the same way, the trees of each model.
        columns: `int64` of shape (M,): how many of the features, from the first, each model looks at.
        base: `int64` of shape (M,), what the score begins with.
        rows: `uint64` of shape (LANES,): where the features of some blocks are.
        room: `int32` of shape (C + LANES, LANES): these features, side by side; in the last row the sums.
    """

    nodes: NDArray[np.int32]
    values: NDArray[np.int32]
    node_ends: NDArray[np.int64]
    tree_ends: NDArray[np.int64]
    columns: NDArray[np.int64]
    base: NDArray[np.int64]
    rows: NDArray[np.uint64]
    room: NDArray[np.int32]


def make_forest(*models: Trees) -> Forest:
    """Models of trees, in the order in which `tree_scores` numbers them.

    Raises:
        ValueError: a tree has more than MAX_LEAVES leaves.
    """
    nodes: list[tuple[int, int, int]] = []
    values: list[list[int]] = []
    node_ends, tree_ends = [0], [0]
    columns = [int((trees.nodes >> np.uint64(32) & np.uint64(0xFFFF)).max()) + 1 for trees in models]
    for trees in models:
        for root in trees.roots.tolist():
            leaves: list[int] = []
            _flatten(trees, root, root, leaves, nodes)
            if len(leaves) > MAX_LEAVES:
                raise ValueError(f"a tree has up to {MAX_LEAVES} leaves, not {len(leaves)}")
            values.append(leaves + [0] * (MAX_LEAVES - len(leaves)))
            node_ends.append(len(nodes))
        tree_ends.append(len(values))
    return Forest(
        nodes=np.array(nodes, np.int64).astype(np.uint32).view(np.int32).reshape(-1, NODE_COLUMNS),
        values=np.array(values, np.int32),
        node_ends=np.array(node_ends, np.int64),
        tree_ends=np.array(tree_ends, np.int64),
        columns=np.array(columns, np.int64),
        base=np.concatenate([trees.base for trees in models]),
        rows=np.zeros(LANES, np.uint64),
        room=np.zeros((max(columns) + LANES, LANES), np.int32),
    )


def _flatten(trees: Trees, root: int, here: int, leaves: list[int], nodes: list[tuple[int, int, int]]) -> None:
    """Append the values of the leaves below a node, from the left, and its inner nodes."""
    node = int(trees.nodes[here])
    left = root + (node >> 48)
    if left == here:
        leaves.append(int(trees.values[here]))
        return
    first = len(leaves)
    _flatten(trees, root, left, leaves, nodes)
    taken_away = (1 << len(leaves)) - (1 << first)
    nodes.append((4 * LANES * (node >> 32 & 0xFFFF), node & 0xFFFFFFFF, ~taken_away & 0xFFFFFFFF))
    _flatten(trees, root, left + 1, leaves, nodes)


@bare_njit()
def tree_scores(features, forest, model, active, scores):  # type: ignore[no-untyped-def]
    """Write the score of blocks by one of the models; how many of them are worth a further look.

    A block whose score is below HOPELESS after some of the trees keeps that score, whatever the blocks around it.

    Args:
        features: `int32` of shape (n, F).
        forest: `Forest`.
        model: which of its models.
        active: `int64`, the blocks to score; those worth a further look are the first of it afterwards.
        scores: `int64` of shape (n,), written for the blocks of `active`.
    """
    first, last = forest.tree_ends[model], forest.tree_ends[model + 1]
    kept = 0
    for at in range(0, len(active), LANES):
        blocks = active[at : at + LANES]
        _turn(features, forest.columns[model], blocks, forest.rows, forest.room)
        for block in blocks:
            scores[block] = forest.base[model]
        for stage in range(first, last, STAGE):
            if not _add_stage(forest, stage, min(last, stage + STAGE), blocks, scores):
                break
        for k in range(len(blocks)):
            block = blocks[k]
            if scores[block] > HOPELESS:
                active[kept] = block
                kept += 1
    return kept


@inner_njit
def _turn(features, columns, blocks, rows, room):  # type: ignore[no-untyped-def]
    """The first features of up to LANES blocks, so that the values of one feature are neighbours."""
    row_bytes = U64(4 * features.shape[1])
    for lane in range(LANES):
        block = blocks[min(lane, len(blocks) - 1)]
        rows[lane] = address_of(features) + U64(block) * row_bytes
    whole = min((columns + LANES - 1) // LANES, features.shape[1] // LANES) * LANES
    for k in range(0, whole, LANES):
        side_by_side(address_of(rows), U64(4 * k), address_of(room) + U64(4 * LANES * k))
    for lane in range(len(blocks)):
        for k in range(whole, columns):
            room[k, lane] = features[blocks[lane], k]


@inner_njit
def _add_stage(forest, first, last, blocks, scores):  # type: ignore[no-untyped-def]
    """Add some trees to the scores of blocks that are not hopeless; whether there are any."""
    open_blocks = 0
    for block in blocks:
        open_blocks += scores[block] > HOPELESS
    if open_blocks == 0:
        return False
    nodes, values, room = address_of(forest.nodes), address_of(forest.values), address_of(forest.room)
    sums = forest.room[len(forest.room) - 1]
    sums[:] = 0
    for tree in range(first, last):
        begin, end = forest.node_ends[tree], forest.node_ends[tree + 1]
        leaves = values + U64(tree) * _LEAF_BYTES
        add_tree(nodes + U64(begin) * _NODE_BYTES, end - begin, room, leaves, address_of(sums))
    for lane in range(len(blocks)):
        if scores[blocks[lane]] > HOPELESS:
            scores[blocks[lane]] += sums[lane]
    return True


def pack_node(threshold: int, feature: int, left: int) -> int:
    """A node of a tree.

    >>> hex(pack_node(-1, 2, 3))
    '0x30002ffffffff'
    """
    return (threshold & 0xFFFFFFFF) | feature << 32 | left << 48
