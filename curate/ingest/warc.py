"""WARC and WET records to documents."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from fastwarc.warc import WarcRecord

from curate.ingest.charset import decode_text
from curate.ingest.clean import clean_text, valid_unicode
from curate.ingest.html import ExtractionError, page_text
from curate.ingest.http_body import BodyError, decode_body
from curate.ingest.input_file import open_input
from curate.ingest.records import FIRST_BYTES, Outcome, Quarantined, Record, Skipped
from curate.ingest.source import WarcSource, WetSource
from curate.ingest.split import Split
from curate.ingest.warc_split import RawRecord, split_warc

_NO_DOCUMENTS = ("warcinfo", "request", "metadata", "revisit", "continuation")
_HTML = ("text/html", "application/xhtml+xml")
_PLAIN = ("text/plain",)
_LOOKS_LIKE_HTML = re.compile(rb"<(?:!doctype|html|head|body|title|div|table|p|h1)\b", re.IGNORECASE)
_CONTINUATION = re.compile(rb"[ \t]*\r?\n[ \t]+")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s;\"',]+)", re.IGNORECASE)
_SNIFFED_BYTES = 2048


class _NoDocumentError(Exception):
    """Why a record gives no document: the reason to count by, and the detail."""


def read_warc(source: WarcSource | WetSource, split: Split) -> Iterator[Outcome]:
    """The records of a WARC or WET file that begin in a split; see `curate.ingest.records.read_split`.

    Documents are made of responses with a status of 200 to 299, of resources and of conversions, if they are HTML,
    XHTML or plain text.
    """
    with open_input(split.path) as file:
        limits = (source.max_record_bytes, source.max_inflation_ratio)
        for cut in split_warc(file, split.start, split.stop, *limits):
            yield cut if isinstance(cut, Quarantined) else _outcome(source, cut)


def _outcome(source: WarcSource | WetSource, raw: RawRecord) -> Outcome:
    try:
        record = _parse(raw)
        kind = (record.headers.get("WARC-Type") or "").strip().lower()
        if kind in _NO_DOCUMENTS:
            return Skipped(f"record_type:{kind}")
        return _document(source, raw, record, kind)
    except _NoDocumentError as why:
        reason, detail = why.args
        return Quarantined(raw.offset, reason, valid_unicode(detail), raw.data[:FIRST_BYTES])


def _parse(raw: RawRecord) -> Any:
    """The record by FastWARC, which takes no continued header lines, and bare newlines only in its lenient mode."""
    data, strict = raw.data, raw.data.endswith(b"\r\n\r\n", 0, raw.head)
    if _CONTINUATION.search(data, 0, raw.head):
        data = _CONTINUATION.sub(b" ", data[: raw.head]) + data[raw.head :]
    try:
        return WarcRecord.from_bytes(data) if strict else WarcRecord.from_reader(io.BytesIO(data), True)
    except OSError as error:
        raise _NoDocumentError("bad_header", str(error)) from error


def _document(source: WarcSource | WetSource, raw: RawRecord, record: Any, kind: str) -> Record:
    body, content_type = _content(source, raw, record, kind)
    media_type = content_type.partition(";")[0].strip().lower() or _sniff(body)
    text = _text(source, body, media_type, _CHARSET.search(content_type))
    if not text:
        raise _NoDocumentError("no_text", f"{len(body)} bytes of {media_type} hold no text")
    headers = record.headers
    meta = {
        "content_type": media_type,
        "language": headers.get("WARC-Identified-Content-Language"),
        "record_id": headers.get("WARC-Record-ID"),
    }
    return Record(
        text=text,
        url=_tidy(headers.get("WARC-Target-URI"), "<>"),
        date=_tidy(headers.get("WARC-Date")),
        offset=raw.offset,
        length=raw.length,
        meta={key: tidy for key, value in meta.items() if (tidy := _tidy(value))},
    )


def _tidy(value: str | None, brackets: str = "") -> str | None:
    return (clean_text(value).strip(brackets) or None) if value else None


def _content(source: WarcSource | WetSource, raw: RawRecord, record: Any, kind: str) -> tuple[bytes, str]:
    """The bytes of the document and the value of its Content-Type, empty if it has none."""
    if kind in ("resource", "conversion"):
        body = raw.data[raw.head :]
        if len(body) > source.max_document_bytes:
            raise _NoDocumentError("too_large", f"{len(body)} bytes, above {source.max_document_bytes}")
        return body, record.headers.get("Content-Type") or ""
    if kind != "response":
        raise _NoDocumentError("record_type", f"WARC-Type {kind!r} is none that the standard knows")
    return _http_content(source, raw, record)


def _http_content(source: WarcSource | WetSource, raw: RawRecord, record: Any) -> tuple[bytes, str]:
    if not raw.data.startswith(b"HTTP/", raw.head):
        declared = (record.headers.get("Content-Type") or "").strip()
        if declared and not declared.lower().startswith("application/http"):
            raise _NoDocumentError("content_type", declared[:100])  # such as text/dns
        raise _NoDocumentError("bad_http", "the response does not begin with HTTP/")
    record.is_http = True
    try:
        record.parse_http(quirks_mode=True)
    except OSError as error:
        raise _NoDocumentError("bad_http", str(error)) from error
    headers = record.http_headers
    if headers.status_code is not None and not 200 <= headers.status_code < 300:
        raise _NoDocumentError("http_status", str(headers.status_code))
    transfer, content = headers.get("Transfer-Encoding") or "", headers.get("Content-Encoding") or ""
    content_type = headers.get("Content-Type") or ""
    _refuse_other_types(content_type)
    try:
        return decode_body(record.reader.read(), transfer, content, source.max_document_bytes), content_type
    except BodyError as error:
        raise _NoDocumentError(error.reason, str(error)) from error


def _refuse_other_types(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and media_type not in _HTML + _PLAIN:
        raise _NoDocumentError("content_type", media_type[:100])


def _sniff(body: bytes) -> str:
    """The media type of a body that does not declare one."""
    head = body[:_SNIFFED_BYTES]
    if _LOOKS_LIKE_HTML.search(head):
        return "text/html"
    if head and b"\0" not in head and not head.startswith(b"%PDF"):
        return "text/plain"
    return "unknown"


def _text(source: WarcSource | WetSource, body: bytes, media_type: str, charset: re.Match[str] | None) -> str:
    _refuse_other_types(media_type)
    text, _ = decode_text(body, charset[1] if charset else None)
    if media_type in _PLAIN or isinstance(source, WetSource):
        return clean_text(text)
    try:
        return page_text(text, source.extractor, source.main_content)
    except ExtractionError as error:
        raise _NoDocumentError("extraction_failed", str(error)) from error
