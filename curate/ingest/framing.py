"""How the records of web archives begin, say their length and end: WARC, and ARC before it.

Both are cut by the same code, with the same care for damage: `curate.ingest.warc_split`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from curate.ingest.arc import ARC_LINE, arc_length

HEADER_END = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH = re.compile(  # the value may stand on a continuation line
    rb"^content-length[ \t]*+:[ \t]*+(?:\r?\n[ \t]++)?([^\r\n]*+)", re.IGNORECASE | re.MULTILINE
)
_CUT_OPENING = re.compile(rb"[A-Za-z][\w+.-]{0,31}(?::|\Z)")
_ARC_DATE = re.compile(rb" \d{12,20} ")
_LAST_NUMBER = re.compile(rb" \d{1,18}\s*\Z")


class Framing(ABC):
    """A format of archives."""

    #: `warc` or `arc`.
    name: str
    #: What a record may begin with where one is due.
    opening: re.Pattern[bytes]
    #: What only a record begins with, and how many bytes tell.
    sure: re.Pattern[bytes]
    sure_bytes: int
    #: The newline before a record and how it surely begins, and the most bytes that this takes.
    next_record: re.Pattern[bytes]
    next_record_bytes: int
    head_end: re.Pattern[bytes]

    @property
    def tail_bytes(self) -> int:
        """What `ends_well` has to see: some newlines and a beginning."""
        return self.sure_bytes + 4

    def opens(self, data: bytes | bytearray) -> bool:
        """Whether a record that is due may begin with these bytes."""
        return self.opening.match(data) is not None

    def is_sure(self, data: bytes | bytearray) -> bool:
        """Whether a record does begin with these bytes."""
        return self.sure.match(data) is not None

    @abstractmethod
    def content_length(self, header: bytes) -> int | None:
        """The bytes that follow a header; None if it does not say, or not clearly."""

    @abstractmethod
    def ends_well(self, tail: bytes | bytearray) -> bool:
        """Whether a record can end before these bytes: `tail_bytes`, or all that are left."""


class _Warc(Framing):
    name = "warc"
    opening = sure = re.compile(rb"WARC/", re.IGNORECASE)
    sure_bytes = 5
    next_record = re.compile(rb"\nWARC/[01]\.\d{1,2}\r?\n", re.IGNORECASE)
    next_record_bytes = 16
    head_end = HEADER_END

    def content_length(self, header: bytes) -> int | None:
        """The value of the one Content-Length."""
        values = {value.strip() for value in _CONTENT_LENGTH.findall(header)}
        value = values.pop() if len(values) == 1 else b""
        return int(value) if value.isdigit() and len(value) < 19 else None

    def ends_well(self, tail: bytes | bytearray) -> bool:
        """An empty line, another record behind at most four bytes, or the end."""
        rest = tail.lstrip(b"\r\n")
        if tail.startswith((b"\r\n\r\n", b"\n\n")) or not rest:
            return True
        return self.sure.search(tail) is not None or b"WARC/".startswith(rest.upper())


class _Arc(Framing):
    name = "arc"
    opening = re.compile(rb"[A-Za-z][\w+.-]{0,31}:")
    sure = re.compile(ARC_LINE)
    sure_bytes = 9000
    next_record = re.compile(rb"\n" + ARC_LINE)
    next_record_bytes = sure_bytes + 1
    head_end = re.compile(rb"\n")

    def content_length(self, header: bytes) -> int | None:
        """The last field of the line."""
        return arc_length(header)

    def ends_well(self, tail: bytes | bytearray) -> bool:
        """The end, another record, or a line with two of its three marks: damage may have cost it the third."""
        rest = tail.lstrip(b"\r\n")
        line, newline, _ = rest.partition(b"\n")
        if not newline and len(tail) < self.tail_bytes:
            return not rest or _CUT_OPENING.match(rest) is not None
        if self.is_sure(rest) or self.is_sure(tail[1:]):
            return True
        marks = self.opening.search(line, 0, 40), _ARC_DATE.search(line), _LAST_NUMBER.search(line)
        return len(rest) < len(tail) and sum(mark is not None for mark in marks) >= 2


#: What tells the format of an archive.
PEEK_BYTES = _Arc.sure_bytes
WARC: Framing = _Warc()
ARC: Framing = _Arc()


def sure_framing(head: bytes) -> Framing | None:
    """The format of which a record surely begins with these bytes, if any."""
    return next((framing for framing in (WARC, ARC) if framing.is_sure(head)), None)


def named_framing(path: str) -> Framing:
    """The format that a file's name suggests; WARC if none.

    >>> named_framing("crawl/a.ARC.gz").name, named_framing("a.bin").name
    ('arc', 'warc')
    """
    return ARC if path.lower().removesuffix(".gz").removesuffix(".zst").endswith(".arc") else WARC
