"""A record that hangs, takes too much memory or ends its worker costs itself, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import cli
from curate import run
from curate.engines.watchdog import Limits, judge
from curate.ingest.watch import Reading

PAGES = 6
BAD = 3

#: Extraction takes time quadratic in the depth: about a minute, so each limit below is far from it.
DEEP = "<div>" * 100_000 + "text"

PIPELINE = """
name: watched
max_record_seconds: {seconds}
max_record_memory_bytes: {memory}
sources:
  web: {{read: warc, paths: "{folder}/*.warc"}}
stages:
  - exact_dedup
"""

#: Runs the command with a limit on the processor time of each process, at which the system ends it.
UNDER_LIMIT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (6, 6))
import cli
cli.main(sys.argv[1:])
"""


def _pipeline(folder: Path, seconds: str = "null", memory: str = "null") -> Path:
    with (folder / "pages.warc").open("wb") as file:
        for number in range(PAGES):
            text = DEEP if number == BAD else f"<p>Page number {number} has a text of its own.</p>"
            body = f"<!doctype html><title>t</title><body>{text}".encode()
            head = f"WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
            file.write(head.encode() + body + b"\r\n\r\n")
    (folder / "watched.yaml").write_text(PIPELINE.format(folder=folder, seconds=seconds, memory=memory))
    return folder / "watched.yaml"


def _check(output: Path, reason: str) -> None:
    """Every page but the bad one is a document, and the bad one is quarantined with file and offset."""
    documents = pa.concat_tables(map(pq.read_table, sorted((output / "documents").glob("*.parquet"))))
    assert [text.split()[2] for text in documents["text"].to_pylist()] == [str(n) for n in range(PAGES) if n != BAD]
    [lost] = [row for file in (output / "quarantine").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert lost["reason"] == reason
    data = Path(lost["file"]).read_bytes()
    assert data[lost["offset"] :].startswith(b"WARC/1.0") and data[: lost["offset"]].count(b"WARC/1.0") == BAD
    assert lost["first_bytes"].startswith(b"WARC/1.0")


def test_a_record_that_hangs_is_quarantined(tmp_path) -> None:
    """Its worker is ended, and the rest of its part is read without it."""
    run(_pipeline(tmp_path, seconds="1.5"), output=tmp_path / "run", workers=1)
    _check(tmp_path / "run", "time_limit")


def test_a_record_that_takes_too_much_memory_is_quarantined(tmp_path) -> None:
    """Any worker has more than this, but only while a record is being read does it count."""
    run(_pipeline(tmp_path, memory="1_000_000"), output=tmp_path / "run", workers=2)
    _check(tmp_path / "run", "memory_limit")


@pytest.mark.slow
def test_a_record_that_ends_its_worker_twice_is_quarantined(tmp_path) -> None:
    """Here the system ends it; a crash of native code looks the same."""
    command = [sys.executable, "-c", UNDER_LIMIT, "run", str(_pipeline(tmp_path)), "--output", str(tmp_path / "run")]
    subprocess.run([*command, "--workers", "1"], check=True, capture_output=True, cwd=Path(cli.__file__).parent)
    _check(tmp_path / "run", "crash")


def test_a_limit_that_is_off_never_strikes() -> None:
    """None is off for each limit by itself."""
    assert judge(Limits(max_seconds=None, max_bytes=None), Reading(0, 5, 1e9), os.getpid()) is None
    assert judge(Limits(max_seconds=None, max_bytes=1), Reading(0, 5, 1e9), os.getpid()).reason == "memory_limit"
    assert judge(Limits(max_seconds=1, max_bytes=None), Reading(0, 5, 1e9), os.getpid()).reason == "time_limit"
