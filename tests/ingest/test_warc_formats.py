"""Every framing of a WARC file gives the same documents."""

from __future__ import annotations

import ast
import struct
from collections import Counter

import pytest
import zstandard
from ingest_files import (
    FRAMINGS,
    HTML,
    SHARED_DATA,
    gzip_members,
    http,
    losses,
    page,
    pages,
    read,
    read_bytes,
    texts,
    warc_record,
)

from curate.ingest import Quarantined, Record, Skipped
from curate.ingest.source import WarcSource, WetSource


@pytest.mark.parametrize("suffix", FRAMINGS)
def test_all_framings_give_the_same_documents(tmp_path, suffix) -> None:
    """Plain, compressed by record or as a whole: the same texts, nothing quarantined, requests skipped by name."""
    items = read_bytes(tmp_path, FRAMINGS[suffix](pages(12)), "a" + suffix)
    assert texts(items) == [f"Page {number}." for number in range(12)]
    assert losses(items) == []
    skipped = Counter(item.reason for item in items if isinstance(item, Skipped))
    assert skipped == {"record_type:warcinfo": 1, "record_type:request": 12}


@pytest.mark.parametrize("suffix", FRAMINGS)
def test_offsets_are_unique_and_point_at_records(tmp_path, suffix) -> None:
    """The offset of a record that is alone in its member, and its length, are those of the member in the file."""
    data = FRAMINGS[suffix](pages(5))
    records = [item for item in read_bytes(tmp_path, data, "a" + suffix) if isinstance(item, Record)]
    assert len({record.offset for record in records}) == 5
    if ".one." not in suffix:
        for record in records:
            piece = data[record.offset : record.offset + record.length]
            again = read_bytes(tmp_path, piece, "piece" + suffix)
            assert texts(again) == [record.text]


def test_a_record_keeps_where_it_came_from(tmp_path) -> None:
    """URL and date are those of the WARC header, and meta names the record."""
    (record,) = read_bytes(tmp_path, page(7), "a.warc")
    assert (record.url, record.date) == ("http://example.org/7", "2020-05-28T00:00:00Z")
    assert sorted(record.meta) == ["content_type", "record_id"]
    assert record.meta["content_type"] == "text/html"


def test_zstd_with_a_dictionary(tmp_path) -> None:
    """A leading dictionary frame, as the WARC-Zstandard convention has it, is used; without it the loss is named."""
    records = [
        page(number, HTML.format(f"Page {number}. " + "All the same words again. " * 20)) for number in range(200)
    ]
    dictionary = zstandard.train_dictionary(4096, records)
    compressor = zstandard.ZstdCompressor(dict_data=dictionary)
    frames = b"".join(compressor.compress(record) for record in records)
    raw = dictionary.as_bytes()
    items = read_bytes(tmp_path, b"\x5d\x2a\x4d\x18" + struct.pack("<I", len(raw)) + raw + frames, "a.warc.zst")
    assert len(texts(items)) == 200 and losses(items) == []
    without = read_bytes(tmp_path, frames, "b.warc.zst")
    assert {reason for _, reason in losses(without)} == {"corrupt_zstd"}
    assert "ictionary" in without[0].detail


def test_wet_conversions_are_kept_as_they_are(tmp_path) -> None:
    """A WET record's text is not run through HTML extraction, and its language goes to meta."""
    block = "1 < 2, said Aÿ.\r\nSecond line.".encode()
    record = warc_record(
        block, "conversion", Content_Type="text/plain", WARC_Identified_Content_Language="eng", WARC_Target_URI="u"
    )
    (item,) = read_bytes(tmp_path, gzip_members([record]), "a.warc.wet.gz", WetSource(paths="x"))
    assert item.text == "1 < 2, said Aÿ.\nSecond line."
    assert item.meta["language"] == "eng"


def test_resources_and_plain_text_are_documents(tmp_path) -> None:
    """Resource records of HTML, and responses of plain text, give documents; plain text is no HTML."""
    resource = warc_record(HTML.format("Resource.").encode(), "resource", Content_Type="text/html")
    plain = warc_record(http(b"a < b && <p> c", "text/plain"))
    assert texts(read_bytes(tmp_path, resource + plain, "a.warc")) == ["Resource.", "a < b && <p> c"]


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (http(b"%PDF-1.7", "application/pdf"), "content_type"),
        (http(b"\0\1\2", ""), "content_type"),
        (http(b"<html><body></body></html>"), "no_text"),
        (http(b"<p>Gone.</p>", status="404 Not Found"), "http_status"),
        (b"no HTTP at all", "bad_http"),
        (http(b"<p>x</p>", Content_Encoding="lzma"), "content_encoding"),
        (http(b"\x1f\x8bbroken", Content_Encoding="gzip"), "bad_content_encoding"),
        (http(b"<p>" + b"x" * 3000 + b"</p>"), "too_large"),
    ],
)
def test_what_gives_no_document_says_why(tmp_path, block, reason) -> None:
    """Each is quarantined with its reason and first bytes, and its neighbours are read."""
    source = WarcSource(paths="x", max_document_bytes=2500)
    items = read_bytes(tmp_path, page(1) + warc_record(block) + page(2), "a.warc", source)
    assert texts(items) == ["Page 1.", "Page 2."]
    assert losses(items) == [(len(page(1)), reason)]
    assert next(item for item in items if isinstance(item, Quarantined)).first_bytes.startswith(b"WARC/1.0")


def test_a_missing_content_type_is_sniffed(tmp_path) -> None:
    """Without a Content-Type, markup is read as HTML and other text as plain text."""
    data = warc_record(http(HTML.format("Sniffed.").encode(), "")) + warc_record(http(b"Just words.", ""))
    assert texts(read_bytes(tmp_path, data, "a.warc")) == ["Sniffed.", "Just words."]


def test_odd_headers_are_read(tmp_path) -> None:
    """Bare newlines, continued lines, upper-case names and an unknown charset do no harm."""
    bare = page(1).replace(b"\r\n", b"\n")
    bare = bare.replace(b"Content-Length: ", b"X-Was: ").replace(b"\n\n", b"\nContent-Length: %d\n\n" % _block(bare), 1)
    folded = page(2).replace(b"WARC-Type: ", b"WARC-Type:\r\n\t").replace(b"Content-Length: ", b"CONTENT-LENGTH:\r\n ")
    unknown = warc_record(http(HTML.format("Page 3.").encode(), "text/html; charset=x-nonsense"))
    items = read_bytes(tmp_path, bare + folded + unknown, "a.warc")
    assert texts(items) == ["Page 1.", "Page 2.", "Page 3."]


def _block(record: bytes) -> int:
    return len(record.split(b"\n\n", 1)[1].rstrip(b"\n"))


def test_trafilatura_is_the_other_extractor(tmp_path) -> None:
    """`extract: {engine: trafilatura}` gives text as well."""
    pytest.importorskip("trafilatura", exc_type=ImportError)
    body = (
        "<html><body><article>"
        + "<p>A paragraph that says something worth keeping.</p>" * 5
        + "</article></body></html>"
    )
    items = read_bytes(tmp_path, page(1, body), "a.warc", WarcSource(paths="x", extract={"engine": "trafilatura"}))
    assert "worth keeping" in texts(items)[0]


@pytest.mark.skipif(not (SHARED_DATA / "warc").is_dir(), reason="no shared data beside the repository")
def test_real_files_of_other_projects() -> None:
    """Every WARC file of others' test suites is read without an exception, each offset once, and nothing is silent."""
    found = {}
    for path in sorted((SHARED_DATA / "warc").iterdir()):
        if path.suffix == ".tsv":
            continue
        items = read(path)
        assert items, f"{path.name} vanished"
        offsets = [item.offset for item in items if isinstance(item, Record)]
        assert len(offsets) == len(set(offsets)), path.name
        found[path.name] = (len(texts(items)), len(losses(items)), len(items))
    assert (
        found["chatnoir-resiliparse__warcfile.warc"] == found["chatnoir-resiliparse__warcfile.warc.gz"] == (15, 1, 50)
    )
    assert (
        found["whirlwind-python__whirlwind.reframed.warc.zst"] == found["whirlwind-python__whirlwind.warc"] == (1, 0, 4)
    )
    assert found["webarchive-discovery__transfer_compression_brotli.warc.gz"][0] == 2
    assert found["warcio__example-bad-non-chunked.warc.gz"] == (1, 0, 6)


@pytest.mark.skipif(not (SHARED_DATA / "warc").is_dir(), reason="no shared data beside the repository")
def test_record_counts_agree_with_warcio() -> None:
    """On the files that warcio reads to their end, it and this package count the same records."""
    compared = 0
    for line in (SHARED_DATA / "warc" / "MANIFEST.tsv").read_text().splitlines()[1:]:
        name, _, types, error = [*line.split("\t"), ""][:4]
        if not error and ".warc" in name and name not in _WARCIO_DIFFERS:
            items = read(SHARED_DATA / "warc" / name)
            assert len(items) == sum(ast.literal_eval(types).values()), name
            compared += 1
    assert compared > 50


#: Files on which warcio loses records that are whole, or takes the pieces of broken ones for records.
_WARCIO_DIFFERS = {"jwat__invalid-warcfile-lonely-warcinfo-metadata.warc"}
