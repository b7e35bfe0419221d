"""The greedy choice of survivors against the same rule in plain Python."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.signatures import Signatures
from curate.kernels.survivors import MAX_SURVIVORS_COMPARED, SURVIVES, choose_survivors


def _signatures_of(values: np.ndarray) -> Signatures:
    array = pa.FixedSizeListArray.from_arrays(pa.array(values.astype(np.uint32).reshape(-1)), values.shape[1])
    return Signatures.of_column(pa.chunked_array([array]))


def _reference(roots, values, removable, witness, min_agreement) -> list[int]:
    survivors = []
    for node in range(len(roots)):
        able = [
            other
            for other in range(node)
            if roots[other] == roots[node]
            and survivors[other] == SURVIVES
            and witness[other]
            and (values[other] == values[node]).sum() >= min_agreement
        ]
        survivors.append(able[0] if able and removable[node] else SURVIVES)
    return survivors


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**32 - 1), st.integers(0, 6))
def test_each_makes_way_for_the_best_survivor_it_resembles(seed: int, min_agreement: int) -> None:
    """Whatever clusters, signatures and rights the documents have."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 4, 30)
    roots = np.array([int(np.flatnonzero(labels == label)[0]) for label in labels])
    values = draw.integers(0, 2, (30, 6))
    removable, witness = draw.random(30) < 0.7, draw.random(30) < 0.7
    chosen = choose_survivors(roots, _signatures_of(values), removable, witness, min_agreement)
    assert chosen.tolist() == _reference(roots, values, removable, witness, min_agreement)


def test_a_huge_cluster_without_resemblance_is_bounded() -> None:
    """Beyond the bound a document is compared with the best survivors only; what resembles none survives."""
    documents = MAX_SURVIVORS_COMPARED + 500
    values = np.arange(documents)[:, None].repeat(2, axis=1)
    values[-1], values[-2] = values[0], values[-3]
    every = np.ones(documents, bool)
    chosen = choose_survivors(np.zeros(documents, np.int64), _signatures_of(values), every, every, 2)
    assert chosen[-1] == 0 and (chosen[:-1] == SURVIVES).all()
