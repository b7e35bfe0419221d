"""A file cut anywhere gives, over its splits, exactly what it gives whole."""

from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import (
    FRAMINGS,
    HTML,
    SHARED_DATA,
    gzip_members,
    http,
    page,
    pages,
    read,
    read_bytes,
    texts,
    warc_record,
)

DAMAGE = b"\x1f\x8b\x08 garbage \nWARC/1.0\r\nbroken"


def _damaged(suffix: str) -> bytes:
    """Sound records, garbage, a truncated member and more records."""
    framing, records = FRAMINGS[suffix], pages(8)
    return framing(records[:6]) + DAMAGE + framing(records[6:9]) + framing(records[9:10])[:-20] + framing(records[10:])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12_000), max_size=8), st.booleans())
@pytest.mark.parametrize("suffix", FRAMINGS)
def test_any_cuts_give_the_whole_file(tmp_path_factory, suffix, cuts, damaged) -> None:
    """Each record and each loss is given by exactly one split, in order, damaged files included."""
    data = _damaged(suffix) if damaged else FRAMINGS[suffix](pages(8))
    path = tmp_path_factory.mktemp("cuts") / ("a" + suffix)
    path.write_bytes(data)
    assert read(path, cuts=[cut % len(data) for cut in cuts]) == read(path)


@pytest.mark.parametrize("suffix", [".warc", ".warc.gz", ".warc.zst"])
def test_every_single_cut(tmp_path, suffix) -> None:
    """Cut in two at every byte of a damaged file, nothing is lost or doubled."""
    path = tmp_path / ("a" + suffix)
    path.write_bytes(_damaged(suffix))
    whole = read(path)
    for cut in range(1, path.stat().st_size, 5):
        assert read(path, cuts=[cut]) == whole, cut


@pytest.mark.parametrize("suffix", [".warc", ".warc.gz"])
def test_an_archive_inside_an_archive_is_not_read(tmp_path, suffix) -> None:
    """A page that holds a whole WARC file, stored and so visible in the bytes, gives no records of its own."""
    inner = FRAMINGS[suffix]([page(100 + number) for number in range(900)])
    wrapped = warc_record(http(b"<p>outer</p>" + inner, "application/warc"))
    records = [page(0), wrapped, page(1)]
    data = (
        b"".join(gzip.compress(record, 0, mtime=0) for record in records) if suffix == ".warc.gz" else b"".join(records)
    )
    path = tmp_path / ("a" + suffix)
    path.write_bytes(data)
    whole = read(path)
    assert texts(whole) == ["Page 0.", "Page 1."]
    generator = random.Random(5)
    for cut in [generator.randrange(len(data)) for _ in range(25)]:
        assert read(path, cuts=[cut]) == whole, cut


def test_one_member_spread_over_blocks(tmp_path) -> None:
    """A file compressed in blocks that know nothing of records, as bgzip does, is read whole by one split."""
    stream = b"".join(pages(10))
    data = b"".join(gzip.compress(stream[at : at + 700], mtime=0) for at in range(0, len(stream), 700))
    assert texts(read_bytes(tmp_path, data, "a.warc.gz", cuts=[100, 800, 2000])) == [f"Page {n}." for n in range(10)]


def test_joined_whole_file_members_keep_offsets_unique(tmp_path) -> None:
    """Several files of one member each, joined with `cat`, give every record its own offset."""
    parts = [FRAMINGS[".one.warc.gz"]([page(1000 * part + number) for number in range(300)]) for part in range(4)]
    items = read_bytes(tmp_path, b"".join(parts), "a.warc.gz", cuts=[5000])
    assert len(texts(items)) == len({item.offset for item in items}) == 1200


def test_random_binary_between_members_of_large_pages(tmp_path) -> None:
    """Pages too large to be checked at once, cut inside, are found by the split in which they begin."""
    noise = random.Random(3).randbytes(300_000).hex()
    records = [page(number, HTML.format(f"Page {number}. <!-- {noise} -->")) for number in range(4)]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip_members(records))
    assert path.stat().st_size > 1_000_000
    assert read(path, cuts=[10, 300_000, 500_000, 900_000]) == read(path)


@pytest.mark.skipif(not (SHARED_DATA / "warc").is_dir(), reason="no shared data beside the repository")
def test_real_files_cut_in_three() -> None:
    """Every file of others' test suites under 300 KB gives the same cut in three as whole."""
    for path in sorted((SHARED_DATA / "warc").iterdir()):
        size = path.stat().st_size
        if size < 300_000 and path.suffix != ".tsv":
            assert read(path, cuts=[size // 3, 2 * size // 3]) == read(path), path.name
