"""Bad input never ends in a traceback, loses nothing else, and says where it was."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from fastwarc.warc import ArchiveIterator

from cli import main
from curate import run

PAGE = "<html><body><main><p>{}</p></main></body></html>"
PROSE = "A sentence of plain prose about the weather, number {}, that a reader would take for the text of a page."


def _warc(pages: list[str]) -> bytes:
    """A gzip WARC of one member for each page."""
    members = []
    for number, page in enumerate(pages):
        http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}".encode()
        head = (
            "WARC/1.1\r\nWARC-Type: response\r\n"
            f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\n"
            f"WARC-Target-URI: http://example.org/{number}\r\nWARC-Date: 2020-01-01T00:00:00Z\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        )
        members.append(gzip.compress(head.encode() + http + b"\r\n\r\n", mtime=0))
    return b"".join(members)


def _ingest(folder, read: str, pattern: str, workers: int = 0):
    file = folder / "p.yaml"
    file.write_text(f"name: p\nsources: {{s: {{read: {read}, paths: '{folder}/{pattern}'}}}}\nstages: [exact_dedup]\n")
    result = run(file, output=folder / "run", workers=workers, stop_after="ingest")
    documents = [
        row for part in sorted((folder / "run/documents").glob("*.parquet")) for row in pq.read_table(part).to_pylist()
    ]
    quarantined = [
        row for part in sorted((folder / "run/quarantine").glob("*.parquet")) for row in pq.read_table(part).to_pylist()
    ]
    return result, documents, quarantined


def test_the_test_warc_is_one(tmp_path) -> None:
    """The archive that these tests damage is one that another reader takes whole."""
    (tmp_path / "w.warc.gz").write_bytes(_warc([PAGE.format(PROSE.format(n)) for n in range(5)]))
    with (tmp_path / "w.warc.gz").open("rb") as stream:
        assert sum(1 for _ in ArchiveIterator(stream)) == 5


@pytest.mark.parametrize("cut", [1, 50, 150])
def test_a_truncated_warc_keeps_every_whole_record(tmp_path, cut: int) -> None:
    """Of a cut archive all complete records are documents; the torn one is in the quarantine with its offset.

    Where only the checksum of the last member is cut off, its record is whole and kept, and the cut reported.
    """
    whole = _warc([PAGE.format(PROSE.format(n)) for n in range(20)])
    (tmp_path / "w.warc.gz").write_bytes(whole[:-cut])
    _, documents, quarantined = _ingest(tmp_path, "warc", "*.warc.gz")
    assert len(documents) == (20 if cut == 1 else 19)
    assert len(quarantined) == 1
    assert quarantined[0]["offset"] > documents[18]["origin"]["offset"]
    assert quarantined[0]["file"].endswith("w.warc.gz")


def test_garbage_between_records_costs_nothing_else(tmp_path) -> None:
    """500 bytes of noise between two members are reported; the records on both sides are read."""
    first, second = _warc([PAGE.format(PROSE.format(1))]), _warc([PAGE.format(PROSE.format(2))])
    (tmp_path / "w.warc.gz").write_bytes(first + bytes(range(1, 251)) * 2 + second)
    _, documents, quarantined = _ingest(tmp_path, "warc", "*.warc.gz")
    assert [PROSE.format(n) in row["text"] for n, row in enumerate(documents, 1)] == [True, True]
    assert [row["offset"] for row in quarantined] == [len(first)]


def test_files_that_are_not_what_they_are_called(tmp_path) -> None:
    """A text file named .warc.gz and an empty one are reported; a good file beside them is read."""
    (tmp_path / "a.warc.gz").write_text("this is no archive\n" * 30)
    (tmp_path / "b.warc.gz").write_bytes(b"")
    (tmp_path / "c.warc.gz").write_bytes(_warc([PAGE.format(PROSE.format(1))]))
    _, documents, quarantined = _ingest(tmp_path, "warc", "*.warc.gz")
    assert len(documents) == 1
    assert {Path(row["file"]).name for row in quarantined} >= {"a.warc.gz"}


def test_bad_json_lines_are_quarantined_one_by_one(tmp_path) -> None:
    """Lines that are no JSON, no object, without text or not UTF-8 are quarantined by offset; the rest is read."""
    good = json.dumps({"text": "good text"}).encode()
    lines = [good, b"{not json", b"[1]", b'{"body": 1}', b'{"text": "\xff\xfe"}', good, b""]
    (tmp_path / "x.jsonl").write_bytes(b"\n".join(lines))
    _, documents, quarantined = _ingest(tmp_path, "jsonl", "*.jsonl")
    assert len(documents) == 2
    offsets = [sum(len(line) + 1 for line in lines[:n]) for n in (1, 2, 3, 4)]
    assert sorted(row["offset"] for row in quarantined) == offsets
    assert all(row["reason"] and row["first_bytes"] for row in quarantined)


def test_text_is_sanitised_once(tmp_path) -> None:
    """NUL, lone surrogates and byte order marks never get into a document."""
    rows = [{"text": "a\u0000b"}, {"text": "\ufeffstart"}]
    lines = [json.dumps(row) for row in rows] + ['{"text": "x \\ud800 y"}']
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    _, documents, _ = _ingest(tmp_path, "jsonl", "*.jsonl")
    texts = [row["text"] for row in documents]
    assert len(texts) == 3
    assert not any(bad in text for text in texts for bad in ("\0", "\ufeff"))
    assert texts[2].startswith("x ") and texts[2].endswith(" y")


def test_a_source_of_empty_files(tmp_path) -> None:
    """A source without a single document is counted as such; the run goes on."""
    (tmp_path / "x.jsonl").write_bytes(b"")
    result, documents, _ = _ingest(tmp_path, "jsonl", "*.jsonl")
    assert documents == []
    assert result.funnel.count("ingest", "documents")[0] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_an_unwritable_output_for_a_user(tmp_path, pipeline_file) -> None:
    """A folder without write permission is named in one line."""
    (tmp_path / "closed").mkdir(mode=0o500)
    done = CliRunner().invoke(main, ["run", str(pipeline_file), "--output", str(tmp_path / "closed" / "run")])
    assert done.exit_code == 1
    assert "cannot write the run directory" in done.output


def test_a_mix_without_documents_says_which_source(tmp_path, corpus) -> None:
    """A source that has a weight but no document left ends the run with its name and no traceback."""
    (tmp_path / "none.jsonl").write_bytes(b"")
    file = tmp_path / "p.yaml"
    file.write_text(
        f"name: p\nsources:\n  a: {{read: jsonl, paths: '{corpus}/web*.jsonl'}}\n"
        f"  b: {{read: jsonl, paths: '{tmp_path}/none.jsonl'}}\n"
        "stages: [train_tokenizer: {vocab_size: 300}, mix: {weights: {a: 1, b: 1}}]\n"
    )
    for workers in (0, 2):
        arguments = ["run", str(file), "--output", str(tmp_path / f"run{workers}"), "--workers", str(workers)]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 1, done.output
        assert "'b'" in done.output and "Traceback" not in done.output
