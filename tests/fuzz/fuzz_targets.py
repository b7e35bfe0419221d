"""What is fuzzed: functions of bytes that raise only if a promise of curate is broken.

TARGETS names them. Each takes any bytes at all; the first of them may choose among variants of the same reader.
"""

from __future__ import annotations

import atexit
import gzip
import shutil
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import zstandard

from curate.documents import CUTS, Documents, apply_cuts
from curate.errors import PipelineError
from curate.ingest import Quarantined, Record, Skipped, Split, extract, read_split
from curate.ingest.clean import clean_text
from curate.ingest.html import ExtractionError
from curate.ingest.source import JsonlSource, ParquetSource, Source, TextSource, WarcSource, WetSource
from curate.registry import STAGES, stage_class
from curate.stage import Filter

#: What an input may become in a file: 0 leaves it as it is.
_FRAMINGS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("", bytes),
    (".gz", lambda data: gzip.compress(data, 1, mtime=0)),
    (".zst", zstandard.ZstdCompressor(level=1).compress),
    (".gz", lambda data: b"".join(gzip.compress(piece, 1, mtime=0) for piece in _records(data))),
    (".gz", bytes),
    (".zst", bytes),
)
_LIMITS: dict[str, Any] = {"paths": "x", "max_document_bytes": 200_000, "max_record_bytes": 400_000}
_ENGINES = ("resiliparse", "curate", "trafilatura")


def warc(data: bytes) -> None:
    """WARC, ARC and WET files: every record comes out as one of three things, wherever the file is cut."""
    choice, content = data[:1] or b"\0", data[1:]
    suffix, framing = _FRAMINGS[choice[0] % len(_FRAMINGS)]
    name = ("a.warc", "a.arc", "a.warc.wet")[choice[0] // 8 % 3]
    source = WetSource(**_LIMITS) if "wet" in name else WarcSource(**_LIMITS)
    _read(source, framing(content), name + suffix, cut=choice[0] * 31)


def jsonl(data: bytes) -> None:
    """JSON lines."""
    choice, content = data[:1] or b"\0", data[1:]
    suffix, framing = _FRAMINGS[choice[0] % len(_FRAMINGS)]
    _read(JsonlSource(**_LIMITS), framing(content), "a.jsonl" + suffix, cut=0 if suffix else choice[0] * 3)


def parquet(data: bytes) -> None:
    """Parquet files."""
    _read(ParquetSource(paths="x", max_document_bytes=200_000), data, "a.parquet", cut=len(data) // 2)


def text(data: bytes) -> None:
    """Plain text, its encoding given or found out."""
    encoding = (None, "utf-8", "latin-1", "gb18030", "utf-16", "shift_jis")[(data[:1] or b"\0")[0] % 6]
    _read(TextSource(**_LIMITS, encoding=encoding), data[1:], "a.txt", cut=0)


def html(data: bytes) -> None:
    """Pages, by each engine with each of its options; anything but text is an ExtractionError."""
    choice = (data[:1] or b"\0")[0]
    engine = _ENGINES[0 if choice < 60 else 2 if choice >= 250 else 1]
    options: dict[str, Any] = {"engine": engine, "main_content": choice % 2 == 0, "comments": choice % 3 == 0}
    if engine != "resiliparse":
        options["format"] = ("text", "markdown")[choice // 3 % 2]
        options["favor"] = ("precision", "balance", "recall")[choice // 6 % 3]
    try:
        found = extract(data[1:], **options)
    except ExtractionError:
        return
    _check_text(found.text)
    for value in found.meta.values():
        _check_text(value)
    if engine == "curate":
        assert extract(data[1:], **options) == found


def pipeline_file(data: bytes) -> None:
    """Pipeline files: a pipeline, or a PipelineError with a place for each problem."""
    from curate.pipeline import build
    from curate.strict_yaml import read_yaml

    if b"demo" in data:
        return  # would build the demo corpus
    path = _scratch() / "p.yaml"
    path.write_bytes(data)
    try:
        pipeline = build(read_yaml(path))
    except PipelineError as error:
        assert error.problems and all(problem.where and problem.message for problem in error.problems)
    else:
        assert pipeline.sources and pipeline.stages


def filters(data: bytes) -> None:
    """Every filter: the same answer for a document alone and in a batch, and cuts that leave valid text."""
    texts = [clean_text(piece.decode("utf-8", "replace")) for piece in data.split(b"\x1e")]
    docs = Documents.from_texts([each for each in texts if each] or ["x"])
    for stage in _filters():
        said = stage.annotate(docs)
        assert len(said.keep) == len(docs)
        cuts = said.cuts if said.cuts is not None else pa.nulls(len(docs), CUTS)
        apply_cuts(docs.text, cuts).validate(full=True)
        for row in range(len(docs) if len(docs) > 1 else 0):
            alone = stage.annotate(Documents(docs.batch.slice(row, 1)))
            assert alone.keep[0] == said.keep[row] and alone.reason[0] == said.reason[row], stage.name


def encoder(data: bytes) -> None:
    """The encoder: the ids of each text are those of `tokenizers`, and give the text back."""
    texts = pa.array([clean_text(piece.decode("utf-8", "replace")) for piece in data.split(b"\x1e")], pa.string())
    for compiled in _encoders():
        ids = compiled.encode(texts).to_pylist()
        for wanted, found in zip(texts.to_pylist(), ids, strict=True):
            assert found == compiled.tokenizer.encode(wanted, add_special_tokens=False).ids
            assert compiled.tokenizer.decode(found, skip_special_tokens=False) == wanted


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (warc, jsonl, parquet, text, html, pipeline_file, filters, encoder)
}


@cache
def _scratch() -> Path:
    """A folder of this process, in memory where the system has one there."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="curate-fuzz-", dir=memory if memory.is_dir() else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _filters() -> list[Filter]:
    kinds = [stage_class(name) for name in STAGES]
    return [kind() for kind in kinds if issubclass(kind, Filter)]


@cache
def _encoders() -> list[Any]:
    """One encoder for each pattern that is compiled: trained on this file."""
    from curate.tokenize.encode import Encoder, save
    from curate.tokenize.train import train_bpe

    folder = _scratch()
    learnt = Path(__file__).read_text("utf-8") + "Größe 数据 данные 🙂 '' \t 12345 it's we'll "
    save(train_bpe([learnt], 500, "<|endoftext|>"), "<|endoftext|>", folder)
    return [Encoder.of_state(folder)]


def _records(data: bytes) -> list[bytes]:
    """Cut before each line that begins a record, to be compressed each by itself."""
    pieces = data.replace(b"\nWARC/", b"\n\x1eWARC/").replace(b"\nhttp://", b"\n\x1ehttp://").split(b"\x1e")
    return [piece for piece in pieces if piece] or [b""]


def _read(source: Source, content: bytes, name: str, cut: int) -> None:
    path = _scratch() / name
    path.write_bytes(content)
    size = len(content)
    whole = list(read_split(source, Split(str(path), name, 0, size, size)))
    _check_items(whole)
    if 0 < cut < size:
        halves = [Split(str(path), name, 0, cut, size), Split(str(path), name, cut, size, size)]
        assert [item for half in halves for item in read_split(source, half)] == whole, f"cut at {cut}"


def _check_items(items: Iterable[Record | Quarantined | Skipped]) -> None:
    offsets = []
    for item in items:
        if isinstance(item, Record):
            offsets.append(item.offset)
            assert item.text and item.text == clean_text(item.text)
            for value in (item.text, item.url or "", item.date or "", repr(item.meta)):
                _check_text(value)
        elif isinstance(item, Quarantined):
            assert item.reason and item.offset >= 0
            _check_text(item.reason + item.detail)
        else:
            _check_text(item.reason)
    assert len(offsets) == len(set(offsets))


def _check_text(value: str) -> None:
    assert "\0" not in value
    value.encode()
