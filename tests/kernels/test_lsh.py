"""Banding, buckets and verified unions against datasketch and brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.buckets import number_bits
from curate.kernels.components import components
from curate.kernels.lsh import band_shape, candidate_probability, unite_buckets
from curate.kernels.signatures import Signatures


def _signatures_of(values: np.ndarray, chunks: int = 3) -> Signatures:
    arrays = [
        pa.FixedSizeListArray.from_arrays(pa.array(part.reshape(-1)), values.shape[1])
        for part in np.array_split(values, chunks)
    ]
    return Signatures.of_column(pa.chunked_array(arrays))


def _similar_values(documents: int, num_perm: int, seed: int = 0, kinds: int = 12) -> np.ndarray:
    """Signatures in groups: each document replaces a share of the values of its kind by its own."""
    draw = np.random.default_rng(seed)
    models = draw.integers(0, 2**32, (kinds, num_perm), dtype=np.uint32)
    own = draw.integers(0, 2**32, (documents, num_perm), dtype=np.uint32)
    replaced = draw.random((documents, num_perm)) < draw.choice([0.0, 0.05, 0.15, 0.4, 0.8], (documents, 1))
    return np.where(replaced, own, models[draw.integers(0, kinds, documents)])


def _unite_all(values: np.ndarray, bands: int, rows: int, min_agreement: int) -> list[int]:
    signatures = _signatures_of(values)
    parent = np.arange(len(values))
    for band in range(bands):
        first = band * rows
        [entries] = signatures.band_entries(first, rows, 1, np.arange(len(values)), number_bits(len(values)))
        unite_buckets(parent, entries, signatures, (first, first + rows), min_agreement)
    return components(parent).tolist()


def _connected(documents: int, edges: set[tuple[int, int]]) -> list[int]:
    """Smallest node of each node's component, by spreading labels until nothing changes."""
    label = list(range(documents))
    changed = True
    while changed:
        changed = False
        for left, right in edges:
            low = min(label[left], label[right])
            changed |= label[left] != low or label[right] != low
            label[left] = label[right] = low
    return label


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
    """Documents share a band key exactly if `MinHashLSH` finds one from the other."""
    values = _similar_values(200, 128)
    signatures = _signatures_of(values)
    expected = _datasketch_candidates(values, bands, rows)
    assert len(expected) > 50
    bits = number_bits(len(values))
    entries = signatures.band_entries(0, rows, bands, np.arange(len(values)), bits).T
    numbers, keys = entries[:, 0] & np.uint64((1 << bits) - 1), entries >> np.uint64(bits)
    keys = keys[np.argsort(numbers)]
    pairs = list(combinations(range(len(values)), 2))
    left, right = np.array(pairs).T
    shared = (keys[left] == keys[right]).sum(axis=1)
    assert {pair for pair, count in zip(pairs, shared, strict=True) if count} == expected
    assert np.array_equal(signatures.bands_matched(left, right, bands, rows), shared)
    assert _unite_all(values, bands, rows, 0) == _connected(len(values), expected)


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**32 - 1), st.integers(1, 32))
def test_verified_clusters_are_the_components_of_verified_candidates(seed: int, min_agreement: int) -> None:
    """In buckets of up to 64 documents nothing is missed: all candidates that agree enough are connected."""
    values = _similar_values(60, 32, seed, kinds=3)
    shared = (values.reshape(60, 1, 8, 4) == values.reshape(1, 60, 8, 4)).all(axis=3).any(axis=2)
    agreement = (values[:, None] == values[None]).sum(axis=2)
    edges = {pair for pair in combinations(range(60), 2) if shared[pair] and agreement[pair] >= min_agreement}
    assert _unite_all(values, 8, 4, min_agreement) == _connected(60, edges)


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**32 - 1))
def test_agreement_counts_equal_positions(seed: int) -> None:
    """Whatever chunks and order the signatures are read in."""
    values = _similar_values(20, 48, seed)
    order = np.random.default_rng(seed).permutation(20)
    signatures = _signatures_of(values, chunks=5).take(order)
    left, right = np.array(list(combinations(range(20), 2))).T
    assert np.array_equal(signatures.agreement(left, right), (values[order[left]] == values[order[right]]).sum(axis=1))


def test_a_large_bucket_takes_linear_time() -> None:
    """50,000 documents that share every band and differ elsewhere are one cluster, without 10^9 comparisons."""
    values = _similar_values(50_000, 16, kinds=1)
    values[:, :4] = 7
    roots = _unite_all(values, 1, 4, 12)
    near = (values == np.median(values, axis=0)).sum(axis=1) >= 15
    assert len(set(np.array(roots)[near].tolist())) == 1


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
