"""WARC and ARC files into the bytes of single records, whatever is damaged.

FastWARC parses records, but it ends silently at most truncations and stops for good at garbage between records.
So records are cut out here: each must be as long as it says and be followed by a record or the end; where one is
not, the loss is reported with its offset and reading goes on at the next record that can be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from curate.ingest.feed import Feed, InflatedFeed, PlainFeed
from curate.ingest.framing import PEEK_BYTES, Framing, named_framing, sure_framing
from curate.ingest.inflate import Codec, Inflater, InflationLimit, codec_of, find_member, only_padding, peek
from curate.ingest.input_file import InputFile
from curate.ingest.records import FIRST_BYTES, Quarantined

_MAX_HEADER_BYTES = 1 << 18
_SCAN_BYTES = 1 << 16
#: A chain of members that holds for so long is the file's own. One inside a record (a .warc.gz in a .warc.gz) is
#: broken up by the headers of stored blocks, every 64 KiB in gzip and every 128 KiB in zstd.
_SOUND_BYTES = 1 << 18
GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A whole record: `data[:head]` is its header, the rest its block."""

    offset: int
    length: int
    head: int
    data: bytes


Cut = RawRecord | Quarantined

#: Compressed formats that are not read, by their first bytes, and what unpacks them.
_UNREAD = {b"\x04\x22\x4d\x18": "lz4 -d", b"BZh": "bunzip2", b"\xfd7zXZ\0": "unxz"}


def split_warc(
    file: InputFile, start: int, stop: int, max_record_bytes: int, max_inflation_ratio: float
) -> Iterator[Cut]:
    """The records that begin in a byte range of a WARC or ARC file, plain or compressed.

    A compressed record belongs to the range in which its member begins. Damage belongs with the record before it.
    """
    if file.size == 0:
        yield Quarantined(0, "empty_file", "the file has no bytes", b"")
        return
    head = file.read_at(0, FIRST_BYTES)
    tool = next((tool for magic, tool in _UNREAD.items() if head.startswith(magic)), None)
    if tool:
        if start == 0:
            yield Quarantined(0, "unread_compression", f"gzip and zstd are read; unpack it with {tool}", head)
        return
    codec = codec_of(file)
    framing = _framing(file, codec)
    if codec:
        archive = _Compressed(file, codec, framing, InflationLimit(max_record_bytes, max_inflation_ratio))
        found = _members(archive, max_record_bytes, _first_member(archive, start, stop))
    else:
        found = _plain(file, framing, start, max_record_bytes)
    for owner, item in found:
        if owner >= stop:
            return
        if owner >= start:
            yield item


@dataclass(frozen=True, slots=True)
class _Compressed:
    """A compressed file and how to read it."""

    file: InputFile
    codec: Codec
    framing: Framing
    limit: InflationLimit

    def inflater(self, position: int, until_record: bool = False) -> Inflater:
        return Inflater(self.file, position, self.codec, self.limit, self.framing if until_record else None)

    def find(self, start: int, stop: int) -> int:
        return find_member(self.file, self.codec, self.framing, start, stop)


def _framing(file: InputFile, codec: Codec | None) -> Framing:
    head = peek(file, 0, codec, PEEK_BYTES) if codec else file.read_at(0, PEEK_BYTES)
    return sure_framing(head) or named_framing(file.path)


def _plain(file: InputFile, framing: Framing, start: int, max_record_bytes: int) -> Iterator[tuple[int, Cut]]:
    """Each item of a plain file with the start of the record that owns it.

    Only a walk from the beginning can tell a record from one quoted inside another; it reads headers alone.
    """
    feed = PlainFeed(file)
    _leap(feed, framing, start, max_record_bytes)
    owner = feed.position
    for item in split_records(feed, framing, max_record_bytes):
        if not (isinstance(item, Quarantined) and item.reason == GARBAGE):
            owner = item.offset
        yield owner, item


def _leap(feed: PlainFeed, framing: Framing, start: int, max_record_bytes: int) -> None:
    """Pass over records that end before `start` by their headers, up to the first that is not plainly sound."""
    while feed.fill(framing.sure_bytes) and framing.opens(feed.buffer):
        here = feed.position
        head = feed.find(framing.head_end, _MAX_HEADER_BYTES)
        length = framing.content_length(bytes(feed.buffer[:head])) if head > 0 else None
        if length is None or head + length > max_record_bytes or here + head + length >= start:
            return
        feed.jump(here + head + length)
        feed.fill(framing.tail_bytes)
        if not framing.ends_well(feed.buffer[: framing.tail_bytes]):
            feed.jump(here)
            return
        feed.skip_newlines()
        if feed.position > start:
            feed.jump(here)
            return


def _first_member(archive: _Compressed, start: int, stop: int) -> int:
    """Where to begin so as to meet every member of the range that begins a record: at one, or at the very start."""
    if start == 0:
        return 0
    found = archive.find(start, stop)
    return found if found == stop or _is_sound(archive, found) else 0


def _is_sound(archive: _Compressed, position: int) -> bool:
    inflater = archive.inflater(position)
    for _ in inflater.chunks():
        if inflater.end - position >= _SOUND_BYTES:
            return True
    return not inflater.problem and inflater.end == archive.file.size


def _members(archive: _Compressed, max_record_bytes: int, position: int) -> Iterator[tuple[int, Cut]]:
    """Each item of a compressed file with the start of the member that owns it."""
    file, owner = archive.file, position
    while position < file.size and not only_padding(file, position):
        if not archive.codec.starts(file.read_at(position, 16)):
            resumed = archive.find(position, file.size)
            yield owner, _no_member(archive, position, resumed)
            position = resumed
            continue
        owner = position
        inflater = archive.inflater(position, until_record=True)
        for item in split_records(InflatedFeed(inflater), archive.framing, max_record_bytes):
            yield owner, item
        position = archive.find(position + 1, file.size) if inflater.problem else inflater.end


def _no_member(archive: _Compressed, position: int, resumed: int) -> Quarantined:
    name = archive.codec.name
    first = archive.file.read_at(position, min(FIRST_BYTES, resumed - position))
    lost = f"{resumed - position} bytes that are not {name}"
    return Quarantined(position, GARBAGE if position else f"not_{name}", lost, first)


def split_records(feed: Feed, framing: Framing, max_record_bytes: int) -> Iterator[Cut]:
    """The records of a feed, and each stretch that is none."""
    reported = False
    feed.skip_newlines()
    while feed.fill(1):
        offset = feed.mark()
        item = _record(feed, framing, offset, max_record_bytes)
        reported = isinstance(item, Quarantined)
        yield item
        feed.skip_newlines()
    if feed.problem and not reported:
        yield Quarantined(feed.mark(), feed.problem, feed.detail, b"")


def _record(feed: Feed, framing: Framing, offset: int, max_record_bytes: int) -> Cut:
    """The record that begins here, or what was lost up to the next one."""
    lose = partial(_lose, feed, framing, offset)
    if not feed.fill(framing.sure_bytes) or not framing.opens(feed.buffer):
        reason = GARBAGE if feed.position else f"not_{framing.name}"
        return lose(0, reason, f"no {framing.name.upper()} record begins here")
    head = feed.find(framing.head_end, _MAX_HEADER_BYTES)
    if head < 0:
        return lose(1, _headless(feed), "the header of the record does not end")
    length = framing.content_length(bytes(feed.buffer[:head]))
    if length is None:
        return lose(head, "bad_content_length", "the length is absent, no number, or given twice")
    total = head + length
    if total > max_record_bytes:
        return lose(head, "too_large", f"{total} bytes, above max_record_bytes {max_record_bytes}")
    available = feed.fill(total + framing.tail_bytes)
    if available < total:
        return lose(head, feed.short_reason, f"{available} of {total} bytes are there")
    if not framing.ends_well(feed.buffer[total : total + framing.tail_bytes]):
        return lose(head, "bad_content_length", f"no end of record after {length} bytes of content")
    data = feed.take(total)
    end = feed.position
    feed.skip_newlines()
    if feed.problem not in ("", "truncated") and not feed.buffer and end > feed.checked:
        return Quarantined(offset, feed.problem, feed.detail, data[:FIRST_BYTES])
    return RawRecord(offset, feed.length(total), head, data)


def _headless(feed: Feed) -> str:
    at_end = len(feed.buffer) < _MAX_HEADER_BYTES
    return feed.problem or "truncated" if at_end else "bad_header"


def _lose(feed: Feed, framing: Framing, offset: int, passed: int, reason: str, detail: str) -> Quarantined:
    """Pass over `passed` bytes and on to the next record, and report all of it as one loss."""
    first = bytes(feed.buffer[:FIRST_BYTES])
    began = feed.position
    if _skip_to_record(feed, framing, passed) and reason == "truncated":
        reason = "bad_content_length"
    ended = f"; {feed.problem}: {feed.detail}" if feed.problem and not feed.buffer else ""
    return Quarantined(offset, reason, f"{detail}; {feed.position - began} bytes lost{ended}", first)


def _skip_to_record(feed: Feed, framing: Framing, passed: int) -> bool:
    """Pass over `passed` bytes, and on to the next line that begins a record; False if there is none."""
    if not passed and framing.is_sure(feed.buffer[1 : framing.sure_bytes + 1]):
        feed.skip(1)  # nothing but the newline before it is damaged
        return True
    feed.skip(max(0, passed - 1))  # the newline that ends a header may be the one before the next record
    while True:
        available = feed.fill(_SCAN_BYTES)
        match = framing.next_record.search(feed.buffer)
        if match:
            feed.skip(match.start() + 1)
            return True
        if available < _SCAN_BYTES:
            feed.skip(available)
            return False
        feed.skip(available - framing.next_record_bytes)
