"""WARC files into the bytes of single records, whatever is damaged.

FastWARC parses records, but it ends silently at most truncations and stops for good at garbage between records.
So records are cut out here: each must be as long as it says and be followed by a record or the end; where one is
not, the loss is reported with its offset and reading goes on at the next record that can be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from curate.ingest.feed import Feed, InflatedFeed, PlainFeed
from curate.ingest.inflate import Codec, Inflater, InflationLimit, codec_of, find_member, only_padding
from curate.ingest.input_file import InputFile
from curate.ingest.records import FIRST_BYTES, Quarantined

HEADER_END = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH = re.compile(  # the value may stand on a continuation line
    rb"^content-length[ \t]*:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_RECORD_START = re.compile(rb"\nWARC/[01]\.\d{1,2}\r?\n")
_RECORD_START_BYTES = 16
_MAX_HEADER_BYTES = 1 << 18
_SCAN_BYTES = 1 << 16
_TAIL_BYTES = 9
#: A chain of members that holds for so long is the file's own. One inside a record (a .warc.gz in a .warc.gz) is
#: broken up by the headers of stored blocks, every 64 KiB in gzip and every 128 KiB in zstd.
_SOUND_BYTES = 1 << 18
GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A whole WARC record: `data[:head]` is its header, the rest its block."""

    offset: int
    length: int
    head: int
    data: bytes


Cut = RawRecord | Quarantined


def split_warc(
    file: InputFile, start: int, stop: int, max_record_bytes: int, max_inflation_ratio: float
) -> Iterator[Cut]:
    """The records that begin in a byte range of a WARC file, plain or compressed.

    A compressed record belongs to the range in which its member begins. Damage belongs with the record before it.
    """
    if file.size == 0:
        yield Quarantined(0, "empty_file", "the file has no bytes", b"")
        return
    codec = codec_of(file)
    if codec:
        limit = InflationLimit(max_record_bytes, max_inflation_ratio)
        found = _members(file, codec, limit, max_record_bytes, _first_member(file, codec, limit, start, stop))
    else:
        found = _plain(file, start, max_record_bytes)
    for owner, item in found:
        if owner >= stop:
            return
        if owner >= start:
            yield item


def _plain(file: InputFile, start: int, max_record_bytes: int) -> Iterator[tuple[int, Cut]]:
    """Each item of a plain file with the start of the record that owns it.

    Only a walk from the beginning can tell a record from one quoted inside another; it reads headers alone.
    """
    feed = PlainFeed(file)
    _leap(feed, start, max_record_bytes)
    owner = feed.position
    for item in split_records(feed, max_record_bytes):
        if not (isinstance(item, Quarantined) and item.reason == GARBAGE):
            owner = item.offset
        yield owner, item


def _leap(feed: PlainFeed, start: int, max_record_bytes: int) -> None:
    """Pass over records that end before `start` by their headers, up to the first that is not plainly sound."""
    while feed.fill(5) and feed.buffer[:5] == b"WARC/":
        here = feed.position
        head = feed.find(HEADER_END, _MAX_HEADER_BYTES)
        length = _content_length(bytes(feed.buffer[:head])) if head > 0 else None
        if length is None or head + length > max_record_bytes or here + head + length >= start:
            return
        feed.jump(here + head + length)
        feed.fill(_TAIL_BYTES)
        if not _ends_well(feed.buffer[:_TAIL_BYTES]):
            feed.jump(here)
            return
        feed.skip_newlines()
        if feed.position > start:
            feed.jump(here)
            return


def _first_member(file: InputFile, codec: Codec, limit: InflationLimit, start: int, stop: int) -> int:
    """Where to begin so as to meet every member of the range that begins a record: at one, or at the very start."""
    if start == 0:
        return 0
    found = find_member(file, codec, start, stop)
    return found if found == stop or _is_sound(file, codec, limit, found) else 0


def _is_sound(file: InputFile, codec: Codec, limit: InflationLimit, position: int) -> bool:
    inflater = Inflater(file, position, codec, limit)
    for _ in inflater.chunks():
        if inflater.end - position >= _SOUND_BYTES:
            return True
    return not inflater.problem and inflater.end == file.size


def _members(
    file: InputFile, codec: Codec, limit: InflationLimit, max_record_bytes: int, position: int
) -> Iterator[tuple[int, Cut]]:
    """Each item of a compressed file with the start of the member that owns it."""
    owner = position
    while position < file.size and not only_padding(file, position):
        if not codec.starts(file.read_at(position, 16)):
            resumed = find_member(file, codec, position, file.size)
            yield owner, _no_member(file, codec, position, resumed)
            position = resumed
            continue
        owner = position
        inflater = Inflater(file, position, codec, limit, until_record=True)
        for item in split_records(InflatedFeed(inflater), max_record_bytes):
            yield owner, item
        position = find_member(file, codec, position + 1, file.size) if inflater.problem else inflater.end


def _no_member(file: InputFile, codec: Codec, position: int, resumed: int) -> Quarantined:
    reason = GARBAGE if position else f"not_{codec.name}"
    lost = f"{resumed - position} bytes that are not {codec.name}"
    return Quarantined(position, reason, lost, file.read_at(position, min(FIRST_BYTES, resumed - position)))


def split_records(feed: Feed, max_record_bytes: int) -> Iterator[Cut]:
    """The records of a feed, and each stretch that is none."""
    reported = False
    feed.skip_newlines()
    while feed.fill(1):
        offset = feed.mark()
        item = _record(feed, offset, max_record_bytes)
        reported = isinstance(item, Quarantined)
        yield item
        feed.skip_newlines()
    if feed.problem and not reported:
        yield Quarantined(feed.mark(), feed.problem, feed.detail, b"")


def _record(feed: Feed, offset: int, max_record_bytes: int) -> Cut:
    """The record that begins here, or what was lost up to the next one."""
    if feed.fill(5) < 5 or feed.buffer[:5] != b"WARC/":
        return _lose(feed, offset, 0, GARBAGE if feed.position else "not_warc", "no WARC record begins here")
    head = feed.find(HEADER_END, _MAX_HEADER_BYTES)
    if head < 0:
        return _lose(feed, offset, 5, _headless(feed), "the WARC header does not end")
    length = _content_length(bytes(feed.buffer[:head]))
    if length is None:
        return _lose(feed, offset, head, "bad_content_length", "Content-Length is absent, no number, or given twice")
    total = head + length
    if total > max_record_bytes:
        return _lose(feed, offset, head, "too_large", f"{total} bytes, above max_record_bytes {max_record_bytes}")
    available = feed.fill(total + _TAIL_BYTES)
    if available < total:
        return _lose(feed, offset, head, feed.short_reason, f"{available} of {total} bytes are there")
    if not _ends_well(feed.buffer[total : total + _TAIL_BYTES]):
        return _lose(feed, offset, head, "bad_content_length", f"no end of record after {length} bytes of content")
    data = feed.take(total)
    end = feed.position
    feed.skip_newlines()
    if feed.problem not in ("", "truncated") and not feed.buffer and end > feed.checked:
        return Quarantined(offset, feed.problem, feed.detail, data[:FIRST_BYTES])
    return RawRecord(offset, feed.length(total), head, data)


def _headless(feed: Feed) -> str:
    at_end = len(feed.buffer) < _MAX_HEADER_BYTES
    return feed.problem or "truncated" if at_end else "bad_header"


def _content_length(header: bytes) -> int | None:
    values = set(_CONTENT_LENGTH.findall(header))
    value = values.pop() if len(values) == 1 else b""
    return int(value) if value.isdigit() and len(value) < 19 else None


def _ends_well(tail: bytes | bytearray) -> bool:
    """Whether a record can end before these bytes: an empty line, another record, or the end."""
    rest = tail.lstrip(b"\r\n")
    return tail.startswith((b"\r\n\r\n", b"\n\n")) or not rest or rest.startswith(b"WARC/"[: len(rest)])


def _lose(feed: Feed, offset: int, passed: int, reason: str, detail: str) -> Quarantined:
    """Pass over `passed` bytes and on to the next record, and report all of it as one loss."""
    first = bytes(feed.buffer[:FIRST_BYTES])
    began = feed.position
    feed.skip(max(0, passed - 1))  # the newline that ends a header may be the one before the next record
    if _skip_to_record(feed) and reason == "truncated":
        reason = "bad_content_length"
    ended = f"; {feed.problem}: {feed.detail}" if feed.problem and not feed.buffer else ""
    return Quarantined(offset, reason, f"{detail}; {feed.position - began} bytes lost{ended}", first)


def _skip_to_record(feed: Feed) -> bool:
    """Pass over bytes up to the next line that begins a record; False if there is none."""
    while True:
        available = feed.fill(_SCAN_BYTES)
        match = _RECORD_START.search(feed.buffer)
        if match:
            feed.skip(match.start() + 1)
            return True
        if available < _SCAN_BYTES:
            feed.skip(available)
            return False
        feed.skip(available - _RECORD_START_BYTES)
