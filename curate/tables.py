"""Writing Parquet and Arrow files the one way that curate writes them.

None is synced here: the task that makes it does so once, when it describes its outputs for its commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curate.storage import atomic_file

#: Of tables that are written one after another, bytes in memory.
_ROW_GROUP_BYTES = 1 << 20


def write_tables(path: Path, tables: Iterable[pa.Table | pa.RecordBatch]) -> None:
    """Write tables of one schema, one at least, as an Arrow IPC file that can be memory-mapped."""
    rest = iter(tables)
    first = next(rest)
    with atomic_file(path, synced=False) as temporary, pa.ipc.new_file(str(temporary), first.schema) as writer:
        for table in chain([first], rest):
            writer.write(table)


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer with compression and a checksum on every page."""
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=3, write_page_checksum=True)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table as a Parquet file, all or nothing."""
    with atomic_file(path, synced=False) as temporary, parquet_writer(temporary, table.schema) as writer:
        writer.write_table(table)


def write_parquet_tables(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write tables of one schema as one Parquet file, all or nothing, few of them in memory at once."""
    rest = iter(tables)
    first = next(rest)
    with atomic_file(path, synced=False) as temporary, parquet_writer(temporary, first.schema) as writer:
        for table in gathered(chain([first], rest), _ROW_GROUP_BYTES):
            writer.write_table(table)


def gathered(tables: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """The same rows in tables of `size` bytes or a little more; the last is smaller.

    >>> [table.num_rows for table in gathered([pa.table({"a": [1, 2]})] * 5, 32)]
    [4, 4, 2]
    """
    held: list[pa.Table] = []
    held_bytes = 0
    for table in tables:
        if table.num_rows:
            held.append(table)
            held_bytes += table.nbytes
        if held_bytes >= size:
            yield pa.concat_tables(held)
            held, held_bytes = [], 0
    if held:
        yield pa.concat_tables(held)
