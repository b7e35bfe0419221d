"""ARC files are read like WARC files: whole, in splits, and damaged."""

from __future__ import annotations

import gzip

import pytest
from ingest_files import HTML, SHARED_DATA, gzip_members, http, losses, read, read_bytes, texts

from curate.ingest import Record, Skipped

VERSION = b"1 0 Tests\nURL IP-address Archive-date Content-type Archive-length\n"
TEXTS = [f"Page {number}." for number in range(6)]


def arc_record(url: str, block: bytes, media_type: str = "text/html", length: object = None, more: str = "") -> bytes:
    """One record; `length` may lie, `more` are the further fields of version 2."""
    size = len(block) if length is None else length
    return f"{url} 192.0.2.7 20060305082251 {media_type} {more}{size}\n".encode() + block + b"\n"


def arc_pages(count: int = 6) -> list[bytes]:
    """The record that describes the file, and pages."""
    blocks = [http(HTML.format(f"Page {number}.").encode()) for number in range(count)]
    pages = [arc_record(f"http://example.org/{number}", block) for number, block in enumerate(blocks)]
    return [arc_record("filedesc://tests.arc", VERSION, "text/plain"), *pages]


FRAMINGS = {
    ".arc": b"".join,
    ".arc.gz": gzip_members,
    ".one.arc.gz": lambda records: gzip.compress(b"".join(records), mtime=0),
}


@pytest.mark.parametrize("suffix", FRAMINGS)
def test_arc_files_give_the_same_documents_wherever_they_are_cut(tmp_path, suffix) -> None:
    """Plain, compressed by record or as a whole; in one split or in many."""
    data = FRAMINGS[suffix](arc_pages())
    whole = read_bytes(tmp_path, data, "a" + suffix)
    assert texts(whole) == TEXTS and losses(whole) == []
    assert [item.reason for item in whole if isinstance(item, Skipped)] == ["record_type:warcinfo"]
    for cut in range(1, len(data), 23):
        assert read_bytes(tmp_path, data, "a" + suffix, cuts=(cut, cut + 100)) == whole


def test_the_fields_of_a_line_become_those_of_a_document(tmp_path) -> None:
    """Address, date and type, of both versions of the format; spaces in addresses are kept."""
    one = arc_record("http://example.org/a b?c d", http(HTML.format("One.").encode()))
    two = arc_record("http://example.org/2", http(HTML.format("Two.").encode()), more="200 abc - 77 a.arc ")
    bare = arc_record("http://example.org/3", HTML.format("Three.").encode())
    first, second, third = (
        item for item in read_bytes(tmp_path, one + two + bare, "a.arc") if isinstance(item, Record)
    )
    assert (first.url, first.date, first.offset) == ("http://example.org/a b?c d", "2006-03-05T08:22:51Z", 0)
    assert (second.url, second.text, second.offset) == ("http://example.org/2", "Two.", len(one))
    assert (third.text, third.meta) == ("Three.", {"content_type": "text/html"})


@pytest.mark.parametrize("suffix", FRAMINGS)
def test_every_truncation_of_an_arc_file_keeps_all_complete_records(tmp_path, suffix) -> None:
    """Cut anywhere, whole records are read and a cut inside a record is reported."""
    records = arc_pages()
    ends = [sum(map(len, records[:number])) for number in range(len(records) + 1)]
    data = FRAMINGS[suffix](records)
    for size in range(1, len(data), 5):
        items = read_bytes(tmp_path, data[:size], "a" + suffix)
        found = texts(items)
        assert found == TEXTS[: len(found)]
        if suffix == ".arc":
            complete = sum(end - 1 <= size for end in ends[2:])  # the newline behind a record is not part of it
            assert len(found) == complete
            assert bool(losses(items)) == (size not in ends and size + 1 not in ends)


@pytest.mark.parametrize("length", [0, 5, 20_000, -1, 2**63, "many"])
@pytest.mark.parametrize("suffix", [".arc", ".arc.gz"])
def test_a_wrong_length_in_an_arc_file_costs_one_record(tmp_path, suffix, length) -> None:
    """Too short, too long, negative, huge or no number: that record is lost, its neighbours are not."""
    records = arc_pages()
    records.insert(4, arc_record("http://example.org/bad", http(b"<p>bad</p>"), length=length))
    items = read_bytes(tmp_path, FRAMINGS[suffix](records), "a" + suffix)
    assert texts(items) == TEXTS
    assert losses(items) == [(len(FRAMINGS[suffix](records[:4])), "bad_content_length")]


@pytest.mark.parametrize("suffix", [".arc", ".arc.gz"])
def test_garbage_in_an_arc_file_costs_at_most_one_record(tmp_path, suffix) -> None:
    """Of 500 bytes of garbage between two records each place is tried; what was lost is in the quarantine."""
    records = arc_pages()
    for place in range(1, len(records)):
        before, after = FRAMINGS[suffix](records[:place]), FRAMINGS[suffix](records[place:])
        items = read_bytes(tmp_path, before + b"\x07garbage\n:" * 50 + b"\n" + after, "a" + suffix)
        assert len(texts(items)) >= 5 and len(losses(items)) == 1


@pytest.mark.skipif(not (SHARED_DATA / "warc").is_dir(), reason="no shared data beside the repository")
def test_an_arc_file_and_the_warc_file_of_the_same_crawl_give_the_same_documents() -> None:
    """Heritrix wrote one crawl in both formats: the same texts, addresses and dates."""
    name = "jwat__IAH-20080430204825-00000-blackbook"
    arc, warc = (
        {
            (item.url, item.text, item.date)
            for item in read(SHARED_DATA / "warc" / f"{name}{suffix}.gz")
            if isinstance(item, Record)
        }
        for suffix in (".arc", ".warc")
    )
    assert len(arc & warc) > 120
