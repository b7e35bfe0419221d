"""Digests of WARC records: what differs is quarantined if that is asked for, and nothing else is."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_files import HTML, http, losses, read_bytes, texts, warc_record

from curate.ingest.digests import digest_differs
from curate.ingest.source import WarcSource

CHECKED = WarcSource(paths="unused", digests="quarantine")
BODY = HTML.format("Hello.").encode()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def _sha1(data: bytes) -> str:
    return f"sha1:{base64.b32encode(hashlib.sha1(data).digest()).decode()}"


def _record(body: bytes = BODY, **headers: str) -> bytes:
    return warc_record(http(body, Transfer_Encoding="chunked" if body == CHUNKED else ""), **headers)


@pytest.mark.parametrize(
    ("record", "lost"),
    [
        (_record(WARC_Block_Digest=_sha1(http(BODY)), WARC_Payload_Digest=_sha1(BODY)), ""),
        (_record(WARC_Block_Digest=_sha1(b"other")), "block_digest"),
        (_record(WARC_Payload_Digest=_sha1(b"other")), "payload_digest"),
        (_record(WARC_Payload_Digest=_sha1(b"other"), WARC_Truncated="length"), ""),
        (_record(CHUNKED, WARC_Payload_Digest=_sha1(BODY)), ""),
        (_record(CHUNKED, WARC_Payload_Digest=_sha1(CHUNKED)), ""),
        (_record(WARC_Block_Digest="crc32:12345678", WARC_Payload_Digest="nothing"), ""),
        (
            warc_record(b"Hello.", "conversion", Content_Type="text/plain", WARC_Block_Digest=_sha1(b"!")),
            "block_digest",
        ),
    ],
)
def test_a_record_whose_bytes_differ_is_quarantined(tmp_path, record, lost) -> None:
    """By block or payload, the latter with or without chunks; what cannot be told passes, as does all by default."""
    items = read_bytes(tmp_path, record, "a.warc", CHECKED)
    assert losses(items) == ([(0, lost)] if lost else []) and texts(items) == ([] if lost else ["Hello."])
    assert texts(read_bytes(tmp_path, record, "a.warc")) == ["Hello."]


@given(st.binary(max_size=40), st.sampled_from(["md5", "sha1", "sha256", "SHA-256", "sha512"]))
def test_every_encoding_of_a_digest_is_known(content: bytes, algorithm: str) -> None:
    """Base 32, hexadecimal and Base 64, in either case where it has none."""
    digest = hashlib.new(algorithm.lower().replace("-", ""), content).digest()
    texts = [base64.b32encode(digest), base64.b32encode(digest).rstrip(b"=").lower(), base64.b64encode(digest)]
    texts += [base64.urlsafe_b64encode(digest), digest.hex().encode(), digest.hex().upper().encode()]
    for text in texts:
        assert not digest_differs(f"{algorithm}:{text.decode()}", content)
        assert digest_differs(f"{algorithm}:{text.decode()}", content + b"!")


@given(st.text(max_size=60))
def test_any_other_value_tells_nothing(value: str) -> None:
    """It never raises; a value that is no digest of a known algorithm does not differ."""
    assert not digest_differs(f"unknown:{value}", b"")
    digest_differs(f"sha1:{value}", b"")
    digest_differs(value, b"")
