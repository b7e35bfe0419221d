"""The shuffle: tables of parts cut by ranges of a key, so that who reduces a range reads no byte of another.

A part's table is written as an Arrow IPC file with one record batch for each *slot*: the rows whose key, a hash of 64
bits, starts with the slot's number. A *range* is a run of slots that one reduce takes. Slots are fixed in the plan;
ranges follow from the bytes that were written and from the memory a task may hold, never from the number of workers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.errors import ResourceError
from curate.kernels.buckets import count_slots
from curate.stored_table import StoredTable, batches_of, in_slots, slots_of

#: What a reduce returns: tables by name.
Reduced = Mapping[str, pa.Table]

#: A shuffle is cut into no more ranges than this, unless memory asks for more, nor into ranges below this size.
MAX_RANGES, MIN_RANGE_BYTES = 64, 1_000_000
#: Slots that a part's table is cut into where there is enough input, and the input bytes for one more below that.
_SLOTS, _SLOT_INPUT_BYTES = 256, 1_000_000
#: Pieces that are held before they are joined: each takes a kilobyte beside its rows, which may be few.
_PIECES = 256


@dataclass(frozen=True)
class KeyRange:
    """The rows of all parts, or of all ranges of an earlier round, whose keys lie in one range.

    Attributes:
        files: of the parts or ranges, in their order, each with a batch for each slot.
        first, stop: the slots, from the first up to the one past the last.
        key: the column that the shuffle divides by.
        between: of these slots only the rows with keys from the first of these up to the second; None takes all.
    """

    files: Sequence[StoredTable]
    first: int
    stop: int
    key: str = "key"
    between: tuple[int, int] | None = None

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The rows, with the number of the file that they are in, such as the part; empty batches are left out."""
        for number, file in enumerate(self.files):
            for batch in map(self._own, file.batches(self.first, self.stop)):
                if batch.num_rows:
                    yield number, batch

    def slots(self) -> Iterator[tuple[int, int, pa.RecordBatch]]:
        """The same, each with its slot, counted from 0, before that number."""
        for number, file in enumerate(self.files):
            for at, batch in enumerate(file.batches(self.first, self.stop)):
                if not at:
                    slots = slots_of(batch.schema)
                    of_batch = [slot for slot in slots if slot >= self.first] if slots else range(self.first, self.stop)
                own = self._own(batch)
                if own.num_rows:
                    yield of_batch[at] - self.first, number, own

    def table(self) -> pa.Table:
        """The rows as one table, file by file and slot by slot."""
        tables, batches = [], (batch for _, batch in self.batches())
        while some := list(islice(batches, _PIECES)):
            tables.append(pa.Table.from_batches(some).combine_chunks())
        return pa.concat_tables(tables) if tables else self.files[0].schema.remove_metadata().empty_table()

    def _own(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch that are in the range; what its schema says of slots stays behind."""
        batch = batch.replace_schema_metadata(None)
        if self.between is None:
            return batch
        keys = batch[self.key].to_numpy()
        first, last = map(np.uint64, self.between)
        return batch.filter(pa.array((keys >= first) & (keys <= last)))


class Gathered:
    """Columns of `uint64` that come in pieces, many and small where a range has few rows of each of many parts."""

    def __init__(self, columns: int):
        self._pieces: list[list[NDArray[np.uint64]]] = [[] for _ in range(columns)]
        self._joined: list[list[NDArray[np.uint64]]] = [[np.empty(0, np.uint64)] for _ in range(columns)]

    def add(self, *pieces: NDArray[np.uint64]) -> None:
        """The next rows of each column."""
        for column, piece in zip(self._pieces, pieces, strict=True):
            column.append(piece)
        if len(self._pieces[0]) == _PIECES:
            for joined, own in zip(self._joined, self._pieces, strict=True):
                joined.append(np.concatenate(own))
                own.clear()

    def columns(self) -> tuple[NDArray[np.uint64], ...]:
        """All rows, in the order in which they came."""
        return tuple(np.concatenate([*first, *last]) for first, last in zip(self._joined, self._pieces, strict=True))


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
    def summary(self, round_name: str, part: int) -> StoredTable:
        """What a round said of a part."""

    @abstractmethod
    def reduced(self, round_name: str, name: str) -> list[StoredTable]:
        """The tables of a name that a round's reduces wrote, in the order of their ranges."""

    @abstractmethod
    def rows(self, round_name: str) -> list[int]:
        """How many rows a round's summary of each part has."""


def slot_count(input_bytes: int, max_memory_bytes: int) -> int:
    """Slots for an input: a power of two, more where the input is larger and the memory less.

    >>> slot_count(10_000, 2**31), slot_count(16_000_000, 2**31), slot_count(10**12, 2**31), slot_count(10**15, 2**31)
    (1, 16, 256, 65536)
    """
    wanted = max(min(_SLOTS, input_bytes // _SLOT_INPUT_BYTES), input_bytes // (8 * max_memory_bytes))
    return 1 << max(0, wanted - 1).bit_length()


def cut_slots(table: pa.Table, key: str, slots: int) -> list[pa.RecordBatch]:
    """A table as one batch for each slot that has rows, one batch at least; rows of a slot keep their order.

    Which slots these are is noted in the schema (`curate.stored_table.slots_of`).

    Args:
        key: the `uint64` column whose highest bits are the slot.
        slots: a power of two.

    >>> table = pa.table({"key": pa.array([2**63, 5], pa.uint64())})
    >>> batches = cut_slots(table, "key", 4)
    >>> slots_of(batches[0].schema), [batch["key"].to_pylist() for batch in batches]
    ([0, 2], [[5], [9223372036854775808]])
    """
    table = table.combine_chunks()
    keys = table[key].to_numpy()
    counts, ascending = count_slots(keys, slots)
    if not ascending:
        shift = np.uint64(max(0, 65 - slots.bit_length()))
        of_row = (keys >> shift).astype(np.uint16 if slots <= 1 << 16 else np.uint64)  # few bits are sorted sooner
        table = table.take(pa.array(np.argsort(of_row, kind="stable"))).combine_chunks()
    edges = np.concatenate([[0], np.cumsum(counts)]).tolist()
    schema = in_slots(table.schema, [int(start < stop) for start, stop in pairwise(edges)])
    [batch] = batches_of(table.replace_schema_metadata(schema.metadata))
    return [batch.slice(start, stop - start) for start, stop in pairwise(edges) if start < stop] or [batch]


def even_tables(files: Sequence[StoredTable], schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
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


def divide(slot_bytes: NDArray[np.int64], max_range_bytes: int, what: str, streams: bool = False) -> list[int]:
    """Where ranges begin and end, so that each holds about as much as the others and none more than it may.

    Args:
        slot_bytes: `int64` of shape (slots,), of all parts together.
        max_range_bytes: what a range may hold.
        what: the round, for the error.
        streams: whether the round can reduce a range that holds more, if it is one slot.

    Returns:
        The first slot of each range, and at last the number of slots.

    Raises:
        ResourceError: one slot holds more than a range may.

    >>> divide(np.array([3, 1, 1, 9, 1]) * 250_000, 10**9, "a round")
    [0, 2, 3, 4, 5]
    """
    if not streams and len(slot_bytes) and slot_bytes.max() > max_range_bytes:
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
