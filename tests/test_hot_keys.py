"""Ranges that a task cannot hold: cut by their keys, gone through in order, and kept as if they had been held."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.hot_keys import Spool, cut_by_key, in_order, is_too_large
from curate.shuffle import KeyRange, cut_slots
from curate.stored_table import MemoryTable, TableFile
from curate.tables import write_tables

_ROW_BYTES = 16
_KEYS = st.lists(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 3), st.just(2**63)), max_size=80)


def _range(keys: list[int]) -> KeyRange:
    rows = pa.table({"key": pa.array(keys, pa.uint64()), "row": np.arange(len(keys))})
    halves = rows.slice(0, len(keys) // 2), rows.slice(len(keys) // 2)
    return KeyRange([MemoryTable(cut_slots(half, "key", 1)) for half in halves], 0, 1)


@settings(deadline=None)  # loops may have to be compiled
@given(_KEYS, st.integers(1, 20))
def test_a_range_is_cut_by_key(keys: list[int], most: int) -> None:
    """Every row once, by ascending key; a piece holds what it may, or is of one key and said to hold more."""
    whole = _range(keys)
    assert is_too_large(whole, most * _ROW_BYTES) == (len(keys) > most)
    rows, last = [], -1
    for piece, too_large in cut_by_key(whole, most * _ROW_BYTES):
        table = piece.table()
        found = table["key"].to_pylist()
        assert found and min(found) > last and (len(found) > most) == too_large
        assert not too_large or len(set(found)) == 1
        rows, last = rows + table["row"].to_pylist(), max(found)
    assert sorted(rows) == list(range(len(keys)))


@settings(deadline=None)  # loops may have to be compiled
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=120), st.integers(1, 40))
def test_rows_come_in_order(rows: list[tuple[int, int]], most: int) -> None:
    """Sorted piece by piece they are sorted; what is equal in all columns comes together."""
    table = pa.table(
        {name: pa.array(column, pa.uint64()) for name, column in zip("ab", zip(*rows, strict=True), strict=bool(rows))}
    )
    table = table if rows else pa.schema({"a": pa.uint64(), "b": pa.uint64()}).empty_table()
    found = in_order(lambda: [table.slice(0, 7), table.slice(7)], "ab", most * _ROW_BYTES)
    pieces = [list(zip(*piece.to_pydict().values(), strict=True)) for piece in found]
    assert [row for piece in pieces for row in sorted(piece)] == sorted(rows)
    assert sum(len(set(piece)) for piece in pieces) == len(set(rows))


@settings(deadline=None)  # loops may have to be compiled
@given(st.lists(_KEYS, max_size=4), st.integers(0, 3))
def test_slots_of_many_pieces_are_read_like_others(pieces: list[list[int]], first: int) -> None:
    """A slot that was written piece by piece holds what it holds when it is cut from one table."""
    tables = [pa.table({"key": pa.array(keys, pa.uint64())}) for keys in [[], *pieces]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, {"t": "key"}, 4)
        for table in tables:
            spool.add({"t": table, "u": table})
        for each, batches in spool.tables():
            write_tables(folder / f"{each}.arrow", batches)
        expected = cut_slots(pa.concat_tables(tables), "key", 4)
        sizes = [len(KeyRange([MemoryTable(expected)], slot, slot + 1).table()) for slot in range(4)]
        assert spool.slot_bytes["t"].tolist() == [8 * size for size in sizes]
        for stop in range(first, 5):
            spooled, whole = (
                sorted(KeyRange([table], first, stop).table()["key"].to_pylist())
                for table in (TableFile(folder / "t.arrow"), MemoryTable(expected))
            )
            assert spooled == whole
        assert TableFile(folder / "u.arrow").table()["key"].to_pylist() == [k for keys in pieces for k in keys]
