"""Ranges of a shuffle that are more than a task may hold, since one key, or a few, have so many rows.

Such a range is cut by more bits of the key; what is still too much is of one key, and goes through memory in the order
in which its reduce wants it: by as many looks at the rows as there are pieces, so nothing is sorted on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.shuffle import KeyRange, Reduced, cut_slots
from curate.stored_table import batches_of, in_slots, slots_of

#: Bits of the key that a range is cut by at once.
_CUT_BITS = 12
#: Rows of which the order of all is learnt.
_SAMPLED_ROWS = 1 << 16


def is_too_large(keys: KeyRange, max_bytes: int) -> bool:
    """Whether a range holds more than it may; only one slot can."""
    held = 0
    if keys.stop - keys.first == 1:
        for _, batch in keys.batches():
            held += batch.nbytes
            if held > max_bytes:
                return True
    return False


def cut_by_key(keys: KeyRange, max_bytes: int) -> Iterator[tuple[KeyRange, bool]]:
    """Cut a range, in the order of keys, into ranges that hold what they may, and such of one key that hold more.

    Yields:
        A range, and whether it holds more.
    """
    low, high = keys.between or (0, 2**64 - 1)
    shift = max(0, (high - low).bit_length() - _CUT_BITS)
    sizes = np.zeros(((high - low) >> shift) + 1)
    for _, batch in keys.batches():
        cells = (batch[keys.key].to_numpy() - np.uint64(low)) >> np.uint64(shift)
        sizes += np.bincount(cells.astype(np.int64), minlength=len(sizes)) * (batch.nbytes / len(batch))
    first, held = 0, 0.0
    for cell, size in enumerate([*sizes.tolist(), np.inf]):
        if held + size > max_bytes and cell > first:
            if held:
                yield replace(keys, between=(low + (first << shift), low + (cell << shift) - 1)), False
            first, held = cell, 0.0
        if max_bytes < size < np.inf:
            own = replace(keys, between=(low + (cell << shift), low + ((cell + 1) << shift) - 1))
            yield from cut_by_key(own, max_bytes) if shift else [(own, True)]
            first = cell + 1
        else:
            held += size


def in_order(read: Callable[[], Iterable[pa.Table]], columns: Sequence[str], max_bytes: int) -> Iterator[pa.Table]:
    """Rows in tables of about `max_bytes`, each of rows that come before those of the next; in a table, in any order.

    Args:
        read: gives all rows, in any tables; called once for each table that is made, and once before.
        columns: `uint64`, by which rows come before others: by the first, then the second, and so on.
    """
    splitters = _splitters(read, columns, max_bytes)
    for after, until in zip([None, *splitters], [*splitters, None], strict=True):
        held = []
        for table in read():
            values = [table[name].to_numpy() for name in columns]
            wanted = np.ones(len(table), bool) if until is None else _before(values, until)
            if after is not None:
                wanted &= ~_before(values, after)
            held.append(table.filter(pa.array(wanted)))
        yield pa.concat_tables(held)


def _splitters(
    read: Callable[[], Iterable[pa.Table]], columns: Sequence[str], max_bytes: int
) -> list[NDArray[np.uint64]]:
    """Rows that cut all rows into pieces of about `max_bytes`, learnt from a sample."""
    sample, held, step = [np.empty((0, len(columns)), np.uint64)], 0, 1
    rows = 0
    for table in read():
        values = np.stack([table[name].to_numpy() for name in columns], axis=1)
        sample.append(values[-rows % step :: step])
        rows, held = rows + len(table), held + table.nbytes
        if sum(map(len, sample)) > 2 * _SAMPLED_ROWS:
            sample, step = [np.concatenate(sample)[::2]], 2 * step
    found = np.concatenate(sample)
    found = found[np.lexsort(found.T[::-1])]
    pieces = held // max_bytes + 1
    return list(np.unique(found[[len(found) * piece // pieces for piece in range(1, pieces)]], axis=0))


def _before(values: Sequence[NDArray[np.uint64]], row: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which rows come before one."""
    before, same = np.zeros(len(values[0]), bool), np.ones(len(values[0]), bool)
    for column, value in zip(values, row, strict=True):
        before |= same & (column < value)
        same &= column == value
    return before


class Spool:
    """Tables that come in pieces, kept in a folder until they are complete; some are cut into slots.

    Args:
        folder: an empty one.
        keys: the key of each table that is cut into slots.
        slots: that they are cut into.
    """

    def __init__(self, folder: Path, keys: Mapping[str, str], slots: int):
        self.folder, self.keys, self.slots = folder, keys, slots
        self.slot_bytes = {name: np.zeros(slots, np.int64) for name in keys}
        self._writers: dict[str, pa.ipc.RecordBatchFileWriter] = {}
        self._slots: dict[str, list[int]] = {}
        self._open = ExitStack()

    def add(self, pieces: Reduced) -> None:
        """Take a piece of each table."""
        for name, table in pieces.items():
            cut = cut_slots(table, self.keys[name], self.slots) if name in self.keys else batches_of(table)
            if name not in self._writers:
                writer = pa.ipc.new_file(str(self.folder / name), table.schema)
                self._writers[name] = self._open.enter_context(writer)
            for slot, batch in zip(slots_of(cut[0].schema) or range(len(cut)), cut, strict=False):
                if batch.num_rows:
                    self._writers[name].write_batch(batch)
                    self._slots.setdefault(name, []).append(slot)
                    if name in self.keys:
                        self.slot_bytes[name][slot] += batch.nbytes

    def tables(self) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """Each table, complete: its name and its batches, one at least."""
        self._open.close()
        for name in self._writers:
            with pa.OSFile(str(self.folder / name)) as file, pa.ipc.open_file(file) as reader:
                yield name, self._batches(name, reader)

    def _batches(self, name: str, reader: pa.ipc.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
        schema, slots = reader.schema, np.array(self._slots.get(name, []), np.int64)
        if name in self.keys:
            counts = np.bincount(slots, minlength=self.slots).tolist()
            schema = in_slots(schema, counts)
        order = np.argsort(slots, kind="stable") if name in self.keys else np.arange(len(slots))
        if not len(order):
            yield pa.RecordBatch.from_pylist([], schema)
        for number in order.tolist():
            yield reader.get_batch(number).replace_schema_metadata(schema.metadata)
