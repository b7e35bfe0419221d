"""JSON lines: one document a line, every bad line by itself."""

from __future__ import annotations

import gzip
import json
import random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import losses, read, read_bytes, texts

from curate.ingest import Quarantined, Record
from curate.ingest.source import JsonlSource

NOISE = random.Random(1).randbytes(100_000).hex().encode()
SOURCE = JsonlSource(paths="unused")
COMPRESS = {".jsonl": bytes, ".jsonl.gz": gzip.compress, ".jsonl.zst": zstandard.compress}


def _lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_fields_become_a_record(tmp_path, suffix) -> None:
    """Text, url and date by name, everything else in meta with sorted keys; offsets are those of the stream."""
    first = _lines({"text": "One.\r\n", "url": "u", "date": 2020, "z": [1], "a": {"k": None}})
    items = read_bytes(tmp_path, COMPRESS[suffix](first + b"\n" + _lines({"text": "Two."})[:-1]), "a" + suffix, SOURCE)
    one, two = (item for item in items if isinstance(item, Record))
    assert one == Record("One.", "u", "2020", 0, len(first), {"a": {"k": None}, "z": [1]})
    assert (two.text, two.offset, two.meta) == ("Two.", len(first) + 1, {})


def test_other_field_names(tmp_path) -> None:
    """Fields can be named; the default names are then like any other."""
    source = JsonlSource(paths="x", text_field="body", url_field="link", date_field="when")
    (item,) = read_bytes(tmp_path, _lines({"body": "B", "link": "l", "when": "w", "url": "kept"}), "a.jsonl", source)
    assert (item.text, item.url, item.date, item.meta) == ("B", "l", "w", {"url": "kept"})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{not json}", "not_json"),
        (b'{"text": "cut', "not_json"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'["text"]', "not_object"),
        (b'"text"', "not_object"),
        (b'{"txt": "a"}', "no_text_field"),
        (b'{"text": 5}', "no_text_field"),
        (b'{"text": null}', "no_text"),
        (b'{"text": " \\n\\u0000"}', "no_text"),
        (b'{"text": "\xff"}', "invalid_utf8"),
        (b'{"text": "' + NOISE[:200_000] + b'"}', "too_large"),
        (b'{"text": "' + NOISE[:60_000] + b'"}', "too_large"),
    ],
)
@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_bad_line_is_quarantined_alone(tmp_path, suffix, line, reason) -> None:
    """Its offset, reason and first bytes are kept, and both neighbours are read."""
    source = JsonlSource(paths="x", max_record_bytes=150_000, max_document_bytes=50_000)
    good = _lines({"text": "good"})
    items = read_bytes(tmp_path, COMPRESS[suffix](good + line + b"\n" + good), "a" + suffix, source)
    assert texts(items) == ["good", "good"]
    assert losses(items) == [(len(good), reason)]
    assert next(item for item in items if isinstance(item, Quarantined)).first_bytes


def test_surrogates_and_nan_do_no_harm(tmp_path) -> None:
    """What Python writes into JSON but no one else takes becomes valid text and null."""
    data = b'{"text": "\\ud83d\\ude00 \\ud800", "url": "\\udfff", "\\ud800": NaN, "b": -Infinity}\n'
    (item,) = read_bytes(tmp_path, data, "a.jsonl", SOURCE)
    assert (item.text, item.url) == ("😀 \ufffd", "\ufffd")
    assert item.meta == {"\ufffd": None, "b": None}


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst"])
def test_truncation_keeps_every_complete_line(tmp_path, suffix) -> None:
    """Cut anywhere, complete lines are kept as far as they can be inflated, and the loss is reported once."""
    rows = [{"text": f"Line {number}."} for number in range(200)]
    data = COMPRESS[suffix](_lines(*rows))
    for size in range(20, len(data) - 8, 37):
        items = read_bytes(tmp_path, data[:size], "a" + suffix, SOURCE)
        found = texts(items)
        assert found == [row["text"] for row in rows[: len(found)]]
        assert [reason for _, reason in losses(items)] == ["truncated"]
        assert losses(items)[0][0] >= sum(len(_lines(row)) for row in rows[: len(found)])


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst"])
def test_members_behind_each_other_and_garbage_behind_them(tmp_path, suffix) -> None:
    """Joined files are read on; bytes that are no compressed data are one loss, zeros are none."""
    one, two = COMPRESS[suffix](_lines({"text": "One."})), COMPRESS[suffix](_lines({"text": "Two."}))
    assert texts(read_bytes(tmp_path, one + two + bytes(100), "a" + suffix, SOURCE)) == ["One.", "Two."]
    items = read_bytes(tmp_path, one + b"garbage", "a" + suffix, SOURCE)
    assert texts(items) == ["One."] and [reason for _, reason in losses(items)] == ["garbage"]


@pytest.mark.parametrize(("name", "reason"), [("a.jsonl.gz", "not_gzip"), ("a.jsonl.zst", "not_zstd")])
def test_files_that_are_none(tmp_path, name, reason) -> None:
    """A name that promises compression, and an empty file, are one loss each."""
    assert losses(read_bytes(tmp_path, b"no JSON\n", name, SOURCE)) == [(0, reason)]
    assert losses(read_bytes(tmp_path, b"", name, SOURCE)) == [(0, "empty_file")]


def test_a_bomb_stops(tmp_path) -> None:
    """A stream that inflates beyond the ratio is left, and what came before is kept."""
    source = JsonlSource(paths="x", max_record_bytes=1_000_000)
    data = gzip.compress(_lines({"text": "kept"})) + gzip.compress(b"\n" * 50_000_000)
    items = read_bytes(tmp_path, data, "a.jsonl.gz", source)
    assert texts(items) == ["kept"] and [reason for _, reason in losses(items)] == ["inflation_ratio"]


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path) -> None:
    """Files of Windows tools are read."""
    assert texts(read_bytes(tmp_path, b"\xef\xbb\xbf" + _lines({"text": "a"}), "a.jsonl", SOURCE)) == ["a"]


ROWS = st.lists(st.one_of(st.just(b""), st.binary(max_size=30), st.just(b'{"text": "a document"}')), max_size=25)


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 400), max_size=6))
def test_any_cuts_give_the_whole_file(tmp_path_factory, rows, cuts) -> None:
    """Each line, good or bad, is given by exactly one split."""
    path = tmp_path_factory.mktemp("cuts") / "a.jsonl"
    path.write_bytes(b"\n".join(rows))
    assert read(path, SOURCE, cuts) == read(path, SOURCE)
