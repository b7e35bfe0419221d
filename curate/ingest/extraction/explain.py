"""Why a block of a page was kept or left: its probability, and the features that moved it most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.ingest.extraction.engine import MODEL_FOLDER, Engine, Favor
from curate.ingest.extraction.model import load_model
from curate.kernels.html_page import ELEMENT, PARENT, TAG
from curate.kernels.html_score import FEATURE_NAMES
from curate.kernels.html_tags import TAG_NAMES
from curate.kernels.html_trees import SCORE_UNIT, Trees

_REASONS = 4
_LEAF = 2**31 - 1


@dataclass(frozen=True)
class Explanation:
    """One block.

    Attributes:
        text: what it says.
        path: the tags around it, such as `body/main/p`.
        kept: whether it is part of the page's text.
        probability: that it is content, 0 to 1.
        reasons: features with their values and what they added to the log odds, the strongest first.
    """

    text: str
    path: str
    kept: bool
    probability: float
    reasons: tuple[tuple[str, int, float], ...]


def explain(data: bytes, favor: Favor = "balance") -> list[Explanation]:
    """Every block of a page in UTF-8, in order.

    A feature's share of the log odds is what changes from node to node on the paths through the second pass's trees
    (Saabas 2014), where a node stands for the mean of its leaves.
    """
    model = load_model(MODEL_FOLDER)
    engine = Engine(model)
    means = node_means(model.second)
    return [
        Explanation(
            blocks.text(number),
            _path(blocks.page.elements, int(blocks.page.blocks[number, ELEMENT])),
            bool(blocks.keep[number]),
            round(float(blocks.probabilities[number]) / 65535, 4),
            _reasons(engine.features(blocks.count)[number], model.second, means),
        )
        for blocks in engine.judge_pieces(data, favor)
        for number in range(blocks.count)
    ]


def _path(elements: NDArray[np.int32], element: int) -> str:
    names: list[str] = []
    while element > 0:
        names.append(TAG_NAMES[elements[element, TAG]])
        element = int(elements[element, PARENT])
    return "/".join(reversed(names))


def node_means(trees: Trees) -> NDArray[np.float64]:
    """The mean of the leaves under each node, in log odds; children come after their parents."""
    means = trees.values / SCORE_UNIT
    for root, stop in zip(trees.roots, [*trees.roots[1:], len(trees.nodes)], strict=True):
        for here in range(int(stop) - 1, int(root) - 1, -1):
            left = int(root) + int(trees.nodes[here] >> np.uint64(48))
            if left != here:
                means[here] = (means[left] + means[left + 1]) / 2
    return means


def _reasons(row: NDArray[np.int32], trees: Trees, means: NDArray[np.float64]) -> tuple[tuple[str, int, float], ...]:
    shares = np.zeros(len(FEATURE_NAMES))
    for root in trees.roots.tolist():
        here = root
        while True:
            node = int(trees.nodes[here])
            left, feature, threshold = root + (node >> 48), node >> 32 & 0xFFFF, node & 0xFFFFFFFF
            if left == here:
                break
            after = left + int(row[feature] > (threshold if threshold <= _LEAF else threshold - 2**32))
            shares[feature] += means[after] - means[here]
            here = after
    strongest = np.argsort(-np.abs(shares), kind="stable")[:_REASONS]
    return tuple((FEATURE_NAMES[k], int(row[k]), round(float(shares[k]), 2)) for k in strongest)
