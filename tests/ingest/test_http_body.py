"""HTTP bodies: every encoding undone, damage survived, size bounded."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from curate.ingest.http_body import BodyError, decode_body, join_chunks

BODY = b"<p>" + b"The same words, over and over. " * 500 + b"</p>"


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    " Deflate": _raw_deflate,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def _chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("coding", ENCODERS)
def test_content_encodings_round_trip(coding) -> None:
    """What an encoder made is decoded, alone and inside chunks."""
    encoded = ENCODERS[coding](BODY)
    assert decode_body(encoded, "", coding, 10**6) == BODY
    assert decode_body(_chunked(encoded, 100), "chunked", coding, 10**6) == BODY


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_body_that_breaks_off_gives_its_beginning(coding) -> None:
    """Crawlers cut bodies: what can be decoded is, and it is a beginning of the whole."""
    encoded = ENCODERS[coding](bytes(range(256)) * 50 + BODY)
    decoded = decode_body(encoded[:-20], "", coding, 10**6)
    assert (bytes(range(256)) * 50 + BODY).startswith(decoded)


@pytest.mark.parametrize("coding", ENCODERS)
def test_bodies_already_decoded_are_kept(coding) -> None:
    """Archives that decoded a body but kept its header lose nothing."""
    assert decode_body(BODY, "chunked", coding, 10**6) == BODY


def test_encodings_are_undone_from_the_last() -> None:
    """`gzip, br` was compressed by gzip first."""
    assert decode_body(brotli.compress(gzip.compress(BODY)), "", "gzip, br", 10**6) == BODY


@pytest.mark.parametrize("coding", ENCODERS)
def test_bombs_stop_at_the_bound(coding) -> None:
    """A body that inflates above the bound is refused as too large."""
    with pytest.raises(BodyError) as caught:
        decode_body(ENCODERS[coding](bytes(40_000_000)), "", coding, 1_000_000)
    assert caught.value.reason == "too_large"


def test_wrong_chunk_sizes_keep_the_bytes() -> None:
    """Where a chunk's head is no number, the rest is kept as it is."""
    assert join_chunks(b"5\r\nhello\r\nzz\r\nworld") == b"hellozz\r\nworld"
    assert join_chunks(b"ffff\r\nshort") == b"short"


@given(st.binary(max_size=300), st.sampled_from(["", *ENCODERS]))
def test_any_bytes_give_a_body_or_a_reason(data, coding) -> None:
    """Nothing but `BodyError` is raised, and the bound holds."""
    try:
        assert len(decode_body(data, "chunked", coding, 1000)) <= 1000
    except BodyError as error:
        assert error.reason in ("too_large", "bad_content_encoding")
