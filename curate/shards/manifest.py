"""The manifest: the size and checksum of every file, and where every token went."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate.errors import InternalError
from curate.shards.layout import Layout, source_totals
from curate.shards.provenance import PROVENANCE_FILE


def shard_name(shard: int, shards: int) -> str:
    """The file name of a shard.

    >>> shard_name(3, 42)
    'train-00003-of-00042.arrow'
    """
    return f"train-{shard:05d}-of-{shards:05d}.arrow"


def manifest(layout: Layout, tokenizer: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Describe the finished shards in `folder`, after counting the rows of each.

    Args:
        layout: what was to be written.
        tokenizer: `vocab_size`, `dtype`, `end_of_text` and `end_of_text_id`.
        folder: where the shards, the provenance and the tokenizer lie.

    Returns:
        What `manifest.json` holds. `tokens_counted` = `tokens` + `tail_tokens_dropped`; `documents` counts copies.

    Raises:
        InternalError: a shard does not have the rows that were laid out.
    """
    return {
        "format": "arrow",
        "column": "input_ids",
        **tokenizer,
        "sequence_length": layout.sequence_length,
        "rows": layout.rows,
        "tokens": layout.tokens,
        "tail_tokens_dropped": layout.tail_tokens,
        "tokens_counted": layout.tokens + layout.tail_tokens,
        "documents": layout.copies_before(layout.tokens),
        "sources": [row | {"weight": row["tokens"] / layout.tokens} for row in source_totals(layout)],
        "shards": [_shard(layout, shard, folder) for shard in range(layout.shards)],
        "files": [_file(folder / name) for name in (PROVENANCE_FILE, "tokenizer.json")],
    }


def _shard(layout: Layout, shard: int, folder: Path) -> dict[str, Any]:
    path = folder / shard_name(shard, layout.shards)
    begin, end = layout.span(shard)
    rows = (end - begin) // layout.sequence_length
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
        found = sum(batch.num_rows for batch in stream)
    if found != rows:
        raise InternalError(f"{path}: {found} rows were written, not the {rows} of the layout")
    described = _file(path)
    return {"name": described.pop("name"), "rows": rows, "tokens": end - begin, **described}


def _file(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}
