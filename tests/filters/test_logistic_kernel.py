"""The logistic kernels: features as defined, and the score that scikit-learn gives on them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from curate.documents import Documents
from curate.kernels.logistic import hashed_features, logistic_scores
from curate.kernels.words import scan_words

TEXTS = st.lists(st.text(alphabet="ab cd.E\n", max_size=60), max_size=12)


def features(texts: list[str], hash_bits: int) -> csr_matrix:
    """The features of texts as a sparse matrix."""
    words = scan_words(pa.array(texts, pa.string()))
    return csr_matrix(hashed_features(words, hash_bits), shape=(len(texts), 1 << hash_bits))


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.sampled_from([1, 3, 18]))
def test_features_are_scaled_counts_of_masked_hashes(texts, hash_bits):
    """Each row is the count of each `hash & mask` over the root of the sum of squares; few bits collide."""
    words = scan_words(pa.array(texts, pa.string()))
    matrix = features(texts, hash_bits)
    for row in range(len(texts)):
        hashes = words.hashes[words.offsets[row] : words.offsets[row + 1]]
        counts = Counter((hashes & np.uint64((1 << hash_bits) - 1)).tolist())
        length = np.sqrt(sum(count**2 for count in counts.values()))
        found = dict(zip(matrix[row].indices.tolist(), matrix[row].data.tolist(), strict=True))
        assert found.keys() == counts.keys()
        np.testing.assert_allclose([found[at] for at in counts], [n / length for n in counts.values()], rtol=1e-15)


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(0, 2**32))
def test_score_equals_scikit_learn(texts, seed):
    """The one-pass score is predict_proba on the sparse features, to 1e-12, also for texts without words."""
    rng = np.random.default_rng(seed)
    weights, bias = rng.normal(scale=5, size=1 << 10), float(rng.normal())
    model = LogisticRegression()
    model.coef_, model.intercept_, model.classes_ = weights[None], np.array([bias]), np.array([False, True])
    texts = [*texts, "", "a A b"]
    expected = model.predict_proba(features(texts, 10))[:, 1]
    scores = logistic_scores(scan_words(pa.array(texts)), weights, bias)
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=10), st.data())
def test_score_does_not_depend_on_the_batch(texts, data):
    """Scores of a batch are, bit for bit, those of its two halves, wherever it is cut, and of a slice of an array."""
    texts = pa.array([text.encode("utf-8", "replace").decode() for text in texts])
    cut = data.draw(st.integers(0, len(texts)))
    weights = np.random.default_rng(0).normal(size=1 << 12)
    whole, left, right = (logistic_scores(scan_words(t), weights, 0.25) for t in (texts, texts[:cut], texts[cut:]))
    assert whole.tobytes() == np.concatenate([left, right]).tobytes()


def test_scores_stay_within_bounds_at_extreme_weights():
    """No overflow: weights of ±1e6 give 0 and 1."""
    words = Documents.from_texts(["word"]).words
    assert logistic_scores(words, np.full(4, 1e6), 0.0).tolist() == [1.0]
    assert logistic_scores(words, np.full(4, -1e6), 0.0).tolist() == [0.0]
