"""Deduplication against earlier runs: as if they had been run together, without reading their text again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from dedup_runs import similar_texts

from curate import run
from curate.dedup import FuzzyDedup
from curate.errors import InputError, PipelineError
from curate.pipeline import load_pipeline
from curate.plan import make_plan, reasons_to_run
from curate.rundir import RunDirectory

CRAWLS = ("first", "second", "third")


@pytest.fixture(scope="module")
def crawls(tmp_path_factory) -> Path:
    """Three crawls of similar texts, each in three files; a third of what they hold resembles something earlier."""
    folder = tmp_path_factory.mktemp("crawls")
    texts = similar_texts(450, seed=5)
    for number, name in enumerate(CRAWLS):
        (folder / name).mkdir()
        for part in range(3):
            lines = [json.dumps({"text": text}) + "\n" for text in texts[number * 150 + part * 50 :][:50]]
            (folder / name / f"{part}.jsonl").write_text("".join(lines))
    return folder


def _run(folder: Path, crawls: Path, names: tuple[str, ...], stage: str, **parameters: Any) -> Path:
    """Run one stage over some crawls; the run directory is named after them."""
    sources = {name: {"read": "jsonl", "paths": f"{crawls / name}/*.jsonl"} for name in names}
    pipeline = {"name": "p", "part_bytes": 20_000, "sources": sources, "stages": [{stage: parameters}]}
    file = folder / f"{'-'.join(names)}.yaml"
    file.write_text(json.dumps(pipeline))
    return run(file, output=folder / "-".join(names), workers=0).path


def _removed(run_directory: Path, source: str) -> list[dict[str, Any]]:
    rows = pq.read_table(run_directory / "reports" / "duplicates.parquet").to_pylist()
    return [row for row in rows if row["source"] == source]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "parameters"),
    [
        ("fuzzy_dedup", {}),
        ("fuzzy_dedup", {"verify": False, "linkage": "transitive"}),
        ("exact_dedup", {"normalize": "words"}),
    ],
)
def test_it_equals_a_run_over_all_with_the_earlier_preferred(tmp_path, crawls, stage, parameters) -> None:
    """The same documents are removed, for the same survivors, by the same rules; the text of earlier runs is gone."""
    first = _run(tmp_path, crawls, ("first",), stage, **parameters)
    second = _run(tmp_path, crawls, ("second",), stage, **parameters, against=str(first))
    for path in (first, second):
        shutil.rmtree(path / "documents")
    third = _run(tmp_path, crawls, ("third",), stage, **parameters, against=[str(first), str(second)])
    together = _run(tmp_path, crawls, CRAWLS, stage, **parameters, prefer=list(CRAWLS))
    two = _run(tmp_path, crawls, CRAWLS[:2], stage, **parameters, prefer=list(CRAWLS[:2]))
    assert _removed(second, "second") == _removed(two, "second") != []
    assert _removed(third, "third") == _removed(together, "third")
    assert {row["survivor_source"] for row in _removed(third, "third")} >= {"first", "second"}
    kept = [pq.read_table(path)["keep"].to_pylist() for path in sorted((third / "stages").glob("*/part-*.parquet"))]
    assert sum(map(sum, kept)) == 150 - len(_removed(third, "third"))


def test_a_changed_earlier_run_is_noticed(tmp_path, crawls) -> None:
    """What the earlier run found is part of the fingerprint; where it lies is not."""
    own = tmp_path / "crawls"
    shutil.copytree(crawls, own)
    first = _run(tmp_path, own, ("first",), "fuzzy_dedup")
    second = _run(tmp_path, own, ("second",), "fuzzy_dedup", against=str(first))
    first = first.rename(tmp_path / "moved")
    _run(tmp_path, own, ("second",), "fuzzy_dedup", against=str(first))
    pipeline, parsed = load_pipeline(tmp_path / "second.yaml")
    assert reasons_to_run(make_plan(pipeline, parsed), RunDirectory(second)) == [""]
    (own / "first" / "0.jsonl").write_text('{"text": "something else altogether"}\n')
    _run(tmp_path, own, ("first",), "fuzzy_dedup").rename(tmp_path / "first-again")
    (tmp_path / "second.yaml").write_text((tmp_path / "second.yaml").read_text().replace("moved", "first-again"))
    pipeline, parsed = load_pipeline(tmp_path / "second.yaml")
    [reason] = reasons_to_run(make_plan(pipeline, parsed), RunDirectory(second))
    assert "against" in reason


def test_every_earlier_run_must_be_listed(tmp_path, crawls) -> None:
    """A run that was itself against another brings that one along by name; none is listed twice."""
    first = str(_run(tmp_path, crawls, ("first",), "exact_dedup"))
    second = str(_run(tmp_path, crawls, ("second",), "exact_dedup", against=first))
    with pytest.raises(PipelineError, match=r"second was itself run against .*first, which is not listed"):
        _run(tmp_path, crawls, ("third",), "exact_dedup", against=second)
    with pytest.raises(PipelineError, match="first is listed twice"):
        _run(tmp_path, crawls, ("third",), "exact_dedup", against=[first, second, first])


def test_what_cannot_be_compared_is_refused(tmp_path, crawls) -> None:
    """All differences at once, with both values; a run that is not there, or not finished, or lacks the stage."""
    first = _run(tmp_path, crawls, ("first",), "fuzzy_dedup", num_perm=64)
    with pytest.raises(PipelineError) as error:
        _run(tmp_path, crawls, ("second",), "fuzzy_dedup", against=str(first), seed=2)
    assert "num_perm is 64 there and 128 here" in str(error.value) and "seed is 1 there and 2 here" in str(error.value)
    with pytest.raises(PipelineError, match="has no stage exact_dedup"):
        _run(tmp_path, crawls, ("second",), "exact_dedup", against=str(first))
    with pytest.raises(PipelineError, match="is not the directory of a run"):
        _run(tmp_path, crawls, ("second",), "exact_dedup", against=str(tmp_path))
    next((first / "stages").glob("*/signatures-00000.arrow")).unlink()
    with pytest.raises(PipelineError, match="has not finished fuzzy_dedup"):
        _run(tmp_path, crawls, ("second",), "fuzzy_dedup", against=str(first), num_perm=64)
    with pytest.raises(InputError, match="needs a run"):
        FuzzyDedup(against=[str(first)])("a text")
