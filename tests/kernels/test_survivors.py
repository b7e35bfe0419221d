"""The greedy choice of survivors against the same rule in plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.survivors import MAX_SURVIVORS_COMPARED, SURVIVES, SurvivorSearch


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
@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.integers(1, 31))
def test_each_makes_way_for_the_best_survivor_it_resembles(seed: int, min_agreement: int, cut: int) -> None:
    """Whatever clusters, signatures and rights the documents have, and whatever pieces they come in."""
    draw = np.random.default_rng(seed)
    roots = np.sort(draw.integers(0, 4, 30))
    values = draw.integers(0, 2, (30, 6)).astype(np.uint32)
    removable, witness = draw.random(30) < 0.7, draw.random(30) < 0.7
    search = SurvivorSearch(6, min_agreement, bands=2, rows=3)
    pieces = [slice(begin, begin + cut) for begin in range(0, 30, cut)]
    found = [search.choose(roots[some], values[some], removable[some], witness[some]) for some in pieces]
    survivor, agreement, bands = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("survivor", "agreement", "bands")
    )
    assert survivor.tolist() == _reference(roots, values, removable, witness, min_agreement)
    gone = survivor != SURVIVES
    equal = values[survivor] == values
    assert agreement.tolist() == np.where(gone, equal.sum(axis=1), 0).tolist()
    assert bands.tolist() == np.where(gone, equal.reshape(30, 2, 3).all(axis=2).sum(axis=1), 0).tolist()


def test_a_huge_cluster_without_resemblance_is_bounded() -> None:
    """Beyond the bound a document is compared with the best survivors only; what resembles none survives."""
    documents = MAX_SURVIVORS_COMPARED + 500
    values = np.arange(documents, dtype=np.uint32)[:, None].repeat(2, axis=1)
    values[-1], values[-2] = values[0], values[-3]
    every = np.ones(documents, bool)
    chosen = SurvivorSearch(2, 2, 0, 0).choose(np.zeros(documents, np.int64), values, every, every)
    assert chosen.survivor[-1] == 0 and (chosen.survivor[:-1] == SURVIVES).all()
