"""Trees against scikit-learn's own prediction, and the choice of blocks against trying every set."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ingest.extraction.learn import to_trees
from curate.kernels.html_choose import LEAST_PROBABILITY, PROBABILITY_UNIT, choose, to_probabilities
from curate.kernels.html_trees import SCORE_UNIT, tree_scores


def _learnt(rows: int = 600, columns: int = 5):
    from sklearn.ensemble import HistGradientBoostingClassifier

    draws = np.random.default_rng(0)
    features = draws.integers(-1000, 1000, (rows, columns)).astype(np.int32)
    labels = features[:, 0] + features[:, 1] * (features[:, 2] > 0) + draws.integers(-300, 300, rows) > 0
    classifier = HistGradientBoostingClassifier(max_iter=12, max_depth=5, random_state=0, early_stopping=False)
    return classifier.fit(features, labels), features


def test_scores_are_those_of_scikit_learn():
    """Log odds to the precision of the leaves; any number of blocks, so that the groups of four have a rest."""
    classifier, features = _learnt()
    trees = to_trees(classifier)
    for rows in (0, 1, 3, 4, 7, 600):
        scores = np.empty(rows, np.int64)
        tree_scores(features[:rows], trees, scores)
        expected = classifier.decision_function(features[:rows]) if rows else np.empty(0)
        np.testing.assert_allclose(scores / SCORE_UNIT, expected, atol=13 / SCORE_UNIT)


def test_a_score_does_not_depend_on_the_blocks_around():
    """One block alone, or among others: the same integer."""
    classifier, features = _learnt()
    trees = to_trees(classifier)
    together, alone = np.empty(600, np.int64), np.empty(1, np.int64)
    tree_scores(features, trees, together)
    for row in range(0, 600, 37):
        tree_scores(features[row : row + 1], trees, alone)
        assert alone[0] == together[row]


def test_probabilities_are_the_logistic_function():
    """To a hundredth of a log odds; scores out of range are 0 or 1."""
    values = np.linspace(-14, 14, 999)
    scores = (values * SCORE_UNIT).astype(np.int64)
    to_probabilities(scores)
    np.testing.assert_allclose(scores / PROBABILITY_UNIT, 1 / (1 + np.exp(-values)), atol=0.003)
    assert (np.diff(scores) >= 0).all()


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
    choose(probabilities, words, beta_squared, keep)
    shares = (probabilities / PROBABILITY_UNIT).tolist()
    best = max(_expected_f(s, shares, words, beta_squared / 1000) for s in product([0, 1], repeat=len(blocks)))
    assert _expected_f(keep, shares, words, beta_squared / 1000) >= best - 0.001
