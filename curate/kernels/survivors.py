"""Who survives of each cluster: greedily, best document first."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.signatures import Signatures, agree

#: A document is compared with at most so many survivors of its cluster, the best ones; it bounds the time that
#: one huge cluster of loosely similar documents can take. What resembles none of them survives.
MAX_SURVIVORS_COMPARED = 1024

#: Marks a document that survives.
SURVIVES = -1


def choose_survivors(
    roots: NDArray[np.int64],
    signatures: Signatures,
    removable: NDArray[np.bool_],
    witness: NDArray[np.bool_],
    min_agreement: int,
) -> NDArray[np.int64]:
    """The survivor that each document makes way for: the best of its cluster that it resembles.

    Args:
        roots: `int64` of shape (n,), the cluster of each document; documents are numbered by rank, best first.
        signatures: of the n documents.
        removable: `bool` of shape (n,): may be removed; the others survive whatever they resemble.
        witness: `bool` of shape (n,): other documents may be removed because of this one, if it survives.
        min_agreement: positions in which a document and its survivor agree; 0 asks only that they share a cluster.

    Returns:
        `int64` of shape (n,): the survivor's number, or `SURVIVES`.
    """
    survivors = np.full(len(roots), SURVIVES, np.int64)
    order = np.argsort(roots, kind="stable")
    _choose(order, roots, signatures.addresses, signatures.num_perm, removable, witness, min_agreement, survivors)
    return survivors


@njit(cache=True, nogil=True)
def _choose(order, roots, addresses, num_perm, removable, witness, min_agreement, survivors):  # type: ignore[no-untyped-def]
    found = np.empty(MAX_SURVIVORS_COMPARED, np.int64)
    count, cluster = 0, -1
    for node in order:
        if roots[node] != cluster:
            count, cluster = 0, roots[node]
        if removable[node]:
            for survivor in found[:count]:
                if min_agreement == 0 or agree(addresses, num_perm, survivor, node) >= min_agreement:
                    survivors[node] = survivor
                    break
        if survivors[node] == SURVIVES and witness[node] and count < MAX_SURVIVORS_COMPARED:
            found[count] = node
            count += 1
