"""Labelled pages to a model: word weights, then trees, then trees that see what the first ones think."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.ingest.extraction.boost import Boosting, boost
from curate.ingest.extraction.model import ContentModel
from curate.ingest.extraction.pages import LabelledPage
from curate.ingest.extraction.words import TokenCounts, count_tokens, learn_words
from curate.kernels.html_choose import to_probabilities
from curate.kernels.html_features import FEATURE_NAMES as FIRST_NAMES
from curate.kernels.html_features import block_features
from curate.kernels.html_lexicon import Lexicon, make_lexicon
from curate.kernels.html_score import FEATURE_NAMES, TYPE_COLUMN, Scratch, new_scratch, spread_first_pass
from curate.kernels.html_trees import HOPELESS, Trees, make_forest, tree_scores
from curate.kernels.html_types import PAGE_TYPES, type_probabilities

Progress = Callable[[str], None]

#: Word weights and first scores of a page are learnt from the other folds, so that they are as good as on new pages.
INNER_FOLDS = 3
FIRST_PASS = Boosting(trees=40, leaves=24, depth=6, rate=0.15)
SECOND_PASS = Boosting(trees=50, leaves=24, depth=6, rate=0.14)
TYPES = Boosting(trees=20, leaves=8, depth=4, rate=0.2, l2=3.0, leaf_rows=5, feature_share=0.5)
#: Trees are learnt from about so many blocks: those of most words, and a part of the others.
MAX_BLOCKS = 60_000
#: The weight of a passage that is known on a page whose other text is not.
_PASSAGE_WEIGHT = 0.1


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
        """Fill in the features for the second pass, but for the page's type, from the scores of the first."""
        count = len(features)
        if count:
            self.features(member, lexicon)  # leaves the sums that the second pass reads
            to_probabilities(scores, self.room.probabilities[:count])
            spread_first_pass(self.pages[member].page, self.room)
            features[:] = self.room.features[:count]


def learn(
    examples: Examples,
    members: Sequence[int],
    seed: int,
    progress: Progress = lambda line: None,
    first_pass: Boosting = FIRST_PASS,
) -> ContentModel:
    """Learn a model from some of the pages; the same pages and seed give the same model.

    What the second pass sees of a page, its scores and its type, comes from models that have not seen the page.
    """
    folds = [
        [member for member in members if examples.pages[member].fold(INNER_FOLDS, "inner") == fold]
        for fold in range(INNER_FOLDS)
    ]
    tables: dict[int, NDArray[np.int32]] = {}
    views: dict[int, NDArray[np.int32]] = {}
    hopeful: dict[int, NDArray[np.bool_]] = {}
    lexicons: dict[int, Lexicon] = {}
    for fold in folds:
        lexicon = examples.lexicon(sorted(set(members) - set(fold)))
        for member in fold:
            tables[member], lexicons[member] = examples.features(member, lexicon), lexicon
    for number, fold in enumerate(folds):
        trees = fit(examples, sorted(set(members) - set(fold)), tables, None, first_pass, len(FIRST_NAMES), seed)
        for member in fold:
            scores = scores_of(tables[member], trees)
            hopeful[member] = scores > HOPELESS
            examples.second(member, tables[member], lexicons[member], scores)
            views[member] = examples.room.known.copy()
        progress(f"first pass, fold {number + 1} of {INNER_FOLDS}")
    for fold in folds:
        types = fit_types(examples, sorted(set(members) - set(fold)), views, seed)
        forest = make_forest(*types)
        for member in fold:
            examples.room.known[:] = views[member]
            room = examples.room
            type_probabilities(room.known, forest, 0, room.type_active, room.type_scores, room.types)
            tables[member][:, TYPE_COLUMN : TYPE_COLUMN + len(PAGE_TYPES)] = examples.room.types
    first = fit(examples, members, tables, None, first_pass, len(FIRST_NAMES), seed)
    types = fit_types(examples, members, views, seed)
    second = fit(examples, members, tables, hopeful, SECOND_PASS, len(FEATURE_NAMES), seed)
    tokens, weights = learn_words([examples.counts[member] for member in members])
    return ContentModel(tokens, weights, first, second, types)


def scores_of(features: NDArray[np.int32], trees: Trees) -> NDArray[np.int64]:
    """The scores of blocks."""
    scores = np.empty(len(features), np.int64)
    tree_scores(features, make_forest(trees), 0, np.arange(len(features)), scores)
    return scores


def fit(
    examples: Examples,
    members: Sequence[int],
    tables: dict[int, NDArray[np.int32]],
    chosen: dict[int, NDArray[np.bool_]] | None,
    settings: Boosting,
    columns: int,
    seed: int,
) -> Trees:
    """Trees from the blocks of some pages, all or those chosen, each with its weight for the F-measure of its page."""
    labels = np.concatenate([examples.pages[member].labels for member in members]).astype(np.float64)
    weights = np.concatenate([block_weights(examples.pages[member]) for member in members])
    if chosen is not None:
        weights *= np.concatenate([chosen[member] for member in members])
    taken, weights = thin_out(weights, MAX_BLOCKS)
    features = np.concatenate([tables[member][:, :columns] for member in members])[taken]
    return boost(features, labels[taken], weights, settings, seed)


def fit_types(
    examples: Examples, members: Sequence[int], views: dict[int, NDArray[np.int32]], seed: int
) -> tuple[Trees, ...]:
    """Trees for each page type, from the pages whose type is known; trees that know nothing if none is."""
    known = [member for member in members if examples.pages[member].page_type in PAGE_TYPES]
    if not known:
        nothing = Boosting(trees=1, leaves=1, depth=0, rate=1.0)
        return tuple(boost(np.zeros((1, 1), np.int32), np.array([0.5]), np.ones(1), nothing, seed) for _ in PAGE_TYPES)
    features = np.concatenate([views[member] for member in known])
    kinds = np.array([examples.pages[member].page_type for member in known])
    return tuple(boost(features, (kinds == name) * 1.0, np.ones(len(known)), TYPES, seed) for name in PAGE_TYPES)


def thin_out(weights: NDArray[np.float64], most: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Draw about `most` rows, the heavy ones surely and the light ones by their weight; which, and their new weights.

    >>> taken, weights = thin_out(np.array([4.0, 1.0, 1.0, 1.0, 1.0]), 3)
    >>> taken.tolist(), weights.round(6).tolist()
    ([True, False, True, False, True], [4.0, 2.0, 2.0])
    """
    low, high = 1e-9, float(weights.max()) * len(weights) + 1e-9
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if np.minimum(1.0, weights / middle).sum() > most else (low, middle)
    share = np.minimum(1.0, weights / high)
    total = np.round(np.cumsum(share), 9)
    taken = (np.floor(total) > np.floor(np.append(0.0, total[:-1]))) & (weights > 0)
    return taken, np.maximum(weights, high)[taken]


def block_weights(page: LabelledPage) -> NDArray[np.float64]:
    """What an error in each block costs: its words over those of the page's content, at most 1."""
    if not page.known.all():
        content = max(50.0, float((page.sizes * page.known * page.labels).sum()))
        return np.where(page.known, np.clip(page.sizes / content, _PASSAGE_WEIGHT, 1.0), 0.0)
    total = float(page.sizes.sum())
    content = max(50.0, float((page.sizes * page.labels).sum()), 0.1 * total)
    return np.minimum(page.sizes / content, 1.0) + 1e-4
