"""Parquet files: one document a row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.ingest.fields import FieldSource, row_record
from curate.ingest.input_file import InputFile, open_input
from curate.ingest.records import FIRST_BYTES, Outcome, Quarantined
from curate.ingest.source import ParquetSource
from curate.ingest.split import Split
from curate.ingest.watch import UNGUARDED, Guard

_BATCH_ROWS = 256
#: What Arrow raises for damaged files; names of columns may be no UTF-8.
_DAMAGE = (pa.ArrowException, OSError, UnicodeDecodeError)
#: Stands for the opening of a file where a guard wants an offset.
OPENING = -1


def read_parquet(source: ParquetSource, split: Split, guard: Guard = UNGUARDED) -> Iterator[Outcome]:
    """The rows of the row groups that begin in a split; see `curate.ingest.records.read_split`.

    What is guarded is each batch of rows, by the number of its first, and the opening of the file, by `OPENING`: there
    are damaged files at which Arrow ends the process.
    """
    with open_input(split) as file:
        if file.size == 0:
            yield Quarantined(0, "empty_file", "the file has no bytes", b"")
            return
        parquet = _open(file, guard)
        if not isinstance(parquet, Quarantined):
            for group, first_row in _groups(parquet.metadata, split):
                yield from _rows(source, parquet, group, first_row, guard)
        elif split.start == 0:
            yield parquet


def _open(file: InputFile, guard: Guard) -> Any:
    """The open file, or why it cannot be opened."""
    first = file.read_at(0, FIRST_BYTES)
    if suspect := guard.suspects.get(OPENING):
        return Quarantined(0, suspect.reason, suspect.detail, first)
    try:
        with guard.starts(OPENING):
            return pq.ParquetFile(pa.PythonFile(ArrowFile(file), "r"), page_checksum_verification=True)
    except _DAMAGE as error:
        return Quarantined(0, "not_parquet", str(error), first)


def _groups(metadata: Any, split: Split) -> Iterator[tuple[int, int]]:
    """Each row group that is a split's, with the number of its first row.

    A group is taken to begin where its first row would be were all rows of one size: Arrow ends the process when it is
    asked for the real place and the description of the column is damaged.
    """
    row = 0
    for number in range(metadata.num_row_groups):
        begin = split.size * row // max(1, metadata.num_rows)
        if split.start <= min(max(0, begin), split.size - 1) < split.stop:
            yield number, row
        row += max(0, metadata.row_group(number).num_rows)


def _rows(source: ParquetSource, parquet: Any, group: int, first_row: int, guard: Guard) -> Iterator[Outcome]:
    row, stop = first_row, first_row + parquet.metadata.row_group(group).num_rows
    try:
        batches = parquet.iter_batches(_BATCH_ROWS, row_groups=[group])
        while (suspect := guard.suspects.get(row)) is None:
            with guard.starts(row):
                batch = next(batches, None)
            if batch is None:
                return
            yield from batch_records(source, batch, row)
            row += batch.num_rows
        reason, why = suspect.reason, suspect.detail
    except _DAMAGE as error:
        reason, why = "corrupt_parquet", str(error)
    yield Quarantined(row, reason, f"{stop - row} rows of row group {group} are lost: {why}", b"")


def batch_records(source: FieldSource, batch: pa.RecordBatch, first_row: int) -> Iterator[Outcome]:
    """The documents of an Arrow batch whose first row has the number `first_row`."""
    for number, row in zip(count(first_row), _plain_rows(batch), strict=False):
        yield row_record(source, row, number, 1)


def _plain_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    names = batch.schema.names
    columns = (_values(column) for column in batch.columns)
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def _values(column: pa.Array) -> list[Any]:
    """A column as Python values; strings that are not UTF-8 as their bytes."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return list(column.cast(pa.binary() if pa.types.is_string(column.type) else pa.large_binary()).to_pylist())


class ArrowFile:
    """An `InputFile` as the file object that Arrow wants."""

    closed = False

    def __init__(self, file: InputFile):
        self._file, self._at = file, 0

    def read(self, size: int | None = None) -> bytes:
        """Up to `size` bytes, or all."""
        data = self._file.read_at(self._at, self._file.size if size is None else size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a byte."""
        self._at = offset + (0, self._at, self._file.size)[whence]
        return self._at

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def close(self) -> None:
        """Say that it is closed; who opened the file closes it."""
        self.closed = True
