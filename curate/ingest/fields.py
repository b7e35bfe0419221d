"""Rows with named fields to documents; what JSONL, Parquet and Hub data sets share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from curate.ingest.clean import clean_text, plain_value
from curate.ingest.records import FIRST_BYTES, Quarantined, Record
from curate.ingest.source import HubSource, JsonlSource, ParquetSource

FieldSource = JsonlSource | ParquetSource | HubSource


def row_record(source: FieldSource, row: Mapping[str, Any], offset: int, length: int) -> Record | Quarantined:
    """The document of a row, or why it gives none."""
    if source.text_field not in row:
        detail = f"no field {source.text_field!r} among {', '.join(sorted(map(str, row)))[:300]}"
        return _refuse(row, offset, "no_text_field", detail)
    text = row[source.text_field]
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text is not None and not isinstance(text, str):
        return _refuse(row, offset, "no_text_field", f"{source.text_field!r} is {type(text).__name__}, not text")
    if text and len(text.encode("utf-8", "replace")) > source.max_document_bytes:
        return _refuse(row, offset, "too_large", f"the text is above max_document_bytes {source.max_document_bytes}")
    text = clean_text(text or "")
    if not text:
        return _refuse(row, offset, "no_text", f"{source.text_field!r} holds no text")
    named = (source.text_field, source.url_field, source.date_field)
    meta = plain_value({key: value for key, value in row.items() if key not in named})
    return Record(text, _string(row.get(source.url_field)), _string(row.get(source.date_field)), offset, length, meta)


def _string(value: Any) -> str | None:
    plain = plain_value(value)
    if plain is None or isinstance(plain, str):
        return clean_text(plain or "") or None
    return json.dumps(plain, ensure_ascii=False)


def _refuse(row: Mapping[str, Any], offset: int, reason: str, detail: str) -> Quarantined:
    start = {str(key): value[:FIRST_BYTES] if isinstance(value, str | bytes) else value for key, value in row.items()}
    first = json.dumps(plain_value(start), ensure_ascii=False).encode()[:FIRST_BYTES]
    return Quarantined(offset, reason, clean_text(detail), first)
