"""Labelled pages to a model: word weights, then trees, then trees that see what the first ones think."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.ingest.extraction.model import ContentModel
from curate.ingest.extraction.pages import LabelledPage
from curate.ingest.extraction.words import TokenCounts, count_tokens, learn_words
from curate.kernels.html_choose import to_probabilities
from curate.kernels.html_features import FEATURE_NAMES as FIRST_NAMES
from curate.kernels.html_features import block_features
from curate.kernels.html_lexicon import Lexicon, make_lexicon
from curate.kernels.html_score import FEATURE_NAMES, Scratch, new_scratch, spread_first_pass
from curate.kernels.html_trees import SCORE_UNIT, Trees, pack_node, tree_scores

Progress = Callable[[str], None]

#: Word weights and first scores of a page are learnt from the other folds, so that they are as good as on new pages.
INNER_FOLDS = 3
#: Of the lighter half of all blocks, which together weigh little, one in so many is learnt from, with that weight.
_LIGHT_STEP = 4
_NEVER_ABOVE = 2**31 - 1


@dataclass(frozen=True)
class Boosting:
    """Settings of scikit-learn's HistGradientBoostingClassifier."""

    trees: int = 80
    leaves: int = 31
    rate: float = 0.1
    l2: float = 5.0
    depth: int = 6
    leaf_blocks: int = 100
    feature_share: float = 0.4


FIRST_PASS = Boosting(trees=50, leaves=24, rate=0.12)
SECOND_PASS = Boosting(trees=60, leaves=24, rate=0.12)


@dataclass(frozen=True)
class Examples:
    """The blocks of many pages.

    Attributes:
        pages: what they came from.
        counts: the tokens of each page.
        rooms: room for the features of a page.
    """

    pages: list[LabelledPage]
    counts: list[TokenCounts]
    room: Scratch

    @classmethod
    def of(cls, pages: Sequence[LabelledPage]) -> Examples:
        """Count the tokens of pages."""
        rows = max(max(len(page.sizes), len(page.page.elements)) for page in pages)
        return cls(list(pages), [count_tokens(page) for page in pages], new_scratch(rows))

    def lexicon(self, members: Sequence[int]) -> Lexicon:
        """The word weights that some pages teach."""
        return make_lexicon(*learn_words([self.counts[member] for member in members]))

    def features(self, member: int, lexicon: Lexicon) -> NDArray[np.int32]:
        """The features of a page's blocks for the first pass; those for the second are not filled in."""
        page = self.pages[member]
        block_features(page.page, lexicon, page.title, page.page_bytes, self.room)
        return self.room.features[: len(page.sizes)].copy()

    def second(self, member: int, features: NDArray[np.int32], lexicon: Lexicon, scores: NDArray[np.int64]) -> None:
        """Fill in the features for the second pass from the scores of the first."""
        count = len(features)
        self.features(member, lexicon)  # leaves the sums that the second pass reads
        self.room.probabilities[:count] = scores
        to_probabilities(self.room.probabilities[:count])
        spread_first_pass(self.pages[member].page, self.room)
        features[:] = self.room.features[:count]


def learn(
    examples: Examples, members: Sequence[int], seed: int, progress: Progress = lambda line: None
) -> ContentModel:
    """Learn a model from some of the pages; the same pages and seed give the same model."""
    folds = [
        [member for member in members if examples.pages[member].fold(INNER_FOLDS, "inner") == fold]
        for fold in range(INNER_FOLDS)
    ]
    tables: dict[int, NDArray[np.int32]] = {}
    lexicons: dict[int, Lexicon] = {}
    for fold in folds:
        lexicon = examples.lexicon(sorted(set(members) - set(fold)))
        for member in fold:
            tables[member], lexicons[member] = examples.features(member, lexicon), lexicon
    for number, fold in enumerate(folds):
        others = sorted(set(members) - set(fold))
        trees = fit(examples, others, tables, FIRST_PASS, len(FIRST_NAMES), seed)
        for member in fold:
            examples.second(member, tables[member], lexicons[member], scores_of(tables[member], trees))
        progress(f"first pass, fold {number + 1} of {INNER_FOLDS}")
    first = fit(examples, list(members), tables, FIRST_PASS, len(FIRST_NAMES), seed)
    second = fit(examples, list(members), tables, SECOND_PASS, len(FEATURE_NAMES), seed)
    tokens, weights = learn_words([examples.counts[member] for member in members])
    return ContentModel(tokens, weights, first, second)


def scores_of(features: NDArray[np.int32], trees: Trees) -> NDArray[np.int64]:
    """The scores of blocks."""
    scores = np.empty(len(features), np.int64)
    tree_scores(features, trees, scores)
    return scores


def fit(
    examples: Examples,
    members: list[int],
    tables: dict[int, NDArray[np.int32]],
    settings: Boosting,
    columns: int,
    seed: int,
) -> Trees:
    """Trees from the blocks of some pages, each block with its weight for the F-measure of its page."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    features = np.concatenate([tables[member][:, :columns] for member in members])
    labels = np.concatenate([examples.pages[member].labels for member in members]).astype(np.float64)
    weights = np.concatenate([block_weights(examples.pages[member]) for member in members])
    heavy = (weights > np.median(weights)) | (np.arange(len(weights)) % _LIGHT_STEP == 0)
    weights = np.where(weights > np.median(weights), weights, _LIGHT_STEP * weights)[heavy]
    features, labels = features[heavy], labels[heavy]
    positive = np.concatenate([labels >= 0.5, labels < 0.5])
    shares = weights[np.newaxis] * np.stack([np.maximum(labels, 1 - labels), np.minimum(labels, 1 - labels)])
    mixed = np.concatenate([np.ones(len(labels), np.bool_), np.minimum(labels, 1 - labels) > 0.02])
    positive, features, weights = positive[mixed], np.concatenate([features, features])[mixed], shares.ravel()[mixed]
    classifier = HistGradientBoostingClassifier(
        max_iter=settings.trees,
        max_leaf_nodes=settings.leaves,
        max_depth=settings.depth,
        learning_rate=settings.rate,
        l2_regularization=settings.l2,
        min_samples_leaf=settings.leaf_blocks,
        max_features=settings.feature_share,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(1):
        classifier.fit(features, positive, sample_weight=weights * len(weights) / weights.sum())
    return to_trees(classifier)


def block_weights(page: LabelledPage) -> NDArray[np.float64]:
    """What an error in each block costs: its words over those of the page's content, at most 1."""
    total = float(page.sizes.sum())
    content = max(50.0, float((page.sizes * page.labels).sum()), 0.1 * total)
    return np.minimum(page.sizes / content, 1.0) + 1e-4


def to_trees(classifier: Any) -> Trees:
    """scikit-learn's trees in the form the kernel reads: children side by side, whole thresholds and leaves."""
    packed: list[int] = []
    values: list[int] = []
    roots, depths = [], []
    for (predictor,) in classifier._predictors:
        nodes, order = predictor.nodes, [0]
        roots.append(len(packed))
        depths.append(int(nodes["depth"].max()))
        for number, index in enumerate(order):  # grows while it is walked: breadth first
            node = nodes[index]
            if node["is_leaf"]:
                packed.append(pack_node(_NEVER_ABOVE, 0, number))
                values.append(round(float(node["value"]) * SCORE_UNIT))
            else:
                packed.append(pack_node(math.floor(node["num_threshold"]), int(node["feature_idx"]), len(order)))
                values.append(0)
                order += [int(node["left"]), int(node["right"])]
    base = round(float(classifier._baseline_prediction.ravel()[0]) * SCORE_UNIT)
    return Trees(
        np.array(packed, np.uint64),
        np.array(values, np.int32),
        np.array(roots, np.int64),
        np.array(depths, np.int64),
        np.array([base], np.int64),
    )
