"""How often each document of a source appears, and where in the training order.

A source is read epoch by epoch without replacement: every document once in random order, then every document once
more in another random order, and so on. In the last, partial epoch the documents with the smallest draws are taken,
until the tokens wanted are reached.

A copy's position is `(epoch + draw) / epochs`, in [0, 1). Sorting the copies of all sources by position therefore
shuffles them together with the same mixture everywhere, and no document of a source appears for the second time
before all have appeared once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.draws import uniform


@dataclass(frozen=True)
class Schedule:
    """How one source is read.

    Attributes:
        full_epochs: times that every document is read.
        threshold: documents with a draw below it are read once more; 0 if there is no partial epoch.
        epochs: tokens read / tokens of the source.
    """

    full_epochs: int
    threshold: float
    epochs: float

    def positions(self, seed: int, ids: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Where the copies of each document stand.

        Args:
            seed: of the draws.
            ids: document ids, `uint64` of shape (n, 2).

        Returns:
            The number of copies of each document, `int32` of shape (n,); and their positions, `float64`, ascending
            for each document, back to back.
        """
        if self.epochs == 0:
            return np.zeros(len(ids), np.int32), np.empty(0)
        columns = self.full_epochs + (self.threshold > 0)
        keys = np.empty((len(ids), columns))
        chosen = np.ones((len(ids), columns), bool)
        for epoch in range(columns):
            draw = epoch_draws(seed, epoch, ids)
            if epoch == self.full_epochs:
                chosen[:, epoch] = draw < self.threshold
                draw *= (self.epochs - self.full_epochs) / self.threshold  # so that the last copies reach to 1 too
            keys[:, epoch] = (epoch + draw) / self.epochs
        return chosen.sum(axis=1, dtype=np.int32), np.minimum(keys[chosen], np.nextafter(1, 0))


def epoch_draws(seed: int, epoch: int, ids: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The random order of an epoch: one uniform number in [0, 1) for each document."""
    return uniform(seed, f"mix:{epoch}", ids)


def schedule_source(
    seed: int, ids: NDArray[np.uint64], tokens: NDArray[np.int64], target: int, max_tokens: float = np.inf
) -> Schedule:
    """Choose the documents of a source so that its copies hold about `target` tokens.

    The document that crosses the target in the partial epoch is taken if that ends nearer to the target than leaving
    it out, and does not exceed `max_tokens`; at a tie it is taken. So the tokens read are within half a document of
    the target, or within one document just below `max_tokens`.

    Args:
        seed: of the draws.
        ids: of the source's documents, `uint64` of shape (n, 2), n > 0.
        tokens: of each, `int64` of shape (n,), above 0.
        target: tokens to read.
        max_tokens: tokens that may not be exceeded.
    """
    total = int(tokens.sum())
    full_epochs, wanted = divmod(target, total)
    draws = epoch_draws(seed, full_epochs, ids)
    order = np.argsort(draws, kind="stable")
    reached = np.cumsum(tokens[order])
    taken = int(np.searchsorted(reached, wanted))
    over, under = int(reached[taken]) - wanted, wanted - (int(reached[taken - 1]) if taken else 0)
    if over <= under and full_epochs * total + int(reached[taken]) <= max_tokens:
        taken += 1
    threshold = 0.0 if taken == 0 else 1.0 if taken == len(order) else float(draws[order[taken]])
    read = full_epochs * total + int(tokens[draws < threshold].sum())
    return Schedule(full_epochs, threshold, read / total)
