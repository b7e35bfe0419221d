"""Write web pages as a WARC file, one gzip member for each record, as crawlers do.

ISO 28500:2017 (WARC/1.1): a `warcinfo` record, then a `request` and a `response` for each page.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_COMPRESSION_LEVEL = 6


@dataclass(frozen=True)
class Response:
    """What a server answered.

    Attributes:
        url: the page's address.
        date: when it was fetched, as `YYYY-MM-DDThh:mm:ssZ`.
        content_type: the HTTP header, with the charset if the server sends one.
        body: the page, encoded.
    """

    url: str
    date: str
    content_type: str
    body: bytes


def write_warc(path: Path, responses: Iterable[Response], created: str) -> None:
    """Write a `.warc.gz` whose bytes depend on nothing but the arguments; `created` is the date of the file."""
    info = b"software: curate demo corpus\r\nformat: WARC File Format 1.1\r\n"
    with path.open("wb") as out:
        out.write(_record("warcinfo", path.name, created, "application/warc-fields", info))
        for response in responses:
            out.write(
                _record("request", response.url, response.date, "application/http; msgtype=request", _ask(response))
            )
            out.write(
                _record("response", response.url, response.date, "application/http; msgtype=response", _say(response))
            )


def _ask(response: Response) -> bytes:
    at = urlsplit(response.url)
    lines = [f"GET {at.path or '/'} HTTP/1.1", f"Host: {at.netloc}", "Accept: text/html", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def _say(response: Response) -> bytes:
    lines = [
        "HTTP/1.1 200 OK",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        "Connection: close",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + response.body


def _record(kind: str, about: str, date: str, content_type: str, block: bytes) -> bytes:
    target = f"WARC-Filename: {about}" if kind == "warcinfo" else f"WARC-Target-URI: {about}"
    digest = base64.b32encode(hashlib.sha1(block, usedforsecurity=False).digest()).decode()
    lines = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{kind} {about}')}>",
        f"WARC-Date: {date}",
        target,
        f"WARC-Block-Digest: sha1:{digest}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(block)}",
        "",
        "",
    ]
    return gzip.compress("\r\n".join(lines).encode() + block + b"\r\n\r\n", _COMPRESSION_LEVEL, mtime=0)
