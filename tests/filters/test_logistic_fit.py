"""The logistic fit against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import random as random_sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from curate.filters.logistic_fit import fit_logistic
from curate.filters.training import area_under_curve


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_optimum_of_scikit_learn(seed) -> None:
    """The loss of scikit-learn's model, run to convergence, is not lower by more than a ten-thousandth of it."""
    rng = np.random.default_rng(seed)
    examples = random_sparse(300, 400, 0.05, format="csr", random_state=rng)
    positive = rng.random(300) < 0.3
    weights, bias = fit_logistic(examples, positive, 100.0)
    theirs = LogisticRegression(C=100.0, max_iter=100_000, tol=1e-10).fit(examples, positive)

    def loss(weights, bias) -> float:
        margins = np.where(positive, 1, -1) * (examples @ weights + bias)
        return float(100 * np.logaddexp(0, -margins).sum() + weights @ weights / 2)

    assert loss(weights, bias) <= loss(theirs.coef_[0], theirs.intercept_[0]) * (1 + 1e-4)
    assert (weights[np.asarray(examples.sum(axis=0))[0] == 0] == 0).all()


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_the_area_under_the_curve_is_scikit_learns(levels) -> None:
    """With few levels there are many ties."""
    rng = np.random.default_rng(levels)
    positive, scores = rng.random(500) < 0.4, rng.integers(levels, size=500) / levels
    assert area_under_curve(positive, scores) == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
