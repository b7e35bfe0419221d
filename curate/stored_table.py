"""Tables that rounds keep for later rounds, in files or in memory: read batch by batch, each on its own."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.kernels.read_rows import copy_rows, read_rows


def batches_of(table: pa.Table) -> list[pa.RecordBatch]:
    """The record batches of a table, one at least, so that it keeps its schema."""
    return table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]


#: In the metadata of a schema: how many batches each slot of a shuffle has. Where it is not there, each has one.
_SLOT_BATCHES = b"slot_batches"


def in_slots(schema: pa.Schema, counts: Sequence[int]) -> pa.Schema:
    """The schema of a table whose batches are ordered by slot, so many of each."""
    return schema.with_metadata({_SLOT_BATCHES: json.dumps(counts)})


def slots_of(schema: pa.Schema) -> list[int] | None:
    """The slot of each batch of a table; None if each slot has one batch.

    >>> slots_of(in_slots(pa.schema([]), [2, 0, 1]))
    [0, 0, 2]
    """
    counts = _slot_batches(schema)
    return None if counts is None else [slot for slot, count in enumerate(counts) for _ in range(count)]


def _slot_batches(schema: pa.Schema) -> list[int] | None:
    counts = (schema.metadata or {}).get(_SLOT_BATCHES)
    return None if counts is None else list(json.loads(counts))


class StoredTable(ABC):
    """Record batches of one schema."""

    @property
    @abstractmethod
    def schema(self) -> pa.Schema:
        """The columns."""

    @abstractmethod
    def batches(self, first: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        """The record batches from `first` up to `stop`, or those of these slots; no byte of the others is read."""

    @abstractmethod
    def mapped(self) -> pa.Table:
        """All of it, left where it is until it is touched: for random access, and to be let go soon."""

    @abstractmethod
    def read_lists(
        self, column: str, rows: NDArray[np.int64], target: NDArray[np.uint32], places: NDArray[np.int64]
    ) -> None:
        """Read some values of a column of lists of one size: row `rows[i]` into `target[places[i]]`.

        Args:
            rows: `int64` of shape (n,), ascending.
            target: `uint32` of shape (m, values), C order.
            places: `int64` of shape (n,).
        """

    def table(self) -> pa.Table:
        """All of it, in memory."""
        return pa.Table.from_batches(list(self.batches()), self.schema)


@dataclass(frozen=True)
class MemoryTable(StoredTable):
    """Record batches in memory, one at least."""

    held: Sequence[pa.RecordBatch]

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return self.held[0].schema

    def batches(self, first: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        """The record batches from `first` up to `stop`."""
        return iter(self.held[slice(*_span(self.schema, len(self.held), first, stop))])

    def mapped(self) -> pa.Table:
        """All of it."""
        return self.table()

    def read_lists(
        self, column: str, rows: NDArray[np.int64], target: NDArray[np.uint32], places: NDArray[np.int64]
    ) -> None:
        """Copy some values of a column of lists of one size."""
        first = 0
        for batch in self.held:
            begin, end = np.searchsorted(rows, [first, first + len(batch)])
            if begin < end:
                values = batch[column].flatten().to_numpy().reshape(len(batch), -1)
                copy_rows(values, first, rows[begin:end], target, places[begin:end])
            first += len(batch)


@dataclass(frozen=True)
class TableFile(StoredTable):
    """An Arrow IPC file.

    It is read, not mapped: pages of a mapped file count as memory of the process for as long as it is open.
    """

    path: Path

    def present(self) -> Path:
        """The path, once the file is on this machine."""
        return self.path

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns."""
        with pa.OSFile(str(self.present())) as file, pa.ipc.open_file(file) as reader:
            return reader.schema

    def batches(self, first: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        """The record batches from `first` up to `stop`; no byte of the others is read."""
        with pa.OSFile(str(self.present())) as file, pa.ipc.open_file(file) as reader:
            for number in range(*_span(reader.schema, reader.num_record_batches, first, stop)):
                yield reader.get_batch(number)

    def mapped(self) -> pa.Table:
        """All of the file, left on the disk until it is touched."""
        return pa.ipc.open_file(pa.memory_map(str(self.present()))).read_all()

    def read_lists(
        self, column: str, rows: NDArray[np.int64], target: NDArray[np.uint32], places: NDArray[np.int64]
    ) -> None:
        """Read some values of a column of lists of one size, by system calls."""
        with self.present().open("rb") as opened:
            for first, length, offset in self._list_offsets(column):
                begin, end = np.searchsorted(rows, [first, first + length])
                if begin < end:
                    read_rows(opened.fileno(), offset, rows[begin:end] - first, target, places[begin:end])

    def _list_offsets(self, column: str) -> Iterator[tuple[int, int, int]]:
        """Where the values of a column of lists of one size lie: first row, rows and offset in bytes of each batch."""
        with pa.memory_map(str(self.present())) as file:
            start = file.read_buffer().address
            first = 0
            for batch in pa.ipc.open_file(file).read_all().to_batches():
                values = batch[column].values
                offset = values.buffers()[1].address - start + values.offset * values.type.bit_width // 8
                yield first, len(batch), offset
                first += len(batch)


def _span(schema: pa.Schema, batches: int, first: int, stop: int | None) -> tuple[int, int]:
    """The batches of some slots."""
    if stop is None:
        return first, batches
    counts = _slot_batches(schema)
    if counts is None:
        return first, stop
    begin = sum(counts[:first])
    return begin, begin + sum(counts[first:stop])
