"""Decontamination against earlier runs: common n-grams are those of all runs, without reading earlier text again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curate import run
from curate.errors import InputError, PipelineError

CRAWLS = ("first", "second", "third")
#: In how many documents of each crawl the item of that number is; with at most 3 documents, sums decide.
DOCUMENTS = [(1, 1, 1), (2, 1, 0), (2, 2, 0), (0, 2, 2), (3, 0, 1), (1, 1, 2), (0, 0, 4), (0, 3, 0)]


@pytest.fixture(scope="module")
def crawls(tmp_path_factory) -> Path:
    """Three crawls, each in two files, and a benchmark of which every item is in some of their documents."""
    folder = tmp_path_factory.mktemp("crawls")
    items = [" ".join(f"item{item}word{word}" for word in range(15)) for item in range(len(DOCUMENTS))]
    (folder / "quiz.jsonl").write_text("".join(json.dumps({"question": item}) + "\n" for item in items))
    for crawl, name in enumerate(CRAWLS):
        (folder / name).mkdir()
        rows = [json.dumps({"text": f"Nothing of interest in number {row} of {name}. " * 20}) for row in range(6)]
        for item, counts in enumerate(DOCUMENTS):
            page = "A line that stands around it. " * 20
            rows += [json.dumps({"text": f"{page}{items[item]} {page}{row}"}) for row in range(counts[crawl])]
        for part in range(2):
            (folder / name / f"{part}.jsonl").write_text("".join(row + "\n" for row in rows[part::2]))
    return folder


def _run(folder: Path, crawls: Path, names: tuple[str, ...], **parameters: Any) -> Path:
    sources = {name: {"read": "jsonl", "paths": f"{crawls / name}/*.jsonl"} for name in names}
    parameters = {"benchmarks": f"{crawls}/*.jsonl", "max_document_count": 3} | parameters
    pipeline = {"name": "p", "part_bytes": 4000, "sources": sources, "stages": [{"decontaminate": parameters}]}
    file = folder / f"{'-'.join(names)}.yaml"
    file.write_text(json.dumps(pipeline))
    return run(file, output=folder / "-".join(names), workers=0).path


def _said(path: Path, source: str) -> dict[bytes, tuple[Any, ...]]:
    """What was said of each document of a source, by its id."""
    said = {}
    for part in sorted((path / "documents").glob("*.parquet")):
        ids = pq.read_table(part, columns=["id", "source"]).to_pylist()
        rows = pq.read_table(next(path.glob(f"stages/*/{part.name}"))).to_pylist()
        said |= {row["id"]: tuple(each.items()) for row, each in zip(ids, rows, strict=True) if row["source"] == source}
    return said


def _report(path: Path, name: str, source: str | None = None) -> list[dict[str, Any]]:
    rows = pq.read_table(path / "reports" / f"{name}.parquet").to_pylist()
    return [row for row in rows if source is None or row["source"] == source]


def test_it_equals_a_run_over_all(tmp_path, crawls) -> None:
    """Over a chain of three: the same cuts in the new documents, the same reports; earlier text may be gone."""
    first = _run(tmp_path, crawls, ("first",))
    second = _run(tmp_path, crawls, ("second",), against=str(first))
    shutil.rmtree(first / "documents")
    third = _run(tmp_path, crawls, ("third",), against=[str(first), str(second)])
    (tmp_path / "alone").mkdir()
    alone = _run(tmp_path / "alone", crawls, ("third",))
    for made, names in ((second, CRAWLS[:2]), (third, CRAWLS)):
        together = _run(tmp_path, crawls, names)
        assert _said(made, names[-1]) == _said(together, names[-1])
        assert _report(made, "contamination") == _report(together, "contamination", names[-1]) != []
        for name in ("benchmarks", "benchmark_items"):
            assert _report(made, name) == _report(together, name)
    assert _said(alone, "third") != _said(third, "third")


def test_what_cannot_be_added_up_is_refused(tmp_path, crawls) -> None:
    """Other n-grams, other benchmark files, a run that is not listed, a call without a run."""
    first = _run(tmp_path, crawls, ("first",))
    with pytest.raises(PipelineError, match="ngram is 13 there and 12 here"):
        _run(tmp_path, crawls, ("second",), ngram=12, against=str(first))
    (tmp_path / "quiz.jsonl").write_text((crawls / "quiz.jsonl").read_text().replace("item1", "item9"))
    with pytest.raises(PipelineError, match="the files of benchmarks are others there"):
        _run(tmp_path, crawls, ("second",), benchmarks=f"{tmp_path}/*.jsonl", against=str(first))
    shutil.copy(crawls / "quiz.jsonl", tmp_path / "quiz.jsonl")
    second = _run(tmp_path, crawls, ("second",), benchmarks=f"{tmp_path}/*.jsonl", against=str(first))
    with pytest.raises(PipelineError, match="which is not listed"):
        _run(tmp_path, crawls, ("third",), against=str(second))
    next((first / "stages").glob("*/count-00000.arrow")).unlink()
    with pytest.raises(PipelineError, match="has not finished decontaminate"):
        _run(tmp_path, crawls, ("third",), against=str(first))
    from curate.decontaminate import Decontaminate

    with pytest.raises(InputError, match="needs a run"):
        Decontaminate(benchmarks=[f"{crawls}/quiz.jsonl"], against=str(first))("a text")
