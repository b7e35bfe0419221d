"""gzip members and zstd frames, inflated step by step, bounded, and never trusted.

A damaged or cut stream does not raise: the inflater stops and says what happened and where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from isal import isal_zlib

from curate.ingest.framing import PEEK_BYTES, Framing, sure_framing
from curate.ingest.input_file import InputFile
from curate.ingest.zstd_frames import Zstd

_STEP_BYTES = 1 << 18
_MAX_PEEK_READS = 64


class Codec(Protocol):
    """A compression format whose files are chains of members (gzip) or frames (zstd)."""

    name: str
    magic: bytes
    #: Compressed bytes to hand over at once.
    read_bytes: int
    error: type[Exception]

    def starts(self, head: bytes) -> bool:
        """Whether a member can begin with these bytes (16 or more, fewer at the end of the file)."""

    def new(self) -> Any:
        """A decompressor of one member: `eof`, `unused_data`, `unconsumed_tail`."""

    def inflate(self, stream: Any, data: bytes, max_bytes: int) -> bytes:
        """The next bytes that `data` inflates to, about `max_bytes` at most."""


class Gzip:
    """RFC 1952, by ISA-L, which is twice as fast as zlib."""

    name = "gzip"
    magic = b"\x1f\x8b\x08"
    read_bytes = 1 << 16
    error: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub takes the class for an instance

    def starts(self, head: bytes) -> bool:
        """The method is deflate, the header complete, and the reserved flags are zero."""
        return head[:3] == self.magic and len(head) >= 10 and head[3] < 32

    def new(self) -> Any:
        """A decompressor of one member."""
        return isal_zlib.decompressobj(wbits=31)

    def inflate(self, stream: Any, data: bytes, max_bytes: int) -> bytes:
        """At most `max_bytes`."""
        return bytes(stream.decompress(data, max_bytes))


def codec_of(file: InputFile) -> Codec | None:
    """The compression of a file by its first bytes, else by its name; None if it is not compressed."""
    head = file.read_at(0, PEEK_BYTES)
    for codec in (Gzip(), Zstd(file)):
        if codec.starts(head[:16]):
            return codec
    if sure_framing(head):
        return None
    name = file.path.lower()
    return Gzip() if name.endswith(".gz") else Zstd() if name.endswith(".zst") else None


@dataclass(frozen=True)
class InflationLimit:
    """How much may come out: `free_bytes`, and `ratio` bytes more for each compressed byte."""

    free_bytes: int
    ratio: float


class Inflater:
    """A chain of members from `start` on.

    Args:
        until_record: end the chain where a later member begins with a record of this format; if None, where no
            member follows.

    Attributes:
        start, end: compressed bytes consumed so far.
        checked: inflated bytes up to the end of the last whole member, which were found to agree with its checksum.
        problem: why it stopped before the end of a member: `truncated`, `corrupt_gzip`, `corrupt_zstd`,
            `inflation_ratio`; empty while all is well.
        detail: more about the problem.
    """

    def __init__(
        self, file: InputFile, start: int, codec: Codec, limit: InflationLimit, until_record: Framing | None = None
    ):
        self.start = self.end = start
        self.checked = 0
        self.problem = self.detail = ""
        self._file, self._codec, self._limit, self._until_record = file, codec, limit, until_record

    def chunks(self) -> Iterator[bytes]:
        """The inflated bytes, in pieces that are not empty."""
        stream, produced = self._codec.new(), 0
        while not self.problem:
            data = self._file.read_at(self.end, self._codec.read_bytes)
            try:
                out = self._codec.inflate(stream, data, _STEP_BYTES)
            except self._codec.error as error:
                self.stop(f"corrupt_{self._codec.name}", f"at byte {self.end} of the file: {error}")
                return
            self.end += len(data) - _left(stream)
            produced += len(out)
            if out:
                yield out
            if produced > self._limit.free_bytes + self._limit.ratio * (self.end - self.start):
                self.stop("inflation_ratio", f"{self.end - self.start} bytes inflate to more than {produced}")
            elif stream.eof:
                self.checked = produced
                if not self._goes_on():
                    return
                stream = self._codec.new()
            elif not data and not out:
                self.stop("truncated", f"the file ends inside a {self._codec.name} stream")

    def stop(self, problem: str, detail: str) -> None:
        """Inflate no further."""
        self.problem, self.detail = problem, detail

    def _goes_on(self) -> bool:
        if not self._codec.starts(self._file.read_at(self.end, 16)):
            return False
        return not (self._until_record and begins_record(self._file, self.end, self._codec, self._until_record))


def _left(stream: Any) -> int:
    """Bytes of the last input that were not used. At its end zlib may repeat them in `unconsumed_tail`."""
    return len(stream.unused_data if stream.eof else stream.unconsumed_tail)


def peek(file: InputFile, position: int, codec: Codec, size: int) -> bytes:
    """The first bytes that a member at `position` inflates to, about `size` if there are so many."""
    if not codec.starts(file.read_at(position, 16)):
        return b""
    stream, out = codec.new(), b""
    for _ in range(_MAX_PEEK_READS):  # a gzip header may be long, but not endless
        data = file.read_at(position, 1 << 10)
        try:
            out += codec.inflate(stream, data, size)
        except codec.error:
            break
        position += len(data) - _left(stream)
        if len(out) >= size or stream.eof or not data:
            break
    return out


def begins_record(file: InputFile, position: int, codec: Codec, framing: Framing) -> bool:
    """Whether a member at `position` inflates to something that surely begins with a record."""
    return framing.is_sure(peek(file, position, codec, framing.sure_bytes))


def find_member(file: InputFile, codec: Codec, framing: Framing, start: int, stop: int) -> int:
    """Where, at `start` or later, the first member stands that begins with a record; `stop` if none before it."""
    position = file.find(codec.magic, start, stop)
    while position >= 0 and not begins_record(file, position, codec, framing):
        position = file.find(codec.magic, position + 1, stop)
    return position if position >= 0 else stop


def only_padding(file: InputFile, position: int) -> bool:
    """Whether nothing but zeros and newlines follows, as tape blocks and some tools leave behind."""
    rest = file.read_at(position, 1 << 16)
    return position + len(rest) == file.size and not rest.strip(b"\0\r\n")
