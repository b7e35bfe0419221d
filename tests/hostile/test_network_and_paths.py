"""A run on local inputs opens no socket, and writes nowhere but into its own directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate import run
from curate.errors import PipelineError

ROOT = Path(__file__).resolve().parents[2]

#: Loaded by every Python process that finds it on its path, workers included. Sockets of the family AF_UNIX are pipes.
FORBID = """
import socket, sys
def _refuse(event, arguments):
    outward = event in ("socket.connect", "socket.sendto", "socket.bind") and arguments[0].family != socket.AF_UNIX
    if outward or event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        with open({log!r}, "a") as log:
            log.write(f"{{event}} {{arguments[1:]}}\\n")
        raise PermissionError(event)
with open({loaded!r}, "a") as log:
    log.write("loaded\\n")
sys.addaudithook(_refuse)
"""

#: Everything in it that could be fetched or taken for a path is no more than data.
PAGE = """<!DOCTYPE html [<!ENTITY x SYSTEM "http://192.0.2.1/x"> %x;]><html><head><base href="http://192.0.2.1/">
<link rel=stylesheet href=http://192.0.2.1/a.css><script src="http://192.0.2.1/a.js"></script></head><body><main>
<h1>A page</h1><p>This page number NUMBER asks for many things that nobody fetches, and has a text of its own.
<img src="http://192.0.2.1/i.png"><iframe src="file:///etc/passwd"></iframe> &x;</p></main></body></html>"""
ADDRESSES = [
    "../../escape",
    "/etc/passwd",
    "file:///tmp/escape",
    "a" * 300,
    "http://192.0.2.1/A",
    "http://192.0.2.1/a",
    "C:\\x",
]
PIPELINE = """
name: local
sources:
  web: {{read: warc, paths: "{folder}/in/*.warc"}}
  rows: {{read: jsonl, paths: "{folder}/in/*.jsonl"}}
stages:
  - language_filter: {{keep: [en], min_score: 0}}
  - exact_dedup
  - train_tokenizer: {{vocab_size: 300}}
  - mix: {{weights: {{web: 1, rows: 1}}}}
  - write_tokens: {{sequence_length: 16, shard_tokens: 10_000}}
"""


def _inputs(folder: Path) -> Path:
    """Pages whose addresses look like paths, in files whose names are awkward, and a pipeline over them."""
    (folder / "in").mkdir()
    records = []
    for number, address in enumerate(ADDRESSES):
        body = PAGE.replace("NUMBER", str(number)).encode()
        head = f"WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: {address}\r\nWARC-Record-ID: <../../{number}>\r\n"
        more = f"Content-Type: text/html\r\nWARC-Filename: ../../../escape\r\nContent-Length: {len(body)}\r\n\r\n"
        records.append(head.encode() + more.encode() + body + b"\r\n\r\n")
    for name in ("a.warc", "A.warc", "a" * 240 + ".warc", "b..a b'\"\n;$(touch escape).warc"):
        (folder / "in" / name).write_bytes(b"".join(records))
    row = '{{"text": "A row of text about the sea, number {0}.", "id": "../../{0}", "source": "/etc/{0}"}}\n'
    (folder / "in" / "rows.jsonl").write_text("".join(row.format(number) for number in range(50)))
    (folder / "local.yaml").write_text(PIPELINE.format(folder=folder))
    return folder / "local.yaml"


def _tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.slow
def test_a_whole_run_opens_no_socket_and_leaves_its_directory_alone(tmp_path) -> None:
    """Neither the command nor a worker connects, binds or resolves a name; nothing appears outside the run."""
    file = _inputs(tmp_path)
    (tmp_path / "hook").mkdir()
    log, loaded = tmp_path / "hook" / "log", tmp_path / "hook" / "loaded"
    (tmp_path / "hook" / "sitecustomize.py").write_text(FORBID.format(log=str(log), loaded=str(loaded)))
    before = _tree(tmp_path)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path / 'hook'}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "cli", "run", str(file), "--output", str(tmp_path / "run"), "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert not log.exists(), log.read_text()
    assert loaded.read_text().count("loaded") >= 3  # the command and two workers
    appeared = {name.split("/")[0] for name in _tree(tmp_path) - before - {"hook/loaded"}}
    assert appeared == {"run"}
    assert not any("escape" in name or "etc" in name for name in _tree(tmp_path / "run"))


def test_names_that_differ_in_case_alone_are_different_documents(tmp_path) -> None:
    """Two files, `a.warc` and `A.warc`, with the same bytes: each record once from each, no id twice."""
    result = run(_inputs(tmp_path), output=tmp_path / "run", workers=0, stop_after="ingest")
    rows = [row for part in (result.path / "documents").glob("*.parquet") for row in pq.read_table(part).to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows) == 4 * len(ADDRESSES) + 50
    assert {row["url"] for row in rows if row["source"] == "web"} == set(ADDRESSES)


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "", ".hidden", "a\0b", "x" * 101, "nul\n"])
def test_names_that_become_paths_are_refused(tmp_path, name) -> None:
    """The name of a pipeline names its run directory, so it may hold nothing that leads elsewhere."""
    from curate.pipeline import build
    from curate.strict_yaml import parse_yaml

    parsed = parse_yaml("name: x\nsources: {a: {read: text, paths: x}}\nstages: [exact_dedup]\n")
    parsed.data["name"] = name
    with pytest.raises(PipelineError, match="name"):
        build(parsed)
    parsed.data["name"], parsed.data["sources"] = "x", {name: {"read": "text", "paths": "x"}}
    with pytest.raises(PipelineError, match="source name"):
        build(parsed)


def test_a_file_name_that_is_no_text_is_an_error_with_a_message(tmp_path) -> None:
    """Linux allows names that are no UTF-8; such a file is either read or named in a message."""
    from curate.errors import CurateError

    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text("A text.")
    except OSError:
        pytest.skip("this file system wants UTF-8")
    (tmp_path / "p.yaml").write_text(
        f"name: p\nsources: {{a: {{read: text, paths: '{tmp_path}/*.txt'}}}}\nstages: [exact_dedup]\n"
    )
    try:
        result = run(tmp_path / "p.yaml", output=tmp_path / "run", workers=0, stop_after="ingest")
    except CurateError as error:
        assert ".txt" in str(error)
    else:
        assert result.funnel.count("ingest", "documents")[0] == 1


def test_links_that_go_in_circles(tmp_path) -> None:
    """A folder with a link to itself is listed with an end, or refused with its path."""
    from curate.errors import InputError
    from curate.ingest import find_files

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("text")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    try:
        _, files = find_files([str(tmp_path / "in")])
    except InputError as error:
        assert "loop" in str(error)
    else:
        assert files
