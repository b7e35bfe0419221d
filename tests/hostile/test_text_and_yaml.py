"""Text that breaks libraries, and pipeline files that mean harm, by every way into curate."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.documents import Documents
from curate.errors import PipelineError
from curate.ingest import Record, Split, extract, read_split
from curate.ingest.source import JsonlSource, ParquetSource, Source, TextSource, WarcSource
from curate.pipeline import load_pipeline
from curate.registry import STAGES, stage_class
from curate.stage import Filter
from curate.strict_yaml import MAX_VALUES, read_yaml

#: lxml cuts a page at a NUL, pyarrow and resiliparse raise at surrogates, others take U+2028 for the end of a line.
TEXTS: dict[str, bytes] = {
    "NUL": b"one\0two",
    "surrogates": b"one \xed\xa0\x80 two \xed\xa0\xbd\xed\xb8\x80",
    "byte order marks": b"\xef\xbb\xbfone \xef\xbb\xbf two",
    "UTF-16 mark in UTF-8": b"\xff\xfeone two",
    "overlong": b"one \xc0\x80 \xe0\x80\xaf \xf0\x82\x82\xac two",
    "above U+10FFFF": b"one \xf4\x90\x80\x80 \xf8\x88\x80\x80\x80 two",
    "mixed charsets": "one Größe ".encode() + "Größe two".encode("latin-1"),
    "cut off": "one two €".encode()[:-1],
    "line separators": "one\u2028two\u2029three\x85four\x0bfive\x0csix".encode(),
    "right to left": "one \u202e\u2066evil\u2069 two \u200f".encode(),
    "100,000 combining marks": b"one e" + "\u0301".encode() * 100_000 + b" two",
    "100,000 joiners": b"one \xf0\x9f\x91\xa8" + "\u200d".encode() * 100_000 + b" two",
    "noncharacters": "one \ufffe\uffff\U0001fffe two".encode(),
    "private and unassigned": "one \ue000 \U000e0fff \U0010fffd two".encode(),
    "controls": bytes(range(32)) + b"one two" + bytes(range(127, 160)),
}


def _ways(folder: Path, data: bytes) -> dict[str, tuple[Source, Path]]:
    """The same bytes as a text file, a page, a row of JSON lines and one of Parquet."""
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + data
    warc = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n" % (len(http), http)
    (folder / "a.txt").write_bytes(data)
    (folder / "a.warc.gz").write_bytes(gzip.compress(warc))
    (folder / "a.jsonl").write_text(
        json.dumps({"text": data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace")})
    )
    offsets = pa.array([0, len(data)], pa.int32()).buffers()[1]
    text = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(data)])
    pq.write_table(pa.table({"text": text}), folder / "a.parquet")
    return {
        "text": (TextSource(paths="x", encoding=None), folder / "a.txt"),
        "warc": (WarcSource(paths="x"), folder / "a.warc.gz"),
        "jsonl": (JsonlSource(paths="x"), folder / "a.jsonl"),
        "parquet": (ParquetSource(paths="x"), folder / "a.parquet"),
    }


@pytest.mark.parametrize("kind", TEXTS)
def test_any_text_becomes_clean_text(tmp_path, kind) -> None:
    """By four readers: no exception, valid UTF-8 without NUL, the words around the damage kept, twice the same."""
    for way, (source, path) in _ways(tmp_path, TEXTS[kind]).items():
        split = Split(str(path), "a", 0, path.stat().st_size, path.stat().st_size)
        (item,) = read_split(source, split)
        assert isinstance(item, Record), (way, item)
        assert "\0" not in item.text and "\ufeff" not in item.text and item.text.encode()
        assert "one" in item.text or kind in ("UTF-16 mark in UTF-8", "controls"), way
        assert list(read_split(source, split)) == [item]


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("engine", ["curate", "resiliparse", "trafilatura"])
def test_any_text_in_a_page(engine, kind) -> None:
    """Inside HTML, by each engine: no exception, valid UTF-8, no NUL."""
    if engine == "trafilatura":
        pytest.importorskip("trafilatura", exc_type=ImportError)
    page = (
        b"<html><body><main><p>A sentence before it. "
        + TEXTS[kind]
        + b" And a sentence behind it.</p></main></body></html>"
    )
    text = extract(page, engine=engine).text
    assert "\0" not in text and text.encode().decode() == text


def test_every_filter_takes_any_text() -> None:
    """In one batch: each filter judges every text, and long runs of marks take no filter long."""
    from curate.ingest.clean import clean_text

    docs = Documents.from_texts([clean_text(data.decode("utf-8", "replace")) for data in TEXTS.values()])
    kinds = [stage_class(name) for name in STAGES]
    for stage in [kind() for kind in kinds if issubclass(kind, Filter)]:
        assert len(stage.annotate(docs).keep) == len(docs)


_LEVELS = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))]
_REST = "sources: {a: {read: text, paths: x}}\nstages: [exact_dedup]\n"
YAML: dict[str, tuple[str, str]] = {
    "a tag": ("name: x\nsources: !!python/object/apply:os.system [touch /tmp/x]\n", "yaml:2:10: the tag"),
    "aliases": ("\n".join(_LEVELS), "yaml:1:5: anchors"),
    "nesting": ("name: x\nsources: " + "[" * 20_000, "yaml:2:41: nested"),
    "nested mappings": ("".join(f"{' ' * n}a:\n" for n in range(700)), "nested more than 32"),
    "duplicate keys": ("name: x\nname: y\n" + _REST, "yaml:2:1: duplicate"),
    "a list of values": ("name: x\nsources:\n" + "- a\n" * 100_000, f"more than {MAX_VALUES:,} values"),
    "keys": ("".join(f"k{n}: 1\n" for n in range(40_000)), f"more than {MAX_VALUES:,} values"),
    "a long word": ("name: " + "x" * 500_000, "sources"),
    "a long number": ("name: x\nseed: " + "9" * 400_000 + "\nsources: {}\nstages: []\n", "yaml:2:1: 'seed'"),
    "a word for a number": ("name: x\nseed: no\n" + _REST, "'no'"),
    "a fraction for a count": ("name: x\npart_bytes: 1e-5\n" + _REST, "yaml:2:1: .*1e-05"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", YAML)
def test_hostile_pipeline_files_are_refused_soon(tmp_path, kind) -> None:
    """Each is a PipelineError with its place or what is wrong, in less than a second of processor time."""
    text, words = YAML[kind]
    (tmp_path / "p.yaml").write_text(text)
    began = time.process_time()
    with pytest.raises(PipelineError, match=words):
        load_pipeline(tmp_path / "p.yaml")
    assert time.process_time() - began < 1


def test_a_pipeline_file_of_100_mb_is_not_read(tmp_path) -> None:
    """It is refused by its size: 100 MB more would not fit into the memory that the process is given."""
    with (tmp_path / "p.yaml").open("wb") as file:
        file.truncate(100_000_000)
    code = f"""
import resource
from curate.strict_yaml import read_yaml
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 50_000_000,) * 2)
read_yaml({str(tmp_path / "p.yaml")!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "this is no pipeline file" in done.stderr and "MemoryError" not in done.stderr


def test_the_largest_file_that_is_read_is_read_soon(tmp_path) -> None:
    """As many values as are allowed take less than two seconds of processor time."""
    (tmp_path / "p.yaml").write_text("- a\n" * (MAX_VALUES - 1))
    began = time.process_time()
    assert len(read_yaml(tmp_path / "p.yaml").data) == MAX_VALUES - 1
    assert time.process_time() - began < 2
