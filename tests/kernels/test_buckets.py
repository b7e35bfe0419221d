"""The grouping sort against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.buckets import grouped


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), max_size=50))
def test_any_keys_are_sorted_stably(keys: list[int]) -> None:
    """As numpy's stable sort does, hashes or not."""
    array = np.array(keys, np.uint64)
    order = np.argsort(array, kind="stable")
    found, members = grouped(array, np.arange(len(keys)))
    assert members.tolist() == order.tolist()
    assert found.tolist() == array[order].tolist()


@pytest.mark.parametrize("count", [2_000, 3_000_000, 5_000_000])
def test_one_two_or_three_digits_sort_alike(count: int) -> None:
    """Many keys are sorted by more digits than few, with the same result; the caller's arrays stay as they were."""
    keys = np.random.default_rng(count).integers(0, 2**64, count, dtype=np.uint64)
    keys[::7] = keys[0]
    given, members = keys.copy(), np.arange(count)[::-1].copy()
    order = np.argsort(keys, kind="stable")
    found, moved = grouped(keys, members)
    assert np.array_equal(found, keys[order])
    assert np.array_equal(moved, members[order])
    assert np.array_equal(keys, given) and members[0] == count - 1
