"""The faults of archives by number: what survives 500 truncations, 1,000 flipped bits, garbage, lost magic numbers."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from ingest_files import gzip_members, losses, page, read_bytes, texts, zstd_frames
from test_arc import arc_pages

PAGES = 10
TEXTS = [f"Page {number}." for number in range(PAGES)]
Framing = Callable[[list[bytes]], bytes]

#: Suffix, records and how they are put together. The first record of an ARC file describes it and is no page.
KINDS: dict[str, tuple[list[bytes], Framing]] = {
    ".warc": ([page(number) for number in range(PAGES)], b"".join),
    ".warc.gz": ([page(number) for number in range(PAGES)], gzip_members),
    ".warc.zst": ([page(number) for number in range(PAGES)], zstd_frames),
    ".arc": (arc_pages(PAGES), b"".join),
    ".arc.gz": (arc_pages(PAGES), gzip_members),
}


def _ends(kind: str) -> list[int]:
    """Where each record ends in the file."""
    records, framing = KINDS[kind]
    ends = [0]
    for record in records:
        ends.append(ends[-1] + len(framing([record])))
    return ends


def _whole(kind: str) -> bytes:
    records, framing = KINDS[kind]
    return framing(records)


@pytest.mark.parametrize("kind", KINDS)
def test_500_truncations(tmp_path, kind) -> None:
    """Each is reported, and every record that is whole is read.

    Not reported is the loss of no more than the empty lines behind a record that no checksum covers, nor a cut between
    two records: such a file is sound.
    """
    data, ends = _whole(kind), _ends(kind)
    slack = {".warc": 4, ".arc": 1}.get(kind, 0)
    pages_before = [max(0, end - (len(ends) - 1 - PAGES)) for end in range(len(ends))]
    for size in random.Random(8).sample(range(1, len(data)), 500):
        items = read_bytes(tmp_path, data[:size], "a" + kind)
        whole = max(number for number, end in enumerate(ends) if end - slack <= size)
        assert texts(items) == TEXTS[: max(pages_before[whole], len(texts(items)))]
        assert len(texts(items)) - pages_before[whole] <= 1  # one more where only a checksum is cut off
        assert losses(items) or any(end - slack <= size <= end for end in ends), size


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_1000_flipped_bits(tmp_path, kind) -> None:
    """Each costs at most the record that it hits; what checksums cover is reported."""
    data, ends = _whole(kind), _ends(kind)
    chance = random.Random(9)
    for bit in (chance.randrange(8 * len(data)) for _ in range(1000)):
        hit = bytearray(data)
        hit[bit // 8] ^= 1 << bit % 8
        items = read_bytes(tmp_path, bytes(hit), "a" + kind)
        found = texts(items)
        assert len(set(TEXTS) - set(found)) <= 1, bit
        assert len(found) <= PAGES and len(losses(items)) <= 2, bit
        if kind not in (".warc", ".arc"):
            assert set(found) <= set(TEXTS) and (losses(items) or found == TEXTS), bit
        for offset, _ in losses(items):
            record = max(number for number, end in enumerate(ends) if end <= bit // 8)
            assert ends[max(0, record - 1)] <= offset <= ends[record + 1], bit


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_between_any_two_records(tmp_path, kind) -> None:
    """500 bytes of garbage cost nothing, but in a plain ARC file the record before them, and are reported there."""
    data, ends = _whole(kind), _ends(kind)
    noise = random.Random(7).randbytes(499).replace(b"\n", b" ") + b"\n"
    for number, end in enumerate(ends[1:-1]):
        items = read_bytes(tmp_path, data[:end] + noise + data[end:], "a" + kind)
        ((offset, reason),) = losses(items)
        if kind == ".arc":  # only another record tells that one was as long as it said
            assert len(texts(items)) >= PAGES - 1 and (offset, reason) == (ends[number], "bad_content_length")
        else:
            assert texts(items) == TEXTS and (offset, reason) == (end, "garbage")


@pytest.mark.parametrize("kind", KINDS)
def test_any_zeroed_beginning(tmp_path, kind) -> None:
    """A record whose first four bytes are zero is lost and reported; its neighbours are read."""
    data, ends = _whole(kind), _ends(kind)
    for number, start in enumerate(ends[:-1]):
        items = read_bytes(tmp_path, data[:start] + bytes(4) + data[start + 4 :], "a" + kind)
        assert len(texts(items)) >= PAGES - 1, number
        assert len(losses(items)) == 1, number
