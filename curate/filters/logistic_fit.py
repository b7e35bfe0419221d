"""Fitting a logistic regression to sparse examples by a trust-region Newton method, as LIBLINEAR does.

L-BFGS as scikit-learn calls it stops long before the optimum here: with 2,666 examples and 63,000 features its loss
was 4 % above the least after 0.8 s, Newton's at the least after 0.2 s. scipy loads in a third of scikit-learn's time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The gradient's length at which the fit ends, relative to that at the start, and the most steps.
TOLERANCE, MAX_STEPS = 1e-4, 1000


def fit_logistic(
    examples: Any, positive: NDArray[np.bool_], inverse_penalty: float
) -> tuple[NDArray[np.float64], float]:
    """The weights and the bias of least penalised loss; the bias is not penalised.

    Args:
        examples: a scipy CSR matrix of shape (n, features).
        positive: `bool` of shape (n,).
        inverse_penalty: of the sum of losses against half the squared length of the weights; scikit-learn's C.

    Returns:
        `float64` of shape (features,), zero for features without examples, and the bias.
    """
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    used = np.flatnonzero(np.bincount(examples.indices, minlength=examples.shape[1]))
    columns = np.zeros(examples.shape[1], np.int32)
    columns[used] = np.arange(len(used))
    small = csr_matrix((examples.data, columns[examples.indices], examples.indptr), shape=(len(positive), len(used)))
    loss = _Loss(small, np.where(positive, 1.0, -1.0), inverse_penalty)
    start = np.zeros(len(used) + 1)
    options = {"gtol": TOLERANCE * np.linalg.norm(loss(start)[1]), "maxiter": MAX_STEPS}
    with threadpool_limits(1):  # the sums of more threads would depend on their number
        found = minimize(loss, start, jac=True, hessp=loss.curvature, method="trust-ncg", options=options).x
    weights = np.zeros(examples.shape[1])
    weights[used] = found[:-1]
    return weights, float(found[-1])


class _Loss:
    """The penalised loss at weights followed by the bias, its gradient, and the product of its Hessian with a vector.

    Args:
        examples: a scipy CSR matrix.
        signs: 1 or -1 of each example.
        inverse_penalty: see `fit_logistic`.
    """

    def __init__(self, examples: Any, signs: NDArray[np.float64], inverse_penalty: float):
        self._examples, self._transposed = examples, examples.T.tocsr()
        self._signs, self._inverse_penalty = signs, inverse_penalty
        self._at, self._bend = np.full(examples.shape[1] + 1, np.nan), np.empty(0)

    def __call__(self, at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = self._signs * (self._examples @ at[:-1] + at[-1])
        loss = self._inverse_penalty * np.logaddexp(0, -margins).sum() + at[:-1] @ at[:-1] / 2
        pull = -self._inverse_penalty * self._signs * _logistic(-margins)
        return float(loss), self._gathered(pull, at)

    def curvature(self, at: NDArray[np.float64], direction: NDArray[np.float64]) -> NDArray[np.float64]:
        """The Hessian at a point times a direction."""
        if not np.array_equal(at, self._at):  # many directions are asked for at one point
            probability = _logistic(self._examples @ at[:-1] + at[-1])
            self._at, self._bend = at.copy(), self._inverse_penalty * probability * (1 - probability)
        along = self._examples @ direction[:-1] + direction[-1]
        return self._gathered(self._bend * along, direction)

    def _gathered(self, of_examples: NDArray[np.float64], penalised: NDArray[np.float64]) -> NDArray[np.float64]:
        """What examples say, by weight, with the penalty's share; the bias last."""
        return np.append(self._transposed @ of_examples + penalised[:-1], of_examples.sum())


def _logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    return np.asarray(expit(values))
