"""Decoding: declarations that fit are followed, others are not, and nothing raises."""

from __future__ import annotations

import json

import pytest
import zstandard
from fastwarc.warc import ArchiveIterator, WarcRecordType
from hypothesis import given
from hypothesis import strategies as st
from ingest_files import SHARED_DATA

from curate.ingest.charset import decode_text

CRAWL = SHARED_DATA / "crawl"
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5


def test_the_header_is_followed_where_it_fits() -> None:
    """A charset that decodes every byte is taken, whatever else is declared."""
    page = '<meta charset="utf-8">' + RUSSIAN
    assert decode_text(page.encode("koi8-r"), "KOI8-R") == (page, "koi8-r")


def test_meta_is_followed_where_the_header_does_not_fit() -> None:
    """Without a header, or under one that cannot be right, `<meta>` and `<?xml` count."""
    page = "<meta http-equiv='Content-Type' content='text/html; charset=windows-1251'>" + RUSSIAN
    assert decode_text(page.encode("cp1251"))[0] == page
    assert decode_text(page.encode("cp1251"), "utf-8")[0] == page
    feed = '<?xml version="1.0" encoding="koi8-r"?>' + RUSSIAN
    assert decode_text(feed.encode("koi8-r"))[0] == feed


def test_detection_is_the_last_resort() -> None:
    """Undeclared text in a legacy encoding is read."""
    assert decode_text(RUSSIAN.encode("cp1251"))[0] == RUSSIAN
    assert decode_text(RUSSIAN.encode("utf-16-le"))[0] == RUSSIAN


def test_default_declarations_yield_to_utf8() -> None:
    """ISO-8859-1, a server's default, does not turn UTF-8 into mojibake; real Latin-1 is read as windows-1252."""
    assert decode_text("naïve “quotes”".encode(), "ISO-8859-1")[0] == "naïve “quotes”"
    assert decode_text("naïve “quotes”".encode("cp1252"), "ISO-8859-1")[0] == "naïve “quotes”"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides(encoding) -> None:
    """It beats the header, as in browsers."""
    assert decode_text(RUSSIAN.encode(encoding), "windows-1252")[0] == RUSSIAN


def test_a_few_bad_bytes_do_not_change_the_encoding_of_a_page() -> None:
    """A declared UTF-8 page with broken bytes in it stays UTF-8 with replacement characters."""
    data = ('<meta charset="utf-8">' + "Ünïcödé wörds. " * 50).encode() + b"\xff\xfe" + "Ünïcödé.".encode()
    assert decode_text(data, "utf-8")[0].endswith("Ünïcödé.")


@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "x-nonsense", "gb2312", "utf-7", "\udcff", "'", "hex"]))
def test_nothing_raises(data, charset) -> None:
    """Any bytes under any header give text that can be written as UTF-8."""
    assert isinstance(decode_text(data, charset)[0].encode(), bytes)


@pytest.mark.skipif(not CRAWL.is_dir(), reason="no shared data beside the repository")
def test_legacy_encodings_of_real_documents() -> None:
    """Of 193 real documents whose encoding no header declares, at least .95 are decoded as meant.

    Meant is what browsers make of the encoding's name, so GB2312 is read as GBK.
    """
    decompressor = zstandard.ZstdDecompressor()
    with (CRAWL / "crawl-charsets.gold.jsonl.zst").open("rb") as file:
        rows = decompressor.stream_reader(file).read().decode().splitlines()
    gold = {row["url"]: row["encoding"] for row in map(json.loads, rows)}
    right = total = 0
    with (CRAWL / "crawl-charsets.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response):
            record.parse_http()
            body, name = record.reader.read(), gold[record.headers["WARC-Target-URI"]]
            wider = {"gb2312": "gbk"}.get(name.lower(), name)
            meant = {body.decode(name).lstrip("\ufeff"), body.decode(wider).lstrip("\ufeff")}
            right += decode_text(body)[0].lstrip("\ufeff") in meant
            total += 1
    assert total == 193
    assert right / total >= 0.95
