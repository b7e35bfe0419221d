"""How often each pre-token occurs in a corpus: what BPE is trained on."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.kernels.buffers import text_buffers
from curate.kernels.pretoken_patterns import PATTERNS
from curate.kernels.pretoken_table import ARENA, NEEDED, PRETOKENS, add_counts, count_texts, read, rehash
from curate.kernels.pretokenize import character_classes

#: Of a table of counts. Pre-tokens are sorted by their bytes, each occurs once, and counts are positive.
SCHEMA = pa.schema([pa.field("pretoken", pa.large_string(), False), pa.field("count", pa.int64(), False)])

_SLOTS = 1 << 12
_ARENA_BYTES = 1 << 16
_BATCH_ROWS = 1 << 14


class PretokenCounts:
    """Counts pre-tokens exactly, in 64 bits.

    The counts depend on the texts alone: not on their order, nor on how they are batched or divided among several
    counters that are merged afterwards. For one thread at a time; several counters run in parallel, without the GIL.

    Measured on 36 MB of English, one core: 310 to 510 MB/s (0.12 to 0.07 s), and 0.04 s for the sorted table.

    Args:
        pattern: how text is split; a name in `curate.kernels.pretoken_patterns.PATTERNS`.
        spill: a folder for this counter alone, for what does not fit into `max_bytes`; None keeps all in memory.
        max_bytes: of the table. When it would take more, it is written to `spill` and emptied. (One pre-token that
            is longer is counted all the same.)

    >>> counts = PretokenCounts()
    >>> counts.add(pa.array(["to be, or not to be", "to be"]))
    >>> counts.to_table().to_pydict()
    {'pretoken': [' be', ' not', ' or', ' to', ',', 'to'], 'count': [3, 1, 1, 1, 1, 2]}
    """

    def __init__(self, pattern: str = "gpt2", *, spill: Path | None = None, max_bytes: int = 1 << 30):
        if pattern not in PATTERNS:
            raise ValueError(f"no pattern {pattern!r}; there are {', '.join(PATTERNS)}")
        self.pattern = pattern
        self._code = PATTERNS[pattern]
        self._classes = character_classes(self._code)
        self._spill, self._max_bytes = spill, max_bytes
        self._runs: list[Path] = []
        self._slots = np.zeros((_SLOTS, 3), np.uint64)
        self._arena = np.empty(_ARENA_BYTES, np.uint8)
        self._used = np.zeros(3, np.int64)

    @property
    def nbytes(self) -> int:
        """Bytes of the table."""
        return int(self._slots.nbytes + self._arena.nbytes)

    def add(self, texts: pa.Array) -> None:
        """Count the pre-tokens of texts.

        Args:
            texts: `string` or `large_string` without nulls; no pre-token goes across two.

        Raises:
            ValueError: a text is null or not UTF-8, or the array is not valid Arrow.
        """
        data, starts = text_buffers(texts)
        row, at = 0, 0
        while at < len(data):
            table = self._slots, self._arena, self._used
            row, at = count_texts(data, starts, row, at, self._classes, self._code, *table)
            if at < len(data):
                self._make_room()

    def add_table(self, table: pa.Table) -> None:
        """Add counts, as `to_table` gives them.

        Raises:
            ValueError: a pre-token is null, empty or not UTF-8, or a count is not positive.
        """
        for batch in table.to_batches():
            data, starts = text_buffers(batch["pretoken"])
            counts = np.array(batch["count"].to_numpy())  # raises where there are nulls
            if len(counts) and (counts.min() < 1 or np.diff(starts).min() < 1):
                raise ValueError("a pre-token is empty, or its count is under 1")
            row = 0
            while row < len(counts):
                row = add_counts(data, starts, counts, row, self._slots, self._arena, self._used)
                if row < len(counts):
                    self._make_room()

    def merge(self, other: PretokenCounts) -> None:
        """Add what another counter has counted.

        Raises:
            ValueError: it splits by another pattern.
        """
        if other.pattern != self.pattern:
            raise ValueError(f"counts by the patterns {self.pattern!r} and {other.pattern!r} cannot be added")
        for table in other.tables():
            self.add_table(table)

    def to_table(self) -> pa.Table:
        """All counts: `SCHEMA`."""
        return pa.concat_tables([SCHEMA.empty_table(), *self.tables()])

    def tables(self) -> Iterator[pa.Table]:
        """All counts in tables of `SCHEMA`, one after the other, of which few are in memory at once."""
        if not self._runs:
            yield self._sorted_table()
        else:
            yield from merge_sorted([*map(_batches, self._runs), iter(self._sorted_table().to_batches(_BATCH_ROWS))])

    def _make_room(self) -> None:
        """Spill the table or enlarge it, so that the next pre-token fits."""
        full = 2 * (self._used[PRETOKENS] + 1) > len(self._slots)
        arena_bytes = self._used[ARENA] + self._used[NEEDED]
        more = self._slots.nbytes if full else max(len(self._arena), arena_bytes - len(self._arena))
        if self._spill and self._used[PRETOKENS] and self.nbytes + more > self._max_bytes:
            self._write_run(self._spill)
        elif full:
            slots = np.zeros((2 * len(self._slots), 3), np.uint64)
            rehash(self._slots, slots)
            self._slots = slots
        else:
            arena = np.empty(len(self._arena) + more, np.uint8)
            arena[: self._used[ARENA]] = self._arena[: self._used[ARENA]]
            self._arena = arena

    def _write_run(self, folder: Path) -> None:
        path = folder / f"run-{len(self._runs):05}.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, SCHEMA) as writer:
            writer.write_table(self._sorted_table(), max_chunksize=_BATCH_ROWS)
        self._runs.append(path)
        self._slots[:] = 0
        self._used[:] = 0

    def _sorted_table(self) -> pa.Table:
        rows = int(self._used[PRETOKENS])
        data = np.empty(15 * rows + int(self._used[ARENA]), np.uint8)
        offsets, counts = np.zeros(rows + 1, np.int64), np.empty(rows, np.int64)
        read(self._slots, self._arena, data, offsets, counts)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data[: offsets[-1]])]
        pretokens = pa.Array.from_buffers(pa.large_string(), rows, buffers)
        return pa.Table.from_arrays([pretokens, pa.array(counts)], schema=SCHEMA).sort_by("pretoken")


def merge_sorted(runs: list[Iterator[pa.RecordBatch]]) -> Iterator[pa.Table]:
    """Merge runs of counts, each sorted by pre-token; the counts of equal pre-tokens are added.

    One batch of each run is in memory at once. Each step takes all that is not beyond the batch that ends first.

    >>> batches = [pa.record_batch([["a", "b"], [1, 2]], schema=SCHEMA), pa.record_batch([["b"], [3]], schema=SCHEMA)]
    >>> [table.to_pydict() for table in merge_sorted([iter([batch]) for batch in batches])]
    [{'pretoken': ['a', 'b'], 'count': [1, 5]}]
    """
    heads = [(batch, run) for run in runs for batch in islice(run, 1)]
    while heads:
        limit = min(batch["pretoken"][-1].as_py() for batch, _ in heads)
        stops = [bisect.bisect_right(batch["pretoken"], limit, key=lambda value: value.as_py()) for batch, _ in heads]
        taken = pa.Table.from_batches([batch[:stop] for (batch, _), stop in zip(heads, stops, strict=True)])
        summed = taken.group_by("pretoken").aggregate([("count", "sum")]).rename_columns(SCHEMA.names)
        yield summed.cast(SCHEMA).sort_by("pretoken")
        left = ((batch[stop:] or next(run, None), run) for (batch, run), stop in zip(heads, stops, strict=True))
        heads = [(batch, run) for batch, run in left if batch is not None]


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    reader = pa.ipc.open_file(pa.OSFile(str(path)))  # not mapped: pages count while the file is open
    return (reader.get_batch(number) for number in range(reader.num_record_batches))
