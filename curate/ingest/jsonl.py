"""JSON lines: plain, gzip or zstd."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any

from curate.ingest.feed import Feed, InflatedFeed, PlainFeed
from curate.ingest.fields import row_record
from curate.ingest.inflate import Inflater, InflationLimit, codec_of, only_padding
from curate.ingest.input_file import InputFile, open_input
from curate.ingest.records import FIRST_BYTES, Outcome, Quarantined
from curate.ingest.source import JsonlSource
from curate.ingest.split import Split

_SCAN_BYTES = 1 << 16


def read_jsonl(source: JsonlSource, split: Split) -> Iterator[Outcome]:
    """The lines of a file that begin in a split; see `curate.ingest.records.read_split`.

    Lines that are empty count as nothing. Compressed files are read whole by the split that begins at 0.
    """
    with open_input(split) as file:
        codec = codec_of(file)
        if file.size == 0:
            yield Quarantined(0, "empty_file", "the file has no bytes", b"")
        elif codec is None:
            yield from _lines(source, _from_line(file, split.start), split.stop)
        elif split.start == 0 and not codec.starts(file.read_at(0, 16)):
            yield Quarantined(0, f"not_{codec.name}", f"the file is not {codec.name}", file.read_at(0, FIRST_BYTES))
        elif split.start == 0:
            limit = InflationLimit(source.max_record_bytes, source.max_inflation_ratio)
            inflater = Inflater(file, 0, codec, limit)
            feed = InflatedFeed(inflater)
            yield from _lines(source, feed, None)
            yield from _loss(file, feed, inflater)


def _loss(file: InputFile, feed: Feed, inflater: Inflater) -> Iterator[Quarantined]:
    """What lies behind the last line of a compressed file."""
    if inflater.problem:
        yield Quarantined(feed.position, inflater.problem, inflater.detail, b"")
    elif not only_padding(file, inflater.end):
        lost = f"{file.size - inflater.end} bytes behind the compressed data, at byte {inflater.end} of the file"
        yield Quarantined(feed.position, "garbage", lost, file.read_at(inflater.end, FIRST_BYTES))


def _from_line(file: InputFile, start: int) -> PlainFeed:
    """A feed at the first line that begins at `start` or later."""
    feed = PlainFeed(file, max(0, start - 1))
    if start:
        _skip_line(feed)
    elif feed.fill(3) and feed.buffer.startswith(codecs.BOM_UTF8):
        feed.skip(3)
    return feed


def _lines(source: JsonlSource, feed: Feed, stop: int | None) -> Iterator[Outcome]:
    while (stop is None or feed.position < stop) and feed.fill(1):
        offset = feed.position
        end = _line_end(feed, source.max_record_bytes)
        if end < 0:
            first = bytes(feed.buffer[:FIRST_BYTES])
            _skip_line(feed)
            yield Quarantined(offset, "too_large", f"a line of {feed.position - offset} bytes", first)
        elif feed.problem and feed.buffer[end - 1 : end] != b"\n":
            return  # the line that a damaged stream breaks off in is part of that loss
        else:
            line = feed.take(end)
            if line.strip():
                yield _outcome(source, line, offset)


def _line_end(feed: Feed, max_bytes: int) -> int:
    """Where the line at the front ends, newline included; -1 if it is too long."""
    searched = 0
    while searched <= max_bytes:
        available = feed.fill(searched + _SCAN_BYTES)
        end = feed.buffer.find(b"\n", searched)
        if end >= 0:
            return end + 1 if end < max_bytes else -1
        if available < searched + _SCAN_BYTES:
            return available if available <= max_bytes else -1
        searched = available
    return -1


def _skip_line(feed: Feed) -> None:
    while available := feed.fill(1):
        end = feed.buffer.find(b"\n")
        feed.skip(end + 1 if end >= 0 else available)
        if end >= 0:
            return


def _outcome(source: JsonlSource, line: bytes, offset: int) -> Outcome:
    try:
        row = json.loads(line.decode(), parse_constant=_null)
    except UnicodeDecodeError as error:
        detail = f"byte {offset + error.start} does not belong to UTF-8 text"
        return Quarantined(offset, "invalid_utf8", detail, line[:FIRST_BYTES])
    except (ValueError, RecursionError) as error:  # a number of too many digits is a ValueError as well
        return Quarantined(offset, "not_json", str(error), line[:FIRST_BYTES])
    if not isinstance(row, dict):
        detail = f"a JSON {type(row).__name__}, not an object"
        return Quarantined(offset, "not_object", detail, line[:FIRST_BYTES])
    return row_record(source, row, offset, len(line))


def _null(name: str) -> Any:
    """NaN and infinities, which Python writes into JSON, are null."""
    return None
