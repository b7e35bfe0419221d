"""Sorting entries into buckets, against numpy and plain Python."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.buckets import scatter_entries, sort_entries, sort_into_buckets


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), max_size=100))
def test_any_entries_are_sorted(entries: list[int]) -> None:
    """Hashes or not, repeated or not."""
    assert sort_entries(np.array(entries, np.uint64)).tolist() == sorted(entries)


@pytest.mark.parametrize("count", [2_000, 3_000_000, 5_000_000])
def test_one_two_or_three_digits_sort_alike(count: int) -> None:
    """Many entries are sorted by more digits than few; a seventh of them share one key, in no order."""
    entries = np.random.default_rng(count).integers(0, 2**64, count, dtype=np.uint64)
    entries[::7] = (entries[::7] % np.uint64(2**30)) + np.uint64(2**60)
    assert np.array_equal(sort_entries(entries.copy()), np.sort(entries))


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(st.integers(0, 5) | st.sampled_from([2**63, 2**63 + 1, 2**64 - 1]), max_size=60),
    st.sampled_from([0, 2**20, 2**60]),
)
def test_buckets_hold_equal_keys(keys: list[int], step: int) -> None:
    """Every key that occurs twice or more is a bucket of its places in order, also where only low bits differ."""
    keys = [(key + step) % 2**64 for key in keys]
    places, starts = sort_into_buckets(np.array(keys, np.uint64))
    buckets = [places[begin:end].tolist() for begin, end in itertools.pairwise(starts)]
    expected = [[at for at, key in enumerate(keys) if key == wanted] for wanted in sorted(set(keys))]
    assert buckets == [bucket for bucket in expected if len(bucket) > 1]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=40))
@pytest.mark.parametrize("slots", [1, 2, 2048])
def test_entries_come_in_the_order_of_slots(slots: int, keys: list[tuple[int, int]]) -> None:
    """All are there, with their document, by the highest bits of their key, else as they were."""
    array = np.array(keys, np.uint64).reshape(-1, 2)
    rows = np.arange(len(keys), dtype=np.uint32)[::-1].copy()
    found = zip(*(column.tolist() for column in scatter_entries(array, rows, slots)), strict=True)
    entries = [(key, int(row)) for pair, row in zip(keys, rows, strict=True) for key in pair]
    assert list(found) == sorted(entries, key=lambda entry: entry[0] * slots >> 64)
