"""Bytes of a file to take from the front, with the offset of each record for its origin."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from curate.ingest.inflate import Inflater
from curate.ingest.input_file import InputFile

_READ_BYTES = 1 << 16


class Feed(ABC):
    """A buffer that refills itself.

    Attributes:
        buffer: the bytes at hand; the first of them is the next.
        position: bytes taken so far.
        problem, detail: why the bytes ended too early, if they did.
        short_reason: what it means if a record is longer than what is left.
    """

    short_reason = "truncated"

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.position = 0

    @property
    def problem(self) -> str:
        """Empty while all is well."""
        return ""

    @property
    def detail(self) -> str:
        """More about the problem."""
        return ""

    @property
    def checked(self) -> int:
        """Bytes up to which a checksum was found to agree, if there are checksums."""
        return self.position

    @abstractmethod
    def _more(self, wanted: int) -> bytes:
        """The next bytes, about `wanted`; none at the end."""

    @abstractmethod
    def mark(self) -> int:
        """The offset to give to the record that begins here; called once for each."""

    @abstractmethod
    def length(self, taken: int) -> int:
        """The length to give to the record that was just taken, `taken` bytes."""

    def fill(self, size: int) -> int:
        """Try to have `size` bytes at hand; returns how many are, fewer only at the end."""
        while len(self.buffer) < size:
            data = self._more(size - len(self.buffer))
            if not data:
                break
            self.buffer += data
        return len(self.buffer)

    def find(self, pattern: re.Pattern[bytes], max_bytes: int) -> int:
        """Where the first match ends, within about `max_bytes`; -1 if there is none."""
        size = 4096
        while True:
            available = self.fill(size)
            match = pattern.search(self.buffer, 0, size)
            if match:
                return match.end()
            if available < size or size >= max_bytes:
                return -1
            size *= 4

    def take(self, size: int) -> bytes:
        """The next bytes, which must be at hand."""
        taken = bytes(memoryview(self.buffer)[:size])
        self.skip(size)
        return taken

    def skip(self, size: int) -> None:
        """Pass over bytes that are at hand."""
        del self.buffer[:size]
        self.position += size

    def skip_newlines(self) -> None:
        """Pass over carriage returns and newlines."""
        while self.fill(1) and self.buffer[0] in b"\r\n":
            self.skip(len(self.buffer) - len(self.buffer.lstrip(b"\r\n")))


class PlainFeed(Feed):
    """A file as it is. Offsets are bytes of the file."""

    def __init__(self, file: InputFile, start: int = 0):
        super().__init__()
        self._file = file
        self.jump(start)

    def jump(self, position: int) -> None:
        """Go on at a byte of the file."""
        self.buffer.clear()
        self.position = self._next = position

    def _more(self, wanted: int) -> bytes:
        data = self._file.read_at(self._next, max(wanted, _READ_BYTES))
        self._next += len(data)
        return data

    def mark(self) -> int:
        """The byte of the file."""
        return self.position

    def length(self, taken: int) -> int:
        """The bytes taken."""
        return taken


class InflatedFeed(Feed):
    """What an inflater gives.

    Offsets are those of the chain's first member, counted up by one for each further record in it. Decompressed
    positions would be nearer to the truth, but could equal the offset of a later member, and ids must be unique.
    """

    def __init__(self, inflater: Inflater):
        super().__init__()
        self.inflater = inflater
        self._chunks = inflater.chunks()
        self._marks = 0

    @property
    def problem(self) -> str:
        """The inflater's."""
        return self.inflater.problem

    @property
    def detail(self) -> str:
        """The inflater's."""
        return self.inflater.detail

    @property
    def checked(self) -> int:
        """The inflater's."""
        return self.inflater.checked

    @property
    def short_reason(self) -> str:  # type: ignore[override]
        """If the inflater saw no problem, it is the record that lies."""
        return self.problem or "bad_content_length"

    def _more(self, wanted: int) -> bytes:
        return next(self._chunks, b"")

    def mark(self) -> int:
        """The start of the chain plus the number of records in it before this one."""
        offset = self.inflater.start + self._marks
        self._marks += 1
        if self._marks > max(1, self.inflater.end - self.inflater.start):  # offsets would run into the next member
            self.inflater.stop("inflation_ratio", f"{self._marks} records in fewer bytes")
        return offset

    def length(self, taken: int) -> int:
        """Compressed bytes if the record is the only one of its chain, else the bytes taken."""
        alone = self._marks == 1 and not self.fill(1)
        return self.inflater.end - self.inflater.start if alone else taken
