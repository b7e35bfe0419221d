"""WARC, ARC and WET records to documents."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from fastwarc.warc import HeaderMap

from curate.ingest.arc import arc_headers
from curate.ingest.charset import decode_text
from curate.ingest.clean import clean_text
from curate.ingest.digests import digest_differs
from curate.ingest.framing import HEADER_END, WARC
from curate.ingest.html import Extracted, ExtractionError, extract_page
from curate.ingest.http_body import BodyError, decode_body, join_chunks
from curate.ingest.input_file import open_input
from curate.ingest.records import FIRST_BYTES, Outcome, Quarantined, Record, Skipped
from curate.ingest.source import WarcSource, WetSource
from curate.ingest.split import Split
from curate.ingest.wacz import is_wacz, split_wacz
from curate.ingest.warc_split import RawRecord, split_warc
from curate.ingest.watch import UNGUARDED, Guard

_NO_DOCUMENTS = ("warcinfo", "request", "metadata", "revisit", "continuation")
_HTML = ("text/html", "application/xhtml+xml")
_PLAIN = ("text/plain",)
_LOOKS_LIKE_HTML = re.compile(rb"<(?:!doctype|html|head|body|title|div|table|p|h1)\b", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?+\s*+([^\s;\"',]+)", re.IGNORECASE)
_SNIFFED_BYTES = 2048


class _NoDocumentError(Exception):
    """Why a record gives no document: the reason to count by, and the detail."""


def read_warc(source: WarcSource | WetSource, split: Split, guard: Guard = UNGUARDED) -> Iterator[Outcome]:
    """The records of a WARC, ARC, WET or WACZ file that begin in a split; see `curate.ingest.records.read_split`.

    Documents are made of responses with a status of 200 to 299, of resources and of conversions, if they are HTML,
    XHTML or plain text.
    """
    _text(source, b"<p>Ready?", "text/html", None)  # the first record should not be charged with loading the extractor
    with open_input(split) as file:
        limits = (source.max_record_bytes, source.max_inflation_ratio)
        zipped = is_wacz(file)
        for cut in (
            split_wacz(file, split.start, *limits) if zipped else split_warc(file, split.start, split.stop, *limits)
        ):
            if isinstance(cut, Quarantined):
                yield cut
            elif suspect := guard.suspects.get(cut.offset):
                yield Quarantined(cut.offset, suspect.reason, suspect.detail, cut.data[:FIRST_BYTES])
            else:
                with guard.starts(cut.offset):
                    outcome = _outcome(source, cut)
                yield outcome


def _outcome(source: WarcSource | WetSource, raw: RawRecord) -> Outcome:
    try:
        headers = _headers(raw)
        kind = _value(headers, "WARC-Type").lower()
        if kind in _NO_DOCUMENTS:
            return Skipped(f"record_type:{kind}")
        if source.digests == "quarantine":
            _check_digests(raw, headers)
        return _document(source, raw, headers, kind)
    except _NoDocumentError as why:
        reason, detail = why.args
        return Quarantined(raw.offset, reason, clean_text(detail), raw.data[:FIRST_BYTES])


def _headers(raw: RawRecord) -> Any:
    header = raw.data[: raw.head]
    return _parse(header, "utf-8") if WARC.opens(header) else arc_headers(header, raw.data[raw.head : raw.head + 200])


def _parse(header: bytes, encoding: str) -> Any:
    """A header block by FastWARC, which wants CRLF. (Its whole-record parser takes upper-case names for unknown.)"""
    if not header.endswith(b"\r\n\r\n"):
        header = b"\r\n".join(header.splitlines()) + b"\r\n\r\n"
    parsed = HeaderMap(encoding)
    try:
        parsed.parse(io.BytesIO(header))
    except OSError as error:
        raise _NoDocumentError("bad_header", str(error)) from error
    return parsed


def _value(headers: Any, name: str) -> str:
    """The value of a header, empty if it is absent."""
    return (headers.get(name) or "").strip()


def _check_digests(raw: RawRecord, headers: Any) -> None:
    """Look whether the record has the digests that it says. Tools differ on whether a payload's is of its chunks."""
    block = memoryview(raw.data)[raw.head :]
    if digest_differs(_value(headers, "WARC-Block-Digest"), block):
        raise _NoDocumentError("block_digest", f"its bytes are not those of {_value(headers, 'WARC-Block-Digest')}")
    said = _value(headers, "WARC-Payload-Digest")
    if not said or _value(headers, "WARC-Truncated"):  # then it may be of what was not kept
        return
    end = HEADER_END.search(raw.data, raw.head) if raw.data.startswith(b"HTTP/", raw.head) else None
    payload = raw.data[end.end() if end else raw.head :]
    if digest_differs(said, payload, join_chunks(payload)):
        raise _NoDocumentError("payload_digest", f"its payload is not that of {said}")


def _document(source: WarcSource | WetSource, raw: RawRecord, headers: Any, kind: str) -> Record:
    body, content_type = _content(source, raw, headers, kind)
    media_type = _media_type(content_type) or _sniff(body)
    extracted = _text(source, body, media_type, _CHARSET.search(content_type))
    if not extracted.text:
        raise _NoDocumentError("no_text", f"{len(body)} bytes of {media_type} hold no text")
    meta = extracted.meta | {
        "content_type": media_type,
        "language": clean_text(_value(headers, "WARC-Identified-Content-Language")),
        "record_id": clean_text(_value(headers, "WARC-Record-ID")),
    }
    return Record(
        text=extracted.text,
        url=clean_text(_value(headers, "WARC-Target-URI").strip("<>")) or None,
        date=clean_text(_value(headers, "WARC-Date")) or None,
        offset=raw.offset,
        length=raw.length,
        meta={key: value for key, value in meta.items() if value},
    )


def _content(source: WarcSource | WetSource, raw: RawRecord, headers: Any, kind: str) -> tuple[bytes, str]:
    """The bytes of the document and the value of its Content-Type, empty if it has none."""
    content_type = _value(headers, "Content-Type")
    if kind in ("resource", "conversion"):
        if len(raw.data) - raw.head > source.max_document_bytes:
            raise _NoDocumentError("too_large", f"{len(raw.data)} bytes, above {source.max_document_bytes}")
        return raw.data[raw.head :], content_type
    if kind != "response":
        raise _NoDocumentError("record_type", f"WARC-Type {kind[:100]!r} is none that the standard knows")
    if raw.data.startswith(b"HTTP/", raw.head):
        return _http_content(source, raw)
    if content_type and not content_type.lower().startswith("application/http"):
        raise _NoDocumentError("content_type", content_type[:100])  # such as text/dns
    raise _NoDocumentError("bad_http", "the response does not begin with HTTP/")


def _http_content(source: WarcSource | WetSource, raw: RawRecord) -> tuple[bytes, str]:
    end = HEADER_END.search(raw.data, raw.head)
    if not end:
        raise _NoDocumentError("bad_http", "the HTTP header does not end")
    headers = _parse(raw.data[raw.head : end.end()], "latin1")
    if headers.status_code is not None and not 200 <= headers.status_code < 300:
        raise _NoDocumentError("http_status", str(headers.status_code))
    content_type = _value(headers, "Content-Type")
    _refuse_other_types(_media_type(content_type))
    encodings = _value(headers, "Transfer-Encoding"), _value(headers, "Content-Encoding")
    try:
        return decode_body(raw.data[end.end() :], *encodings, source.max_document_bytes), content_type
    except BodyError as error:
        raise _NoDocumentError(error.reason, str(error)) from error


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _refuse_other_types(media_type: str) -> None:
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


def _text(source: WarcSource | WetSource, body: bytes, media_type: str, charset: re.Match[str] | None) -> Extracted:
    _refuse_other_types(media_type)
    header_charset = charset[1] if charset else None
    if media_type in _PLAIN or isinstance(source, WetSource):
        return Extracted(clean_text(decode_text(body, header_charset)[0]))
    try:
        return extract_page(body, header_charset, source.extract)
    except ExtractionError as error:
        raise _NoDocumentError("extraction_failed", str(error)) from error
