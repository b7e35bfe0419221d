"""The shuffle: tables of parts cut by ranges of a key, so that who reduces a range reads no byte of another.

A part's table is written as an Arrow IPC file with one record batch for each *slot*: the rows whose key, a hash of 64
bits, starts with the slot's number. A *range* is a run of slots that one reduce takes. Slots are fixed in the plan;
ranges follow from the bytes that were written and from the memory a task may hold, never from the number of workers.
Files are read, not mapped: pages of a mapped file count as memory of the process for as long as it is open.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.errors import ResourceError
from curate.tables import write_tables

#: What a reduce returns: tables by name.
Reduced = Mapping[str, pa.Table]

#: A shuffle is cut into no more ranges than this, unless memory asks for more, nor into ranges below this size.
MAX_RANGES, MIN_RANGE_BYTES = 64, 16_000_000
#: Slots that a part's table is cut into where there is enough input, and the input bytes for one more below that.
_SLOTS, _SLOT_INPUT_BYTES = 512, 1_000_000


@dataclass(frozen=True)
class TableFile:
    """An Arrow IPC file whose batches are read one by one, each on its own."""

    path: Path

    def present(self) -> Path:
        """The path, once the file is on this machine."""
        return self.path

    def batches(self, first: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        """The record batches from `first` up to `stop`; no byte of the others is read."""
        with pa.OSFile(str(self.present())) as file, pa.ipc.open_file(file) as reader:
            for number in range(first, reader.num_record_batches if stop is None else stop):
                yield reader.get_batch(number)

    def table(self) -> pa.Table:
        """All of the file, in memory."""
        return pa.Table.from_batches(list(self.batches()), self.schema)

    def mapped(self) -> pa.Table:
        """All of the file, left on the disk until it is touched: for random access, and to be let go soon."""
        return pa.ipc.open_file(pa.memory_map(str(self.present()))).read_all()

    def column_offsets(self, name: str) -> Iterator[tuple[int, int, int]]:
        """Where the values of a column of lists of one size lie: first row, rows and offset in bytes of each batch."""
        with pa.memory_map(str(self.present())) as file:
            start = file.read_buffer().address
            first = 0
            for batch in pa.ipc.open_file(file).read_all().to_batches():
                values = batch[name].values
                offset = values.buffers()[1].address - start + values.offset * values.type.bit_width // 8
                yield first, len(batch), offset
                first += len(batch)

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns."""
        with pa.OSFile(str(self.present())) as file, pa.ipc.open_file(file) as reader:
            return reader.schema


@dataclass(frozen=True)
class KeyRange:
    """The rows of all parts, or of all ranges of an earlier round, whose keys lie in one range.

    Attributes:
        files: of the parts or ranges, in their order, each with a batch for each slot.
        first, stop: the slots, from the first up to the one past the last.
    """

    files: Sequence[TableFile]
    first: int
    stop: int

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The rows, with the number of the file that they are in, such as the part; empty batches are left out."""
        for number, file in enumerate(self.files):
            for batch in file.batches(self.first, self.stop):
                if batch.num_rows:
                    yield number, batch

    def table(self) -> pa.Table:
        """The rows as one table, file by file and slot by slot."""
        return pa.Table.from_batches([batch for _, batch in self.batches()], self.files[0].schema)


class StageTables(ABC):
    """What the rounds of a stage have written so far.

    The parts of earlier runs come after the own ones; in them, the rounds that summarise documents are those of the
    earlier run.

    Args:
        own_parts: how many parts are of this run.
        earlier_parts: how many each earlier run has, the one that comes first first.
    """

    def __init__(self, own_parts: int, earlier_parts: Sequence[int] = ()):
        self.own_parts = own_parts
        self._runs = [(run, part) for run, parts in enumerate(earlier_parts) for part in range(parts)]
        self._earlier_runs = len(earlier_parts)
        self.parts = own_parts + len(self._runs)

    def run_of(self, part: int) -> int:
        """Whose part it is: 0 for the first earlier run, and so on; this run comes last."""
        return self._earlier_runs if part < self.own_parts else self._earlier(part)[0]

    def _earlier(self, part: int) -> tuple[int, int]:
        """The earlier run whose part it is, and the number that the part has there."""
        return self._runs[part - self.own_parts]

    @abstractmethod
    def summary(self, round_name: str, part: int) -> TableFile:
        """What a round said of a part."""

    @abstractmethod
    def reduced(self, round_name: str, name: str) -> list[TableFile]:
        """The tables of a name that a round's reduces wrote, in the order of their ranges."""

    @abstractmethod
    def rows(self, round_name: str) -> list[int]:
        """How many rows a round's summary of each part has."""


def slot_count(input_bytes: int, max_memory_bytes: int) -> int:
    """Slots for an input: a power of two, more where the input is larger and the memory less.

    >>> slot_count(10_000, 2**31), slot_count(16_000_000, 2**31), slot_count(10**12, 2**31), slot_count(10**15, 2**31)
    (1, 16, 512, 65536)
    """
    wanted = max(min(_SLOTS, input_bytes // _SLOT_INPUT_BYTES), input_bytes // (8 * max_memory_bytes))
    return 1 << max(0, wanted - 1).bit_length()


def write_slots(path: Path, table: pa.Table, key: str, slots: int) -> list[int]:
    """Write a table as one batch for each slot; rows of a slot keep their order.

    Args:
        key: the `uint64` column whose highest bits are the slot.
        slots: a power of two.

    Returns:
        The bytes of each slot.
    """
    table = table.combine_chunks()
    of_row = slots_of(table[key].to_numpy(), slots)
    if (of_row[1:] < of_row[:-1]).any():
        table = table.take(pa.array(np.argsort(of_row, kind="stable"))).combine_chunks()
        of_row = np.sort(of_row)
    edges = np.searchsorted(of_row, np.arange(slots + 1, dtype=np.uint32))
    empty = pa.RecordBatch.from_pylist([], table.schema)  # empty slots are written too: a slot is found by number
    batches = [table.slice(start, stop - start).to_batches() or [empty] for start, stop in pairwise(edges)]
    write_tables(path, [batch for [batch] in batches])
    return [batch.nbytes for [batch] in batches]


def slots_of(keys: NDArray[np.uint64], slots: int) -> NDArray[np.uint32]:
    """The slot of each key, its highest bits: `uint32`.

    >>> slots_of(np.array([0, 2**62, 2**64 - 1], np.uint64), 4).tolist(), slots_of(np.array([2**63], np.uint64), 1)
    ([0, 1, 3], array([0], dtype=uint32))
    """
    bits = slots.bit_length() - 1
    return (keys >> np.uint64(64 - bits)).astype(np.uint32) if bits else np.zeros(len(keys), np.uint32)


def even_tables(files: Sequence[TableFile], schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
    """The rows of some files, one after another, in tables of `rows` rows, the last one excepted; one at least.

    So what is written of them does not depend on where one file ends and the next begins.
    """
    held: list[pa.RecordBatch] = []
    for file in files:
        for batch in file.batches():
            held.append(batch)
            if sum(map(len, held)) >= rows:
                table = pa.Table.from_batches(held, schema)
                for start in range(0, len(table) - rows + 1, rows):
                    yield table.slice(start, rows).combine_chunks()
                held = table.slice(len(table) - len(table) % rows).to_batches()
    yield pa.Table.from_batches(held, schema).combine_chunks()


def divide(slot_bytes: NDArray[np.int64], max_range_bytes: int, what: str) -> list[int]:
    """Where ranges begin and end, so that each holds about as much as the others and none more than it may.

    Args:
        slot_bytes: `int64` of shape (slots,), of all parts together.
        max_range_bytes: what a range may hold.
        what: the round, for the error.

    Returns:
        The first slot of each range, and at last the number of slots.

    Raises:
        ResourceError: one slot holds more than a range may.

    >>> divide(np.array([12, 12, 4, 36, 4]) * 10**6, 10**9, "a round")
    [0, 1, 3, 4, 5]
    """
    if len(slot_bytes) and slot_bytes.max() > max_range_bytes:
        raise ResourceError(
            f"{what}: one of {len(slot_bytes)} key ranges holds {slot_bytes.max():,} bytes, and a task may hold "
            f"{max_range_bytes:,} of them within max_memory_bytes; allow "
            f"{slot_bytes.max() / max_range_bytes:.2g} times the memory (--memory)"
        )
    wanted = min(max_range_bytes, max(int(slot_bytes.sum()) // MAX_RANGES, MIN_RANGE_BYTES))
    edges, held = [0], 0
    for slot, size in enumerate(slot_bytes.tolist()):
        if held and held + size > wanted:
            edges.append(slot)
            held = 0
        held += size
    return [*edges, len(slot_bytes)]
