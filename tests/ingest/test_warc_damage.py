"""Damaged WARC files: the loss is reported where it is, and nothing else is lost."""

from __future__ import annotations

import gzip

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import FRAMINGS, gzip_members, http, losses, page, pages, read_bytes, texts, warc_record, zstd_frames

from curate.errors import InputError
from curate.ingest import Split, read_split
from curate.ingest.source import WarcSource

RECORDS = [page(number) for number in range(6)]
TEXTS = [f"Page {number}." for number in range(6)]


@pytest.mark.parametrize("suffix", FRAMINGS)
def test_every_truncation_keeps_all_complete_records(tmp_path, suffix) -> None:
    """Cut anywhere, all records that are whole are read and a cut inside a record is reported."""
    data = FRAMINGS[suffix](RECORDS)
    for size in range(1, len(data), 7):
        items = read_bytes(tmp_path, data[:size], "a" + suffix)
        found = texts(items)
        assert found == TEXTS[: len(found)]
        if suffix != ".warc" and not _is_whole(suffix, size):
            assert len(losses(items)) == 1
        if ".one." not in suffix:
            assert len(found) >= _whole_before(suffix, size)


def _member_ends(suffix: str) -> list[int]:
    framing, ends = FRAMINGS[suffix], [0]
    for record in RECORDS:
        ends.append(ends[-1] + len(framing([record])))
    return ends


def _is_whole(suffix: str, size: int) -> bool:
    return ".one." not in suffix and size in _member_ends(suffix)


def _whole_before(suffix: str, size: int) -> int:
    return sum(end <= size for end in _member_ends(suffix)[1:])


@pytest.mark.parametrize("compress", [gzip_members, zstd_frames, b"".join])
def test_garbage_between_records_is_one_loss(tmp_path, compress) -> None:
    """Bytes between records are reported at their offset, and reading goes on behind them."""
    before, after = compress(RECORDS[:3]), compress(RECORDS[3:])
    suffix = {gzip_members: ".warc.gz", zstd_frames: ".warc.zst"}.get(compress, ".warc")
    items = read_bytes(tmp_path, before + b"\x07garbage WARC/1.0 \x1f\x8b\x08" * 30 + b"\n" + after, "a" + suffix)
    assert texts(items) == TEXTS
    assert losses(items) == [(len(before), "garbage")]


@settings(max_examples=150, deadline=None)
@given(st.data())
@pytest.mark.parametrize("suffix", [".warc.gz", ".warc.zst"])
def test_a_flipped_bit_costs_at_most_the_member_it_hits(tmp_path_factory, suffix, data) -> None:
    """The records of all other members are read, and what was hit is reported or still whole."""
    whole = FRAMINGS[suffix](RECORDS)
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    hit = bytearray(whole)
    hit[bit // 8] ^= 1 << bit % 8
    items = read_bytes(tmp_path_factory.mktemp("bit"), bytes(hit), "a" + suffix)
    member = sum(end <= bit // 8 for end in _member_ends(suffix)[1:])
    assert set(texts(items)) >= set(TEXTS) - {TEXTS[member]}
    assert set(texts(items)) <= set(TEXTS)
    assert len(losses(items)) >= 1 or texts(items) == TEXTS


@pytest.mark.parametrize("length", [0, 5, 20_000, -1, 2**63, "", "many", 10**9])
@pytest.mark.parametrize("compress", [gzip_members, b"".join])
def test_a_wrong_content_length_costs_one_record(tmp_path, compress, length) -> None:
    """Too short, too long, negative, huge, absent or no number: that record is lost, its neighbours are not."""
    bad = warc_record(http(b"<p>bad</p>"), content_length=length)
    items = read_bytes(tmp_path, compress([*RECORDS[:3], bad, *RECORDS[3:]]), "a.warc.gz")
    assert texts(items) == TEXTS
    ((offset, reason),) = losses(items)
    assert offset == len(compress(RECORDS[:3]))
    assert reason == ("too_large" if length == 10**9 else "bad_content_length")


def test_a_length_that_swallows_other_records_gives_them_back(tmp_path) -> None:
    """In a plain file a length nine times too long would hide what follows; each hidden record is found again."""
    block = http(b"<p>bad</p>")
    bad = warc_record(block, content_length=9 * len(block))
    items = read_bytes(tmp_path, bad + b"".join(RECORDS), "a.warc")
    assert texts(items) == TEXTS and losses(items) == [(0, "bad_content_length")]


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.warc.gz", "empty_file"),
        (b"just some text\n" * 50, "a.warc.gz", "not_gzip"),
        (b"just some text\n" * 50, "a.warc.zst", "not_zstd"),
        (b"just some text\n" * 50, "a.warc", "not_warc"),
        (gzip.compress(b"just some text\n" * 50, mtime=0), "a.warc.gz", "not_warc"),
        (b"WARC/1.0\r\nWARC-Type: response\r\n", "a.warc", "truncated"),
        (b"WARC/1.0\r\n" + b"X: y\r\n" * 100_000, "a.warc", "bad_header"),
        (b"\x1f\x8b\x08\x00", "a.warc.gz", "not_gzip"),
    ],
)
def test_files_that_are_none(tmp_path, data, name, reason) -> None:
    """An empty file, and what only has the name of a WARC file, is one loss at its beginning."""
    assert losses(read_bytes(tmp_path, data, name)) == [(0, reason)]


def test_a_plain_file_with_a_compressed_name_is_read(tmp_path) -> None:
    """Content decides, not the name."""
    assert texts(read_bytes(tmp_path, b"".join(RECORDS), "a.warc.gz")) == TEXTS
    assert texts(read_bytes(tmp_path, gzip_members(RECORDS), "a.warc")) == TEXTS


def test_padding_is_no_loss(tmp_path) -> None:
    """Zeros behind the last member, which tape blocks leave, are nothing."""
    items = read_bytes(tmp_path, gzip_members(RECORDS) + bytes(512), "a.warc.gz")
    assert texts(items) == TEXTS and losses(items) == []


def test_members_of_endless_tiny_records_keep_offsets_apart(tmp_path) -> None:
    """Records packed closer than one per byte stop the member, so that no offset can be that of a later member."""
    tiny = gzip.compress(b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n\r\n\r\n" * 40_000)
    items = read_bytes(tmp_path, tiny + gzip_members(RECORDS), "a.warc.gz")
    assert texts(items) == TEXTS
    offsets = [offset for offset, _ in losses(items)]
    assert max(offsets) <= len(tiny)


def test_an_unreadable_path_is_an_input_error(tmp_path) -> None:
    """A missing file and a folder are errors that name the path."""
    for path in (tmp_path / "missing.warc.gz", tmp_path):
        with pytest.raises(InputError, match=str(path)):
            list(read_split(WarcSource(paths="x"), Split(str(path), "a", 0, 10, 10)))


def test_a_file_behind_a_url_is_read_like_any_other() -> None:
    """fsspec URLs are read at any position, and one that does not exist is an input error."""
    data = gzip_members(RECORDS)
    fsspec.filesystem("memory").pipe("/crawl/a.warc.gz", data)
    splits = [
        Split("memory:///crawl/a.warc.gz", "a", *edge, len(data)) for edge in ((0, 900), (900, 901), (901, len(data)))
    ]
    assert texts(item for split in splits for item in read_split(WarcSource(paths="x"), split)) == TEXTS
    with pytest.raises(InputError, match="memory:///crawl/missing"):
        list(read_split(WarcSource(paths="x"), Split("memory:///crawl/missing", "a", 0, 10, 10)))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a.warc", "a.warc.gz", "a.warc.zst"]))
def test_random_bytes_never_raise(tmp_path_factory, data, name) -> None:
    """Anything at all is read without an exception, and gives something."""
    whole = gzip_members(pages(1)) if name.endswith("gz") else b"".join(pages(1))
    folder = tmp_path_factory.mktemp("random")
    assert read_bytes(folder, data, name) or not data.strip(b"\0\r\n")
    assert texts(read_bytes(folder, whole + data, name)) == ["Page 0."]
