"""Banding and who is compared in a bucket, against datasketch and brute force."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.buckets import sort_into_buckets
from curate.kernels.components import Components
from curate.kernels.lsh import (
    MAX_PAIRED,
    LeaderSearch,
    band_shape,
    candidate_probability,
    pairs_within,
    star_edges,
)
from curate.kernels.signatures import agreements, band_hashes, whole_hashes

NO_GROUPS = np.empty(0, np.uint64)


def _similar_values(documents: int, num_perm: int, seed: int = 0, kinds: int = 12) -> np.ndarray:
    """Signatures in groups: each document replaces a share of the values of its kind by its own."""
    draw = np.random.default_rng(seed)
    models = draw.integers(0, 2**32, (kinds, num_perm), dtype=np.uint32)
    own = draw.integers(0, 2**32, (documents, num_perm), dtype=np.uint32)
    replaced = draw.random((documents, num_perm)) < draw.choice([0.0, 0.05, 0.15, 0.4, 0.8], (documents, 1))
    return np.where(replaced, own, models[draw.integers(0, kinds, documents)])


def _datasketch_candidates(values: np.ndarray, bands: int, rows: int) -> set[tuple[int, int]]:
    permutations = MinHash(values.shape[1], scheme="affine32").permutations
    oracle = MinHashLSH(num_perm=values.shape[1], params=(bands, rows))
    hashes = [MinHash(hashvalues=row, permutations=permutations, scheme="affine32") for row in values]
    for number, one in enumerate(hashes):
        oracle.insert(number, one)
    found = {(number, other) for number, one in enumerate(hashes) for other in oracle.query(one)}
    return {(left, right) for left, right in found if left < right}


@pytest.mark.parametrize(("bands", "rows"), [(21, 6), (9, 13), (42, 3), (2, 64)])
def test_candidates_are_those_of_datasketch(bands: int, rows: int) -> None:
    """Documents share a hash of a band exactly if `MinHashLSH` finds one from the other."""
    values = _similar_values(200, 128)
    expected = _datasketch_candidates(values, bands, rows)
    assert len(expected) > 50
    hashes = band_hashes(values, bands, rows, NO_GROUPS)
    places, starts = sort_into_buckets(hashes.reshape(-1))
    buckets = [places[begin:end] for begin, end in pairwise(starts)]
    found = {pair for bucket in buckets for pair in combinations(sorted((bucket // bands).tolist()), 2)}
    assert found == expected


def test_groups_share_no_hash() -> None:
    """Equal signatures have equal hashes within a group only."""
    values, groups = np.full((6, 4), 7, np.uint32), np.array([5, 5, 1, 2, 2, 2], np.uint64)
    for hashes in (*whole_hashes(values, groups), band_hashes(values, 1, 4, groups)[:, 0]):
        assert (hashes[:, None] == hashes).tolist() == (groups[:, None] == groups).tolist()


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 9), max_size=40))
def test_small_buckets_give_all_pairs_and_large_ones_none(keys: list[int]) -> None:
    """Each pair once, the lower number first; a star connects buckets of any size."""
    numbers = np.random.default_rng(len(keys)).permutation(len(keys)).astype(np.uint64)
    places, starts = sort_into_buckets(np.array(keys, np.uint64))
    left, right = pairs_within(numbers[places], starts)
    buckets = [sorted(numbers[at] for at, key in enumerate(keys) if key == wanted) for wanted in set(keys)]
    pairs = sorted(pair for bucket in buckets if len(bucket) <= MAX_PAIRED for pair in combinations(bucket, 2))
    assert sorted(zip(left, right, strict=True)) == pairs
    star = sorted(zip(*star_edges(numbers[places], starts), strict=True))
    assert star == sorted((bucket[0], other) for bucket in buckets for other in bucket[1:])


def _connected(values: np.ndarray, edges: tuple[np.ndarray, np.ndarray]) -> set[frozenset[int]]:
    found = Components(len(values))
    found.mark(*edges)
    found.unite(*edges)
    numbers, roots = found.numbers(), found.roots()
    return {frozenset(numbers[roots == root].tolist()) for root in set(roots.tolist())}


@settings(deadline=None, max_examples=50)  # the first call compiles
@given(st.integers(0, 2**32 - 1), st.integers(1, 32), st.integers(1, 70))
def test_leaders_miss_nothing_in_buckets_of_64(seed: int, min_agreement: int, cut: int) -> None:
    """All that agree enough are connected, whatever pieces a bucket comes in."""
    values = _similar_values(60, 32, seed, kinds=3)
    search, numbers = LeaderSearch(32, min_agreement), np.arange(60, dtype=np.uint64)
    pieces = [slice(begin, begin + cut) for begin in range(0, 60, cut)]
    found = [search.edges(np.zeros(60, np.int64)[some], numbers[some], values[some]) for some in pieces]
    left, right = (np.concatenate(ends) for ends in zip(*found, strict=True))
    pairs = np.array(list(combinations(range(60), 2))).T
    alike = agreements(values, *pairs) >= min_agreement
    assert np.array_equal(agreements(values, *pairs), (values[pairs[0]] == values[pairs[1]]).sum(axis=1))
    expected = _connected(values, tuple(pairs[:, alike].astype(np.uint64)))
    assert _connected(values, (left, right)) == expected


def test_a_large_bucket_takes_linear_time() -> None:
    """50,000 documents that share a band and differ elsewhere are one cluster, without 10^9 comparisons."""
    values = _similar_values(50_000, 16, kinds=1)
    numbers = np.arange(len(values), dtype=np.uint64)
    clusters = _connected(values, LeaderSearch(16, 12).edges(np.zeros(len(values), np.int64), numbers, values))
    near = np.flatnonzero((values == np.median(values, axis=0)).sum(axis=1) >= 15).tolist()
    assert any(set(near) <= cluster for cluster in clusters)


@settings(deadline=None)  # the first call compiles
@given(st.floats(0.05, 1.0), st.integers(1, 256))
def test_the_shape_favours_recall(threshold: float, num_perm: int) -> None:
    """It fits the signature, and a pair at the threshold is found with 99 % where any number of rows can do it."""
    bands, rows = band_shape(threshold, num_perm)
    assert bands >= 1 and rows >= 1 and bands * rows <= num_perm
    assert rows == 1 or candidate_probability(threshold, bands, rows) >= 0.99
    if bands > 1 and rows < num_perm:
        more = num_perm // (rows + 1)
        assert candidate_probability(threshold, more, rows + 1) < 0.99
