"""Which document every token of every row came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.shards.layout import Layout
from curate.storage import atomic_file
from curate.tables import parquet_writer

PROVENANCE_FILE = "provenance.parquet"

PROVENANCE_SCHEMA = pa.schema(
    [
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("stop", pa.int32(), nullable=False),
        pa.field("document", pa.binary(16), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("piece", pa.int32(), nullable=False),
        pa.field("copy", pa.int32(), nullable=False),
        pa.field("document_token", pa.int64(), nullable=False),
    ]
)


def provenance(layout: Layout, shard: int) -> Iterator[pa.Table]:
    """The ranges of a shard's rows, in order, each with the document that it holds a part of.

    Returns:
        Tables of `PROVENANCE_SCHEMA`. Tokens `start` up to `stop` of row `row` of shard `shard` are those of piece
        `piece` of document `document` from its token `document_token` on, the end-of-text token counted as the piece's
        last; `copy` counts the repetitions of the document by the mix, from 0. The ranges of a row cover it.
    """
    begin, end = layout.span(shard)
    for batch in layout.pieces_within(begin, end):
        yield _of_pieces(batch, shard, begin, end, layout.sequence_length)


def _of_pieces(batch: pa.RecordBatch, shard: int, begin: int, end: int, sequence_length: int) -> pa.Table:
    """The ranges of some pieces that follow one another, as far as they are within a shard."""
    first_tokens = batch["start"].to_numpy()
    after = int(first_tokens[-1]) + batch["length"][-1].as_py() + 1
    first, stop = max(int(first_tokens[0]), begin), min(after, end)
    row_starts = np.arange(begin + -(-(first - begin) // sequence_length) * sequence_length, stop, sequence_length)
    starts = np.union1d(np.maximum(first_tokens, begin), row_starts)
    stops = np.append(starts[1:], stop)
    piece = np.searchsorted(first_tokens, starts, "right") - 1
    row, start = np.divmod(starts - begin, sequence_length)
    documents = batch.take(pa.array(piece))
    columns = [
        np.full(len(starts), shard, np.int32),
        row,
        start.astype(np.int32),
        (start + stops - starts).astype(np.int32),
        documents["document"],
        documents["source"],
        documents["piece"],
        documents["copy"],
        starts - first_tokens[piece],
    ]
    return pa.table([pa.array(column) for column in columns], schema=PROVENANCE_SCHEMA)


def write_provenance(layout: Layout, folder: Path) -> None:
    """Write `provenance.parquet`: the ranges of all shards, in row groups of one shard each."""
    file = folder / PROVENANCE_FILE
    with atomic_file(file, synced=False) as temporary, parquet_writer(temporary, PROVENANCE_SCHEMA) as writer:
        for shard in range(layout.shards):
            for table in provenance(layout, shard):
                writer.write_table(table)
