"""Writing Parquet and Arrow files the one way that curate writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curate.storage import atomic_file


def write_tables(path: Path, tables: Sequence[pa.Table | pa.RecordBatch]) -> None:
    """Write tables of one schema, one after another, as an Arrow IPC file that can be memory-mapped; not synced."""
    with atomic_file(path, synced=False) as temporary, pa.ipc.new_file(str(temporary), tables[0].schema) as writer:
        for table in tables:
            writer.write(table)


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer with compression and a checksum on every page."""
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=3, write_page_checksum=True)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table as a Parquet file, all or nothing."""
    with atomic_file(path) as temporary, parquet_writer(temporary, table.schema) as writer:
        writer.write_table(table)
