"""Files to read: WARC records, compression, and reading splits back."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import zstandard

from curate.ingest import Quarantined, Record, Skipped, Split, read_split
from curate.ingest.source import Source, WarcSource

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
WARC = WarcSource(paths="unused")
HTML = "<html><body><main><p>{}</p></main></body></html>"

Outcome = Record | Quarantined | Skipped


def warc_record(block: bytes, kind: str = "response", content_length: object = None, **headers: str) -> bytes:
    """One WARC record; `content_length` may lie, and is left out if it is an empty string."""
    fields = {
        "WARC-Type": kind,
        "WARC-Date": "2020-05-28T00:00:00Z",
        "WARC-Record-ID": f"<urn:uuid:{zlib.crc32(block):032x}>",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": len(block) if content_length is None else content_length,
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}\r\n" for name, value in fields.items() if value != ""]
    return b"WARC/1.0\r\n" + "".join(lines).encode() + b"\r\n" + block + b"\r\n\r\n"


def http(body: bytes, content_type: str = "text/html; charset=utf-8", status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP response."""
    fields = {"Content-Type": content_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}\r\n" for name, value in fields.items() if value]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode() + body


def page(number: int, body: str | None = None) -> bytes:
    """A response record whose text is `Page NUMBER.`"""
    content = http((body or HTML.format(f"Page {number}.")).encode())
    return warc_record(content, WARC_Target_URI=f"http://example.org/{number}")


def pages(count: int) -> list[bytes]:
    """A warcinfo, then a request and a response for each page."""
    records = [warc_record(b"software: tests\r\n", "warcinfo", Content_Type="application/warc-fields")]
    for number in range(count):
        records += [warc_record(b"GET / HTTP/1.1\r\n\r\n", "request"), page(number)]
    return records


def gzip_members(records: Iterable[bytes]) -> bytes:
    """One gzip member a record."""
    return b"".join(gzip.compress(record, mtime=0) for record in records)


def zstd_frames(records: Iterable[bytes]) -> bytes:
    """One zstd frame a record."""
    compressor = zstandard.ZstdCompressor(write_checksum=True)
    return b"".join(compressor.compress(record) for record in records)


#: Every way to store the same records: suffix and function.
FRAMINGS = {
    ".warc": b"".join,
    ".warc.gz": gzip_members,
    ".one.warc.gz": lambda records: gzip.compress(b"".join(records), mtime=0),
    ".warc.zst": zstd_frames,
    ".one.warc.zst": lambda records: zstandard.compress(b"".join(records)),
}


def read(path: Path, source: Source = WARC, cuts: Sequence[int] = ()) -> list[Outcome]:
    """What the splits of a file between the cuts give, in order."""
    size = path.stat().st_size
    edges = [0, *sorted({min(cut, size) for cut in cuts} - {0, size}), size]
    splits = [Split(str(path), path.name, *edge, size) for edge in pairwise(edges)]
    return [item for split in splits for item in read_split(source, split)]


def read_bytes(folder: Path, data: bytes, name: str, source: Source = WARC, cuts: Sequence[int] = ()) -> list[Outcome]:
    """What a file of these bytes gives."""
    path = folder / name
    path.write_bytes(data)
    return read(path, source, cuts)


def texts(items: Iterable[Outcome]) -> list[str]:
    """The texts of the documents."""
    return [item.text for item in items if isinstance(item, Record)]


def losses(items: Iterable[Outcome]) -> list[tuple[int, str]]:
    """Offset and reason of what was quarantined."""
    return [(item.offset, item.reason) for item in items if isinstance(item, Quarantined)]
