"""Any division of the work against plain Python: every pair of documents looked at, best documents first."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from dedup_runs import Row, documents, run_dedup, similar_texts

from curate.dedup import ExactDedup, FuzzyDedup
from curate.dedup.base import Dedup
from curate.documents import document_id

SOURCES = ("web", "books", "wiki")
STAGES = {
    "verified": FuzzyDedup(num_perm=64, threshold=0.7, prefer=["wiki"]),
    "transitive": FuzzyDedup(num_perm=64, threshold=0.7, linkage="transitive"),
    "unverified": FuzzyDedup(num_perm=64, threshold=0.7, verify=False, remove_from=["web"], found_in=["wiki", "web"]),
    "within": FuzzyDedup(num_perm=64, threshold=0.7, scope="within"),
    "exact": ExactDedup(prefer=["books"]),
}


def _reference(stage: Dedup, rows: list[Row]) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """The cluster and the survivor of every document, as keys."""
    signatures, possible = stage.signatures(documents(rows))
    matching = stage.matching()
    ids = [document_id("test", key, 0) for key, _, _ in rows]
    label = list(range(len(rows)))
    for left, right in combinations(range(len(rows)), 2):
        may_meet = not matching.within_source or rows[left][1] == rows[right][1]
        if may_meet and possible[left] and possible[right] and _alike(stage, signatures[left], signatures[right]):
            label = [label[left] if each == label[right] else each for each in label]
    cluster: dict[str, str | None] = {}
    survivor: dict[str, str | None] = {}
    for name in set(label):
        members = sorted(
            (at for at in range(len(rows)) if label[at] == name), key=lambda at: _rank(stage, rows[at], ids[at])
        )
        smallest = rows[min(members, key=lambda at: ids[at])][0] if len(members) > 1 else None
        found: list[int] = []
        for at in members:
            key, source, _ = rows[at]
            alike = [
                one for one in found if (signatures[one] == signatures[at]).sum() >= matching.min_survivor_agreement
            ]
            removable = stage.remove_from is None or source in stage.remove_from
            cluster[key], survivor[key] = smallest, rows[alike[0]][0] if alike and removable else None
            if survivor[key] is None and (stage.found_in is None or source in stage.found_in):
                found.append(at)
    return cluster, survivor


def _alike(stage: Dedup, left: np.ndarray, right: np.ndarray) -> bool:
    matching = stage.matching()
    if (left == right).all():
        return True
    length = matching.bands * matching.rows
    shared = (left == right)[:length].reshape(matching.bands, matching.rows or 1).all(axis=1).any()
    return bool(shared and (left == right).sum() >= matching.min_candidate_agreement)


def _rank(stage: Dedup, row: Row, own_id: bytes) -> tuple[int, int, int, bytes]:
    _, source, text = row
    removable = stage.remove_from is None or source in stage.remove_from
    witness = stage.found_in is None or source in stage.found_in
    place = stage.prefer.index(source) if source in stage.prefer else len(stage.prefer)
    return (removable * (2 - witness), place, -len(text.encode()), own_id)


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("seed", range(2))
def test_it_is_what_every_pair_says(tmp_path: Path, name: str, seed: int) -> None:
    """One part and one range, or five parts and many ranges: clusters and survivors of the definition."""
    stage = STAGES[name]
    texts = similar_texts(150, seed, vocabulary=60, words=40)
    rows = [(str(n), SOURCES[n * 7 % 3], text) for n, text in enumerate(texts)] + [("none", "web", "")]
    cluster, survivor = _reference(stage, rows)
    assert sum(value is not None for value in survivor.values()) > 10
    whole = run_dedup(tmp_path, stage, rows)
    assert (whole.cluster, whole.survivor) == (cluster, survivor)
    cut = run_dedup(tmp_path, stage, rows, parts=5, slots=64, max_memory_bytes=60_000)
    assert (cut.cluster, cut.survivor, cut.file) == (cluster, survivor, whole.file)


def test_a_call_gives_what_a_run_gives(tmp_path: Path) -> None:
    """`stage(documents)` in memory removes what files and ranges remove."""
    stage, rows = STAGES["verified"], [(str(n), "text", text) for n, text in enumerate(similar_texts(150, seed=3))]
    batch = documents(rows).batch
    said = stage(batch)
    cut = run_dedup(tmp_path, stage, rows, parts=4, slots=64, max_memory_bytes=60_000)
    assert dict(zip((key for key, _, _ in rows), said["keep"].to_pylist(), strict=True)) == cut.keep


def test_large_buckets_do_not_depend_on_the_division(tmp_path: Path) -> None:
    """300 loosely similar documents share bands: leaders are chosen by signature, so parts and order do not matter."""
    draw = np.random.default_rng(1)
    base = draw.integers(0, 10**6, 60)
    texts = [
        " ".join(map(str, np.where(draw.random(60) < 0.04, draw.integers(0, 10**6, 60), base))) for _ in range(300)
    ]
    rows = [(str(n), "web", text) for n, text in enumerate(texts)]
    stage = FuzzyDedup(threshold=0.8, num_perm=64, bands=20, rows=2)
    whole = run_dedup(tmp_path, stage, rows)
    cut = run_dedup(
        tmp_path, stage, [rows[at] for at in draw.permutation(300)], parts=6, slots=64, max_memory_bytes=200_000
    )
    assert whole.removed and cut.file == whole.file
