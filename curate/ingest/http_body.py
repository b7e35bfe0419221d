"""HTTP bodies: transfer and content encodings undone, up to a bound."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import brotli
import zstandard

from curate.ingest.zstd_frames import MAGIC, MAX_WINDOW_BYTES

_CHUNK_HEAD = re.compile(rb"[ \t]*+([0-9a-fA-F]{1,15})[ \t]*+(?:;[^\r\n]*+)?\r?\n")
_STEP_BYTES = 1 << 18


class BodyError(Exception):
    """A body that cannot be decoded: `reason` to count by, and the message."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


def decode_body(body: bytes, transfer_encoding: str, content_encoding: str, max_bytes: int) -> bytes:
    """The content of a body.

    Archives often hold bodies already decoded under headers that say otherwise, so data that does not look as its
    header says is taken as it is. A body that breaks off gives what came before.

    Args:
        transfer_encoding, content_encoding: the header values, perhaps empty; the last coding is undone first.
        max_bytes: of the decoded body.

    Raises:
        BodyError: `too_large`, `bad_content_encoding` (damaged from the start), `content_encoding` (unknown).

    >>> decode_body(b"5\\r\\nhello\\r\\n0\\r\\n\\r\\n", "chunked", "", 100)
    b'hello'
    """
    if "chunked" in transfer_encoding.lower():
        body = join_chunks(body)
    for coding in reversed([name.strip().lower() for name in content_encoding.split(",")]):
        if coding not in ("", "identity", "utf-8", "none"):
            body = _inflate(body, coding, max_bytes)
    if len(body) > max_bytes:
        raise BodyError("too_large", f"the body has {len(body)} bytes, above max_document_bytes {max_bytes}")
    return body


def join_chunks(body: bytes) -> bytes:
    """The data of a chunked body; the body itself if it does not begin with a chunk, the rest as is after damage.

    >>> join_chunks(b"<html>")
    b'<html>'
    """
    pieces: list[bytes] = []
    at = 0
    while head := _CHUNK_HEAD.match(body, at):
        size = int(head[1], 16)
        if size == 0:
            return b"".join(pieces)
        pieces.append(body[head.end() : head.end() + size])
        at = head.end() + size
        at += 2 if body[at : at + 2] == b"\r\n" else body[at : at + 1] == b"\n"
    return b"".join([*pieces, body[at:]])


def _inflate(body: bytes, coding: str, max_bytes: int) -> bytes:
    make = _DECODERS.get(coding)
    if make is None:
        raise BodyError("content_encoding", f"unknown Content-Encoding {coding!r}")
    step = make(body)
    if step is None:
        return body
    out, size = [], 0
    try:
        while data := step():
            out.append(data)
            size += len(data)
            if size > max_bytes:
                raise BodyError("too_large", f"{len(body)} bytes of {coding} hold more than {max_bytes}")
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        if not out:
            raise BodyError("bad_content_encoding", f"{coding}: {error}") from error
    return b"".join(out)


Step = Callable[[], bytes]


def _gzip(body: bytes) -> Step | None:
    return _zlib(body, 31) if body[:2] == b"\x1f\x8b" else None


def _deflate(body: bytes) -> Step | None:
    """zlib's format as the standard says, or a bare stream as some servers send."""
    wrapped = len(body) > 1 and body[0] & 15 == 8 and (body[0] * 256 + body[1]) % 31 == 0
    return None if body[:1] == b"<" else _zlib(body, 15 if wrapped else -15)


def _zlib(body: bytes, wbits: int) -> Step:
    stream, rest = zlib.decompressobj(wbits), body

    def step() -> bytes:
        nonlocal rest
        if stream.eof:
            return b""
        data = stream.decompress(rest, _STEP_BYTES)
        rest = stream.unconsumed_tail
        return data

    return step


def _brotli(body: bytes) -> Step | None:
    if body[:1] == b"<":
        return None
    stream, rest = brotli.Decompressor(), body

    def step() -> bytes:
        nonlocal rest
        data = b"" if stream.is_finished() else bytes(stream.process(rest, output_buffer_limit=_STEP_BYTES))
        rest = b""
        return data

    return step


def _zstd(body: bytes) -> Step | None:
    if body[:4] != MAGIC:
        return None
    reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).stream_reader(body)
    return lambda: bytes(reader.read(_STEP_BYTES))


_DECODERS = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
