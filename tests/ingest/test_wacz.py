"""WACZ files, and archives in compressions that are not read."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import FRAMINGS, SHARED_DATA, gzip_members, losses, page, pages, read, read_bytes, texts

from curate.ingest import Quarantined, Record


def wacz(archives: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A WACZ file of archives, with an index and a list of pages as tools write them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as zipped:
        zipped.writestr("datapackage.json", '{"profile": "data-package"}')
        for name, data in archives.items():
            zipped.writestr(f"archive/{name}", data)
        zipped.writestr("indexes/index.cdx.gz", gzip_members([b"org,example)/ 20200528 {}\n"]))
        zipped.writestr("pages/pages.jsonl", '{"url": "http://example.org/"}\n')
    return out.getvalue()


def _same_as_alone(folder: Path, archives: dict[str, bytes], items: list) -> None:
    alone = [item for name, data in archives.items() for item in read_bytes(folder, data, name)]
    assert texts(items) == texts(alone) and losses(items) == [] and len(items) == len(alone)


def test_the_archives_within_are_read_like_files(tmp_path) -> None:
    """Plain, gzip and zstd, by record or as a whole: what each gives alone, and nothing else."""
    archives = {f"{number}{suffix}": make(pages(3)) for number, (suffix, make) in enumerate(FRAMINGS.items())}
    items = read_bytes(tmp_path, wacz(archives), "a.wacz")
    _same_as_alone(tmp_path, archives, items)


@pytest.mark.parametrize("name", ["a.wacz", "a.warc.gz"])
def test_offsets_are_those_of_the_file(tmp_path, name) -> None:
    """A record's member begins there; wherever the file is cut, each record comes once."""
    data = wacz({"a.warc.gz": gzip_members(pages(5)), "b.warc.gz": gzip_members(pages(2))})
    records = [item for item in read_bytes(tmp_path, data, name) if isinstance(item, Record)]
    assert len({record.offset for record in records}) == 7
    for record in records:
        piece = data[record.offset : record.offset + record.length]
        assert texts(read_bytes(tmp_path, piece, "piece.warc.gz")) == [record.text]
    cuts = [len(data) // 3, len(data) // 2]
    assert texts(read_bytes(tmp_path, data, name, cuts=cuts)) == [record.text for record in records]


def test_what_cannot_be_read_is_a_loss(tmp_path) -> None:
    """Archives that are compressed within, overlap, or whose list of contents is cut off or too long."""
    archives = {"a.warc": b"".join(pages(2)), "b.warc": page(9)}
    items = read_bytes(tmp_path, wacz(archives, zipfile.ZIP_DEFLATED), "a.wacz")
    assert [reason for _, reason in losses(items)] == ["bad_wacz"] * 2 and texts(items) == []
    sound = wacz(archives)
    assert losses(read_bytes(tmp_path, sound[:-30], "a.wacz")) == [(0, "bad_wacz")]
    out = io.BytesIO(sound)
    with zipfile.ZipFile(out, "a") as zipped:  # two names for the same bytes
        first, second = (zipped.getinfo(f"archive/{name}") for name in archives)
        second.header_offset = first.header_offset
        zipped._didModify = True
    items = read_bytes(tmp_path, out.getvalue(), "a.wacz")
    assert texts(items) == ["Page 0.", "Page 1."] and [reason for _, reason in losses(items)] == ["bad_wacz"]
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 1 << 25, 4, 0)
    (item,) = read_bytes(tmp_path, b"PK\3\4" + bytes(1 << 25) + end, "a.wacz")
    assert isinstance(item, Quarantined) and "more than 16777216 bytes" in item.detail


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_never_raises(tmp_path_factory, data) -> None:
    """Bytes changed anywhere: what is lost is quarantined, and no record comes twice."""
    spoilt = bytearray(wacz({"a.warc.gz": gzip_members(pages(2)), "b.warc": b"".join(pages(2))}))
    for _ in range(data.draw(st.integers(1, 4))):
        tail = data.draw(st.booleans())  # where the list of contents is
        at = data.draw(st.integers(max(0, len(spoilt) - 600) if tail else 0, len(spoilt) - 1))
        spoilt[at] = data.draw(st.integers(0, 255))
    items = read_bytes(tmp_path_factory.getbasetemp(), bytes(spoilt), "spoilt.wacz")
    offsets = [item.offset for item in items if isinstance(item, Record)]
    assert len(set(offsets)) == len(offsets)


@pytest.mark.parametrize(("name", "pack"), [("a.warc.bz2", bz2.compress), ("a.warc.xz", lzma.compress)])
def test_other_compressions_say_what_unpacks_them(tmp_path, name, pack) -> None:
    """One loss, which names a tool."""
    (item,) = read_bytes(tmp_path, pack(b"".join(pages(2))), name)
    assert isinstance(item, Quarantined) and item.reason == "unread_compression" and "unpack it with" in item.detail


@pytest.mark.skipif(not (SHARED_DATA / "warc").is_dir(), reason="no shared data beside the repository")
def test_files_of_other_tools() -> None:
    """A WACZ file of pywb's tests is read, one without archives is one loss, and so is LZ4."""
    folder = SHARED_DATA / "warc"
    assert texts(read(folder / "pywb__valid_example_1.wacz"))
    assert losses(read(folder / "pywb__invalid_example_1.wacz")) == [(0, "bad_wacz")]
    assert losses(read(folder / "chatnoir-resiliparse__warcfile.warc.lz4")) == [(0, "unread_compression")]
