"""The sort of entries against numpy's, and how keys and numbers share an entry."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.buckets import number_bits, sort_entries
from curate.kernels.signatures import Signatures


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


@pytest.mark.parametrize(("documents", "bits"), [(1, 1), (2, 1), (3, 2), (1 << 20, 20), ((1 << 20) + 1, 21)])
def test_every_document_has_a_number(documents: int, bits: int) -> None:
    """The last number fits, and no bit is spent in vain."""
    assert number_bits(documents) == bits


def test_more_documents_than_fit_are_refused() -> None:
    """The message says how many there may be."""
    with pytest.raises(ValueError, match="at most 4294967296"):
        number_bits((1 << 32) + 1)


def test_documents_of_different_groups_share_no_key() -> None:
    """Equal signatures have equal keys within a group only."""
    values = pa.FixedSizeListArray.from_arrays(pa.array(np.full(4 * 6, 7, np.uint32)), 4)
    signatures = Signatures.of_column(pa.chunked_array([values]))
    groups = np.array([0, 0, 1, 2, 2, 2], np.uint64)
    [entries] = signatures.band_entries(0, 4, 1, np.arange(6), 3, groups)
    assert (entries & np.uint64(7)).tolist() == list(range(6))
    keys = (entries >> np.uint64(3)).tolist()
    assert [keys[0] == key for key in keys] == [True, True, False, False, False, False]
    assert [keys[3] == key for key in keys] == [False, False, False, True, True, True]
