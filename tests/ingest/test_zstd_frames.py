"""zstd frames block by block: the bytes that libzstd gives at once, in pieces that are bounded."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bombs import zstd_bomb

from curate.ingest.inflate import Inflater, InflationLimit
from curate.ingest.input_file import InputFile
from curate.ingest.zstd_frames import Zstd

TEXT = Path(__file__).read_bytes()
#: What blocks are made of: bytes that repeat, that compress, and that do not.
PIECES = {"same": b"a" * 400_000, "text": TEXT * 60, "raw": os.urandom(300_000), "little": b"x", "nothing": b""}
NO_LIMIT = InflationLimit(1 << 40, 200)


def _inflated(data: bytes) -> tuple[list[bytes], Inflater]:
    inflater = Inflater(InputFile("a.zst", io.BytesIO(data)), 0, Zstd(), NO_LIMIT)
    return list(inflater.chunks()), inflater


def _frame(data: bytes, level: int, checksum: bool, size: bool) -> bytes:
    return zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=size).compress(data)


MADE = st.tuples(
    st.lists(st.sampled_from(sorted(PIECES)), max_size=4), st.sampled_from([-5, 3, 12]), st.booleans(), st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(st.lists(MADE, min_size=1, max_size=4), st.sampled_from([b"", b"\0\0", b"\x50\x2a\x4d\x18\x03\0\0\0abc"]))
def test_any_frames_give_what_was_compressed(frames, behind) -> None:
    """Frames of every make, with and without checksums and sizes, one after another: all bytes, and where they end."""
    texts = [b"".join(PIECES[piece] for piece in pieces) for pieces, *_ in frames]
    data = b"".join(_frame(text, *how) for text, (_, *how) in zip(texts, frames, strict=True))
    chunks, inflater = _inflated(data + behind)
    assert b"".join(chunks) == b"".join(texts)
    assert not inflater.problem
    assert inflater.end == len(data) + (len(behind) if len(behind) > 2 else 0)  # a frame to be skipped is one of them


def test_chunks_are_bounded() -> None:
    """Of a bomb in which every four bytes are 128 KiB, no chunk is over 1 MiB."""
    chunks, _ = _inflated(zstd_bomb(1 << 27))
    assert sum(map(len, chunks)) >= 1 << 27
    assert max(map(len, chunks)) <= 1 << 20


@pytest.mark.parametrize("cut", [1, 4, 6, 9, 17, 18, 1_000, -1, -4, -5])
def test_a_cut_frame_is_truncated(cut) -> None:
    """Wherever the file ends, what came before is given, and the loss is told."""
    data = _frame(TEXT, 3, True, True)[:cut]
    chunks, inflater = _inflated(data)
    assert TEXT.startswith(b"".join(chunks))
    assert inflater.problem in ("truncated", "corrupt_zstd")


@settings(max_examples=200, deadline=None)
@given(st.integers(4, 60_000), st.integers(0, 255))
def test_a_changed_byte_changes_nothing_without_a_word(at, byte) -> None:
    """A frame with a checksum in which a byte is another: a problem, or the same bytes."""
    whole = TEXT * 20 + PIECES["raw"][:50_000]
    data = bytearray(_frame(whole, 3, True, False))
    data[at % len(data)] = byte
    chunks, inflater = _inflated(bytes(data))
    assert inflater.problem or b"".join(chunks) == whole
