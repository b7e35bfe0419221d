"""A web archive with one page that takes a minute to extract, and what is left of a run that meets it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PAGES = 6
BAD = 3

#: resiliparse takes time quadratic in the depth: about a minute, so no limit that a test sets comes near it.
DEEP = "<div>" * 100_000 + "text"

PIPELINE = """
name: watched
max_record_seconds: {seconds}
max_record_memory_bytes: {memory}
sources:
  web: {{read: warc, paths: "{folder}/*.warc", extract: {{engine: resiliparse}}}}
stages:
  - exact_dedup
"""


def watched_pipeline(folder: Path, seconds: str = "null", memory: str = "null") -> Path:
    """Write the archive and a pipeline that reads it with these limits."""
    with (folder / "pages.warc").open("wb") as file:
        for number in range(PAGES):
            text = DEEP if number == BAD else f"<p>Page number {number} has a text of its own.</p>"
            body = f"<!doctype html><title>t</title><body>{text}".encode()
            head = f"WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
            file.write(head.encode() + body + b"\r\n\r\n")
    (folder / "watched.yaml").write_text(PIPELINE.format(folder=folder, seconds=seconds, memory=memory))
    return folder / "watched.yaml"


def bad_offset(folder: Path) -> int:
    """Where the bad page's record begins."""
    data, at = (folder / "pages.warc").read_bytes(), 0
    for _ in range(BAD):
        at = data.index(b"WARC/1.0", at + 1)
    return at


def check_quarantined(output: Path, reason: str) -> None:
    """Every page but the bad one is a document, and the bad one is quarantined with file and offset."""
    documents = pa.concat_tables(map(pq.read_table, sorted((output / "documents").glob("*.parquet"))))
    assert [text.split()[2] for text in documents["text"].to_pylist()] == [str(n) for n in range(PAGES) if n != BAD]
    [lost] = [row for file in (output / "quarantine").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert lost["reason"] == reason
    assert lost["offset"] == bad_offset(Path(lost["file"]).parent)
    assert lost["first_bytes"].startswith(b"WARC/1.0")
