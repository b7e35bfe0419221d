"""Which document every token of every row came from."""

from __future__ import annotations

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


def provenance(layout: Layout, shard: int) -> pa.Table:
    """The ranges of a shard's rows, in order, each with the document that it holds a part of.

    Returns:
        `PROVENANCE_SCHEMA`. Tokens `start` up to `stop` of row `row` of shard `shard` are those of piece `piece` of
        document `document` from its token `document_token` on, the end-of-text token counted as the piece's last;
        `copy` counts the repetitions of the document by the mix, from 0. The ranges of a row cover it.
    """
    begin, end = layout.span(shard)
    chosen = layout.pieces_within(begin, end)
    first_tokens = layout.column("start")[chosen]
    row_starts = np.arange(begin, end, layout.sequence_length)
    starts = np.union1d(np.maximum(first_tokens, begin), row_starts)
    stops = np.append(starts[1:], end)
    piece = np.searchsorted(first_tokens, starts, "right") - 1
    row, start = np.divmod(starts - begin, layout.sequence_length)
    documents = layout.pieces.slice(chosen.start, chosen.stop - chosen.start).take(pa.array(piece))
    columns = [
        np.full(len(starts), shard, np.int32),
        row,
        start.astype(np.int32),
        (start + stops - starts).astype(np.int32),
        documents.column("document"),
        documents.column("source").cast(pa.string()),
        documents.column("piece"),
        documents.column("copy"),
        starts - first_tokens[piece],
    ]
    return pa.table([pa.array(column) for column in columns], schema=PROVENANCE_SCHEMA)


def write_provenance(layout: Layout, folder: Path) -> None:
    """Write `provenance.parquet`: the ranges of all shards, one row group or more for each."""
    file = folder / PROVENANCE_FILE
    with atomic_file(file) as temporary, parquet_writer(temporary, PROVENANCE_SCHEMA) as writer:
        for shard in range(layout.shards):
            writer.write_table(provenance(layout, shard))
