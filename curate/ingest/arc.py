"""ARC, the format of web archives before WARC: one line before each record says all there is to know of it.

    http://example.org/ 192.0.2.7 20060305082251 text/html 4270

Address, IP address, date, media type, and the bytes that follow; version 2 has five more fields before the last. The
first record, `filedesc:`, describes the file. Described at https://archive.org/web/researcher/ArcFileFormat.php
"""

from __future__ import annotations

import re

#: The header of a record, and hardly anything else. Addresses may hold spaces.
ARC_LINE = rb"(?:filedesc://[^\r\n]{0,8191}+|[A-Za-z][\w+.-]{0,31}:[^\r\n]{0,8191}? \d{12,20} [^\r\n]{1,500}+)\r?\n"
_DESCRIPTION = re.compile(rb"[12] \d [^\r\n]*\r?\nURL IP-address ")
_FIELDS = re.compile(rb"([^\r\n]*?) [^ \r\n]+ (\d{12,20}|-) ([^ \r\n]+) ")


def arc_length(header: bytes) -> int | None:
    """The last field of a header line, the bytes that follow; None if it is no number.

    >>> arc_length(b"http://a.example/ 192.0.2.7 20060305082251 text/html 4270\\n")
    4270
    >>> arc_length(b"http://a.example/ 192.0.2.7 20060305082251 text/html -1\\n") is None
    True
    """
    length = header.rstrip().rpartition(b" ")[2]
    return int(length) if length.isdigit() and len(length) < 19 else None


def arc_headers(header: bytes, block: bytes) -> dict[str, str]:
    """What a header line says, as the headers of a WARC record.

    Args:
        header: the line.
        block: what follows it, or the first 200 bytes of that.

    >>> headers = arc_headers(b"http://a.example/ 192.0.2.7 20060305082251 text/html 4270\\n", b"HTTP/1.0 200 OK")
    >>> headers["WARC-Type"], headers["WARC-Target-URI"], headers["WARC-Date"]
    ('response', 'http://a.example/', '2006-03-05T08:22:51Z')
    """
    found = _FIELDS.match(header)
    url, date, media_type = (field.decode("utf-8", "replace") for field in found.groups()) if found else ("", "", "")
    describes_file = header.startswith(b"filedesc:") or _DESCRIPTION.match(block)
    kind = "response" if block.startswith(b"HTTP/") else "resource"
    return {
        "WARC-Type": "warcinfo" if describes_file else kind,
        "WARC-Target-URI": url,
        "WARC-Date": _iso_date(date),
        "Content-Type": media_type,
    }


def _iso_date(date: str) -> str:
    """Fourteen digits as ISO 8601, no date as none, anything else as it is."""
    if len(date) != 14:
        return date.strip("-")
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}T{date[8:10]}:{date[10:12]}:{date[12:]}Z"
