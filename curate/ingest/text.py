"""Plain text: one file is one document."""

from __future__ import annotations

from collections.abc import Iterator

from curate.ingest.charset import decode_text
from curate.ingest.clean import clean_text
from curate.ingest.feed import Feed, InflatedFeed, PlainFeed
from curate.ingest.inflate import Inflater, InflationLimit, codec_of
from curate.ingest.input_file import InputFile, open_input
from curate.ingest.records import FIRST_BYTES, Outcome, Quarantined, Record
from curate.ingest.source import TextSource
from curate.ingest.split import Split


def read_text(source: TextSource, split: Split) -> Iterator[Outcome]:
    """The document that a file is; see `curate.ingest.records.read_split`."""
    if split.start:
        return
    with open_input(split) as file:
        yield _outcome(source, file)


def _outcome(source: TextSource, file: InputFile) -> Outcome:
    feed = _feed(source, file)
    size = feed.fill(source.max_document_bytes + 1)
    first = bytes(feed.buffer[:FIRST_BYTES])
    if file.size == 0:
        return Quarantined(0, "empty_file", "the file has no bytes", first)
    if feed.problem:
        return Quarantined(0, feed.problem, feed.detail, first)
    if size > source.max_document_bytes:
        return Quarantined(0, "too_large", f"above max_document_bytes {source.max_document_bytes}", first)
    try:
        text = clean_text(_decode(source, feed.take(size)))
    except UnicodeError as error:
        return Quarantined(0, f"invalid_{source.encoding}".replace("-", ""), str(error), first)
    if not text:
        return Quarantined(0, "no_text", f"{size} bytes hold no text", first)
    return Record(text, None, None, 0, file.size)


def _feed(source: TextSource, file: InputFile) -> Feed:
    codec = codec_of(file)
    if codec is None:
        return PlainFeed(file)
    return InflatedFeed(Inflater(file, 0, codec, InflationLimit(source.max_record_bytes, source.max_inflation_ratio)))


def _decode(source: TextSource, data: bytes) -> str:
    return data.decode(source.encoding) if source.encoding else decode_text(data)[0]
