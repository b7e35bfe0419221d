"""Trees against a plain walk and against scikit-learn's, and the choice of blocks against trying every set."""

from functools import lru_cache
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ingest.extraction.boost import Boosting, boost
from curate.kernels.html_choose import LEAST_PROBABILITY, PROBABILITY_UNIT, choose, to_probabilities
from curate.kernels.html_trees import HOPELESS, SCORE_UNIT, STAGE, Trees, make_forest, tree_scores

_SETTINGS = Boosting(trees=40, leaves=12, depth=5, rate=0.2, leaf_rows=5, feature_share=0.8)


@lru_cache
def _learnt(rows: int = 600, columns: int = 5):
    draws = np.random.default_rng(0)
    features = draws.integers(-1000, 1000, (rows, columns)).astype(np.int32)
    labels = features[:, 0] + features[:, 1] * (features[:, 2] > 0) + draws.integers(-300, 300, rows) > 0
    return boost(features, labels.astype(np.float64), np.ones(rows), _SETTINGS, 0), features, labels


def _plain_score(row, trees: Trees) -> int:
    """One block down each tree, by the meaning of the nodes; given up where `tree_scores` says so."""
    score = int(trees.base[0])
    for number, root in enumerate(trees.roots.tolist()):
        if number % STAGE == 0 and score <= HOPELESS:
            break
        here = root
        while (left := root + (int(trees.nodes[here]) >> 48)) != here:
            node = int(trees.nodes[here])
            threshold = (node & 0xFFFFFFFF) - (2**32 if node & 0x80000000 else 0)
            here = left + int(row[node >> 32 & 0xFFFF] > threshold)
        score += int(trees.values[here])
    return score


def test_scores_are_those_of_a_plain_walk():
    """Any number of blocks, so that the groups of sixteen have a rest; hopeless ones keep their score of that stage."""
    trees, features, _ = _learnt()
    expected = [_plain_score(row, trees) for row in features]
    assert any(score <= HOPELESS for score in expected) and any(score > 0 for score in expected)
    for rows in (0, 1, 15, 16, 17, 600):
        scores, active = np.empty(rows, np.int64), np.arange(rows)
        left = tree_scores(features[:rows], make_forest(trees, trees), 1, active, scores)
        assert scores.tolist() == expected[:rows]
        assert active[:left].tolist() == [number for number in range(rows) if expected[number] > HOPELESS]


def test_a_score_does_not_depend_on_the_blocks_around():
    """One block alone, or among others: the same integer."""
    trees, features, _ = _learnt()
    together, alone = np.empty(600, np.int64), np.empty(1, np.int64)
    tree_scores(features, make_forest(trees), 0, np.arange(600), together)
    for row in range(0, 600, 37):
        tree_scores(features[row : row + 1], make_forest(trees), 0, np.zeros(1, np.int64), alone)
        assert alone[0] == together[row]


def test_boosting_learns_as_well_as_scikit_learn():
    """The loss on new rows is at most a tenth above that of HistGradientBoostingClassifier with the same settings."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import log_loss

    _, features, labels = _learnt(4000)
    seen, new = slice(0, 2000), slice(2000, 4000)
    trees = boost(features[seen], labels[seen].astype(np.float64), np.ones(2000), _SETTINGS, 0)
    other = HistGradientBoostingClassifier(
        max_iter=_SETTINGS.trees, max_leaf_nodes=_SETTINGS.leaves, max_depth=_SETTINGS.depth, early_stopping=False,
        learning_rate=_SETTINGS.rate, l2_regularization=_SETTINGS.l2, min_samples_leaf=_SETTINGS.leaf_rows,
    ).fit(features[seen], labels[seen])  # fmt: skip
    scores = np.empty(2000, np.int64)
    tree_scores(features[new], make_forest(trees), 0, np.arange(2000), scores)
    ours = log_loss(labels[new], 1 / (1 + np.exp(-scores / SCORE_UNIT)))
    assert ours < 1.1 * log_loss(labels[new], other.predict_proba(features[new])[:, 1])


def test_probabilities_are_the_logistic_function():
    """To a hundredth of a log odds; scores out of range are 0 or 1."""
    values = np.linspace(-14, 14, 999)
    scores = (values * SCORE_UNIT).astype(np.int64)
    found = np.empty_like(scores)
    to_probabilities(scores, found)
    np.testing.assert_allclose(found / PROBABILITY_UNIT, 1 / (1 + np.exp(-values)), atol=0.003)
    assert (np.diff(found) >= 0).all()


def _expected_f(keep, probabilities, words, beta_squared):
    """The F-measure of the expected counts."""
    hits = sum(p * w for k, p, w in zip(keep, probabilities, words, strict=True) if k)
    size = sum(w for k, w in zip(keep, words, strict=True) if k)
    wanted = sum(p * w for p, w in zip(probabilities, words, strict=True))
    return (1 + beta_squared) * hits / max(1e-9, size + beta_squared * wanted)


@given(
    st.lists(st.tuples(st.integers(LEAST_PROBABILITY * 66 + 1, PROBABILITY_UNIT), st.integers(1, 200)), max_size=8),
    st.sampled_from([250, 1000, 4000]),
)
@settings(deadline=None)
def test_no_set_of_blocks_has_a_higher_expected_f(blocks, beta_squared):
    """Against every subset, where all blocks are likely enough to be kept at all."""
    probabilities = np.array([p for p, _ in blocks], np.int64)
    words = np.array([w for _, w in blocks], np.int64)
    keep = np.empty(len(blocks), np.bool_)
    choose(probabilities, words, beta_squared, 1000, keep)
    shares = (probabilities / PROBABILITY_UNIT).tolist()
    best = max(_expected_f(s, shares, words, beta_squared / 1000) for s in product([0, 1], repeat=len(blocks)))
    assert _expected_f(keep, shares, words, beta_squared / 1000) >= best - 0.001
