"""Who survives of each cluster: greedily, best document first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit
from curate.kernels.signatures import Matrix, agree, copy_row, shared_bands

#: A document is compared with at most so many survivors of its cluster, the best ones; it bounds the time that
#: one huge cluster of loosely similar documents can take. What resembles none of them survives.
MAX_SURVIVORS_COMPARED = 1024

#: Marks a document that survives.
SURVIVES = -1


@dataclass(frozen=True)
class Chosen:
    """The outcome for documents, by their places.

    Attributes:
        survivor: `int64` of shape (n,): the place of the document that each makes way for, or `SURVIVES`.
        agreement: `int32` of shape (n,): positions in which it agrees with that one; 0 if it survives.
        bands: `int32` of shape (n,): bands that it shares with that one.
    """

    survivor: NDArray[np.int64]
    agreement: NDArray[np.int32]
    bands: NDArray[np.int32]


class SurvivorSearch:
    """Finds, for documents cluster by cluster and best first, the best survivor that each resembles.

    Remembers the survivors of the cluster it is in, so that documents may come in any number of pieces.

    Args:
        values: of a signature.
        min_agreement: positions in which a document and its survivor agree; 0 asks only that they share a cluster.
        bands, rows: of a signature, to count the bands that two share.
    """

    def __init__(self, values: int, min_agreement: int, bands: int, rows: int):
        self.values = values
        self._rule = min_agreement, bands, rows
        self._signatures = np.empty((MAX_SURVIVORS_COMPARED, values), np.uint32)
        self._places = np.empty(MAX_SURVIVORS_COMPARED, np.int64)
        self._state = np.array([-1, 0, 0])  # the cluster, how many survivors are known, and the next place

    @property
    def places(self) -> NDArray[np.int64]:
        """The places of the survivors of the present cluster that further documents are compared with."""
        return self._places[: self._state[1]].copy()

    def choose(
        self,
        clusters: NDArray[np.int64],
        signatures: Matrix,
        removable: NDArray[np.bool_],
        witness: NDArray[np.bool_],
    ) -> Chosen:
        """The outcome for the next documents; places count all documents since the search began.

        Args:
            clusters: `int64` of shape (n,), equal for the documents of a cluster, which come together.
            signatures: `uint32` of shape (n, values).
            removable: `bool` of shape (n,): may be removed; the others survive whatever they resemble.
            witness: `bool` of shape (n,): others may be removed because of this document, if it survives.
        """
        chosen = Chosen(
            np.full(len(clusters), SURVIVES, np.int64), *(np.zeros(len(clusters), np.int32) for _ in range(2))
        )
        known = self._signatures, self._places, self._state
        outcome = chosen.survivor, chosen.agreement, chosen.bands
        _choose(clusters, signatures, removable, witness, self._rule, known, outcome)
        return chosen


@bare_njit
def _choose(clusters, signatures, removable, witness, rule, known, outcome):  # type: ignore[no-untyped-def]
    min_agreement, bands, rows = rule
    found, places, state = known
    survivors, agreements, shared = outcome
    for at in range(len(clusters)):
        if clusters[at] != state[0]:
            state[0], state[1] = clusters[at], 0
        if removable[at]:
            for k in range(state[1]):
                agreement = agree(found[k], signatures[at])
                if agreement >= min_agreement:
                    survivors[at], agreements[at] = places[k], agreement
                    shared[at] = shared_bands(found[k], signatures[at], bands, rows)
                    break
        if survivors[at] == SURVIVES and witness[at] and state[1] < MAX_SURVIVORS_COMPARED:
            copy_row(signatures[at], found[state[1]])
            places[state[1]] = state[2] + at
            state[1] += 1
    state[2] += len(clusters)
