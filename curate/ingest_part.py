"""Ingesting one part: records become documents, written once, or rows of the quarantine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate.documents import DOCUMENT_SCHEMA, QUARANTINE_SCHEMA, document_id
from curate.ingest.records import Quarantined, Record, Skipped, read_split
from curate.ingest.split import Split
from curate.ingest.watch import UNWATCHED, Watched
from curate.pipeline import Pipeline
from curate.plan import Part
from curate.storage import atomic_file
from curate.tables import parquet_writer
from curate.unique_ids import Offsets, PartIds

_MAX_BATCH_DOCUMENTS = 10_000


def ingest_part(
    pipeline: Pipeline, part: Part, documents: Path, quarantine: Path, watched: Watched = UNWATCHED
) -> dict[str, Any]:
    """Read the splits of a part and write its documents and its quarantine.

    Args:
        watched: where to note which record is being read, and which records to put into the quarantine unread.

    Returns:
        `tally`: records by source, outcome (documents, quarantined, skipped) and reason; the text of the first in
        bytes. `offsets`: of each file of which other parts read a piece, its name and the first and last offset of
        a document here (see `curate.unique_ids`).

    Raises:
        InternalError: two documents have one id.
    """
    tally: Counter[tuple[str, str]] = Counter()
    ids, offsets = PartIds(), Offsets()
    text_bytes = 0
    with (
        atomic_file(documents, synced=False) as document_file,
        atomic_file(quarantine, synced=False) as quarantine_file,
        parquet_writer(document_file, DOCUMENT_SCHEMA) as document_writer,
        parquet_writer(quarantine_file, QUARANTINE_SCHEMA) as quarantine_writer,
    ):
        batch, quarantined, batch_bytes = _new_batch(), [], 0
        for split, record in _records(pipeline, part, watched):
            if isinstance(record, Skipped):
                tally["skipped", record.reason] += 1
            elif isinstance(record, Quarantined):
                tally["quarantined", record.reason] += 1
                quarantined.append(_quarantine_row(part.source, split, record))
                if len(quarantined) >= _MAX_BATCH_DOCUMENTS:
                    quarantine_writer.write_table(pa.Table.from_pylist(quarantined, QUARANTINE_SCHEMA))
                    quarantined = []
            else:
                tally["documents", ""] += 1
                size = _append(batch, part.source, split, record)
                offsets.note(split, record.offset)
                text_bytes, batch_bytes = text_bytes + size, batch_bytes + size
                if batch_bytes >= pipeline.settings.batch_bytes or len(batch["id"]) >= _MAX_BATCH_DOCUMENTS:
                    document_writer.write_table(ids.noted(pa.table(batch, DOCUMENT_SCHEMA)))
                    batch, batch_bytes = _new_batch(), 0
        document_writer.write_table(ids.noted(pa.table(batch, DOCUMENT_SCHEMA)))
        ids.check()
        quarantine_writer.write_table(pa.Table.from_pylist(quarantined, QUARANTINE_SCHEMA))
    rows = [[part.source, *key, tally[key], text_bytes if key[0] == "documents" else 0] for key in sorted(tally)]
    return {"tally": rows, "offsets": offsets.rows()}


def _records(
    pipeline: Pipeline, part: Part, watched: Watched
) -> Iterator[tuple[Split, Record | Quarantined | Skipped]]:
    source = pipeline.sources[part.source]
    for number, split in enumerate(part.splits):
        for record in read_split(source, split, watched.guard(number)):
            yield split, record


def _new_batch() -> dict[str, list[Any]]:
    return {name: [] for name in DOCUMENT_SCHEMA.names}


def _append(batch: dict[str, list[Any]], source: str, split: Split, record: Record) -> int:
    origin = {"file": split.path, "offset": record.offset, "length": record.length}
    meta = json.dumps(record.meta, ensure_ascii=False, sort_keys=True)
    values = (
        document_id(source, split.name, record.offset),
        source,
        record.url,
        record.date,
        record.text,
        origin,
        meta,
    )
    for column, value in zip(batch.values(), values, strict=True):
        column.append(value)
    return len(record.text.encode())


def _quarantine_row(source: str, split: Split, record: Quarantined) -> dict[str, Any]:
    return {
        "source": source,
        "file": split.path,
        "offset": record.offset,
        "reason": record.reason,
        "detail": record.detail,
        "first_bytes": record.first_bytes,
    }
