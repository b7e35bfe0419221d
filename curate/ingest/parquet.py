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

_BATCH_ROWS = 256


def read_parquet(source: ParquetSource, split: Split) -> Iterator[Outcome]:
    """The rows of the row groups that begin in a split; see `curate.ingest.records.read_split`."""
    with open_input(split.path) as file:
        if file.size == 0:
            yield Quarantined(0, "empty_file", "the file has no bytes", b"")
            return
        try:
            parquet = pq.ParquetFile(pa.PythonFile(ArrowFile(file), "r"), page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            if split.start == 0:
                yield Quarantined(0, "not_parquet", str(error), file.read_at(0, FIRST_BYTES))
            return
        for group, first_row in _groups(parquet.metadata, split):
            yield from _rows(source, parquet, group, first_row)


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


def _rows(source: ParquetSource, parquet: Any, group: int, first_row: int) -> Iterator[Outcome]:
    row = first_row
    try:
        for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[group]):
            yield from batch_records(source, batch, row)
            row += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        lost = first_row + parquet.metadata.row_group(group).num_rows - row
        yield Quarantined(row, "corrupt_parquet", f"{lost} rows of row group {group} are lost: {error}", b"")


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
