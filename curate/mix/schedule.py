"""How often each document of a source appears, and where in the training order.

A source is read epoch by epoch without replacement: every document once in random order, then every document once
more in another random order, and so on. In the last, partial epoch the documents with the smallest draws are taken,
until the tokens wanted are reached.

A copy's position is `(epoch + draw) / epochs`, in [0, 1). Sorting the copies of all sources by position therefore
shuffles them together with the same mixture everywhere, and no document of a source appears for the second time
before all have appeared once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.draws import uniform
from curate.sampling import find_crossing

#: Ids (`uint64` of shape (n, 2)) and tokens (`int64` of shape (n,)) of documents, some documents at a time; called for
#: each look at them.
Tokens = Callable[[], Iterable[tuple[NDArray[np.uint64], NDArray[np.int64]]]]


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


def schedule_source(seed: int, tokens: Tokens, total: int, target: int, max_tokens: float = np.inf) -> Schedule:
    """Choose the documents of a source so that its copies hold about `target` tokens.

    The document that crosses the target in the partial epoch is taken if that ends nearer to the target than leaving
    it out, and does not exceed `max_tokens`; at a tie it is taken. So the tokens read are within half a document of
    the target, or within one document just below `max_tokens`.

    Args:
        seed: of the draws.
        tokens: the source's documents, at least one, each with 1 token or more.
        total: tokens of all of them.
        target: tokens to read.
        max_tokens: tokens that may not be exceeded.
    """
    full_epochs, wanted = divmod(target, total)
    if not wanted:
        return Schedule(full_epochs, 0.0, float(full_epochs))

    def weighted() -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
        return ((epoch_draws(seed, full_epochs, ids), sizes) for ids, sizes in tokens())

    last = find_crossing(weighted, wanted - 1)
    over, under = last.before + last.weight - wanted, wanted - last.before
    threshold, read = last.draw, full_epochs * total + last.before
    if over <= under and read + last.weight <= max_tokens:
        threshold, read = min(last.next_draw, 1.0), read + last.weight
    elif last.before == 0:
        threshold = 0.0
    return Schedule(full_epochs, threshold, read / total)
