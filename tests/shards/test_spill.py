"""Sorting by way of files: every row once, in ascending ranges, with little in memory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from curate.shards import spill
from curate.shards.spill import by_position


def tables(positions: np.ndarray, step: int) -> list[pa.Table]:
    """The positions with their numbers, `step` at a time, and an empty table."""
    table = pa.table({"position": positions, "number": np.arange(len(positions))})
    return [table[:0], *(table.slice(at, step) for at in range(0, len(table), step))]


@pytest.mark.parametrize("sorted_bytes", [1 << 20, 16_000, 320])
def test_ranges_ascend_and_hold_every_row_once(tmp_path, monkeypatch, sorted_bytes):
    """All in memory, divided once, and divided twice: each table ends below where the next begins."""
    monkeypatch.setattr(spill, "SORTED_BYTES", sorted_bytes)
    positions = np.random.default_rng(3).random(20_000)
    found = list(by_position(tables(positions, 700), tmp_path))
    values = [table["position"].to_numpy() for table in found]
    assert all(before.max() < after.min() for before, after in pairwise(values))
    numbers = np.concatenate([table["number"].to_numpy() for table in found])
    assert sorted(numbers.tolist()) == list(range(20_000))
    assert len(found) == 1 or max(table.nbytes for table in found) < 4 * sorted_bytes
    assert not list(tmp_path.iterdir())


def test_rows_of_one_position_stay_together(tmp_path, monkeypatch):
    """However many they are, and though no division can part them."""
    monkeypatch.setattr(spill, "SORTED_BYTES", 100)
    positions = np.repeat([0.25, 0.75, 0.0], [500, 3, 1])
    sizes = [
        (table["position"].unique().to_pylist(), len(table)) for table in by_position(tables(positions, 9), tmp_path)
    ]
    assert sizes == [([0.0], 1), ([0.25], 500), ([0.75], 3)]


def test_nothing_gives_nothing(tmp_path):
    """Empty tables and no tables."""
    assert list(by_position([], tmp_path)) == list(by_position(tables(np.empty(0), 1), tmp_path)) == []
