"""What a quality model does, and the one of GPT-3: logistic regression on hashed words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.documents import Documents

Kind = Literal["logistic", "fasttext"]


class Model(ABC):
    """A classifier with two classes: documents become examples, examples are learnt from, documents are scored."""

    #: The name in pipelines and cards.
    kind: ClassVar[Kind]
    #: What the weights refer to; a classifier made for other features is refused.
    features: ClassVar[str]
    #: The file that holds what was learnt.
    weights_file: ClassVar[str]
    #: The package that learns.
    package: ClassVar[str]
    #: What the card must hold because the weights file does not.
    hash_bits: int | None = None
    bias: float | None = None

    @abstractmethod
    def encode(self, docs: Documents) -> pa.Array:
        """The examples of a batch, one value for each document."""

    @abstractmethod
    def stack(self, encoded: Sequence[pa.Array]) -> Any:
        """The examples of several batches as one, in the form that the model learns from."""

    @abstractmethod
    def take(self, examples: Any, rows: NDArray[np.int64]) -> Any:
        """Some of the examples, in the order of `rows`."""

    @abstractmethod
    def fit(self, examples: Any, positive: NDArray[np.bool_], seed: int) -> None:
        """Learn from examples; the same examples and seed give the same bytes in `weights_file`."""

    @abstractmethod
    def predict(self, examples: Any) -> NDArray[np.float64]:
        """The probability of the positive class, of shape (n,)."""

    @abstractmethod
    def score(self, docs: Documents) -> NDArray[np.float64]:
        """The probability of the positive class; that of a document does not depend on the batch."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write `weights_file` into the folder."""


class LogisticModel(Model):
    """Logistic regression on hashed words (`curate.kernels.logistic`).

    Args:
        hash_bits: features are `0` up to `2**hash_bits - 1`.
        weights: `float64` of shape (2**hash_bits,), if it has learnt already.
        bias: the intercept.
    """

    kind = "logistic"
    features = "lower-cased words hashed, term frequency, length 1 (v2)"
    weights_file = "weights.npy"
    package = "scikit-learn"
    hash_bits: int
    bias: float

    #: scikit-learn's C, the inverse strength of the L2 penalty; Spark's default, and so likely GPT-3's, is no penalty.
    #: Features of length 1 need large weights for scores near 1, which the Pareto rule counts on: of held-out
    #: encyclopaedia, book and news texts (800 + 800 documents learnt) alpha 9 keeps 49 % with C = 1, 91 % with 100.
    INVERSE_PENALTY = 100.0

    def __init__(self, hash_bits: int, weights: NDArray[np.float64] | None = None, bias: float = 0.0):
        self.hash_bits = hash_bits
        self.weights = np.zeros(1 << hash_bits) if weights is None else weights
        self.bias = bias

    def encode(self, docs: Documents) -> pa.Array:
        """The features of each document and their values, as lists of equal length in a struct."""
        from curate.kernels.logistic import hashed_features

        values, features, offsets = hashed_features(docs.words, self.hash_bits)
        bounds = pa.array(offsets, pa.int64())
        lists = [pa.LargeListArray.from_arrays(bounds, pa.array(column)) for column in (features, values)]
        return pa.StructArray.from_arrays(lists, names=["features", "values"])

    def stack(self, encoded: Sequence[pa.Array]) -> Any:
        """One sparse matrix of shape (n, 2**hash_bits)."""
        from scipy.sparse import csr_matrix

        lists = [array.flatten() for array in encoded]
        lengths = [pc.list_value_length(features).to_numpy() for features, _ in lists]
        features = np.concatenate([np.empty(0, np.int32), *(each.flatten().to_numpy() for each, _ in lists)])
        values = np.concatenate([np.empty(0), *(each.flatten().to_numpy() for _, each in lists)])
        offsets = np.concatenate([[0], *lengths]).cumsum()
        return csr_matrix((values, features, offsets), shape=(len(offsets) - 1, 1 << self.hash_bits))

    def take(self, examples: Any, rows: NDArray[np.int64]) -> Any:
        """Rows of the matrix."""
        return examples[rows]

    def fit(self, examples: Any, positive: NDArray[np.bool_], seed: int) -> None:
        """Learn by scikit-learn's Newton method, in one thread: the sums of more would depend on their number.

        Its L-BFGS stops farther from the optimum, and took 20 times as long on 2,666 examples, or five times with
        features left out that no example has.
        """
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        used = np.unique(examples.indices)
        with threadpool_limits(1):
            learner = LogisticRegression(C=self.INVERSE_PENALTY, max_iter=1000, solver="newton-cg")
            learnt = learner.fit(examples[:, used], positive)
        self.weights = np.zeros(1 << self.hash_bits)
        self.weights[used], self.bias = learnt.coef_[0], float(learnt.intercept_[0])

    def predict(self, examples: Any) -> NDArray[np.float64]:
        """The logistic function of the weighted sum."""
        from scipy.special import expit

        return np.asarray(expit(examples @ self.weights + self.bias))

    def score(self, docs: Documents) -> NDArray[np.float64]:
        """The same in one pass over the words."""
        from curate.kernels.logistic import logistic_scores

        return logistic_scores(docs.words, self.weights, self.bias)

    def save(self, folder: Path) -> None:
        """Write the weights as a plain numpy file; the bias belongs into the card."""
        np.save(folder / self.weights_file, self.weights, allow_pickle=False)
