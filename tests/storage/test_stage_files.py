"""Files of stages and earlier runs at URLs, on a real S3 server: the same results as from paths."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate import run
from curate.errors import InputError, PipelineError
from curate.filters import QualityFilter
from curate.objects.fetched import fetched
from curate.tokenize.train import train_bpe

GOOD = ["The senate debated the treaty at length.", "The council of the city met today.", "The minister resigned."]
BAD = ["buy cheap shoes now", "click here to win", "free shipping buy now"]


@pytest.fixture
def inputs(tmp_path, store) -> Path:
    """Two crawls, a benchmark, a classifier and a tokenizer in a folder, and the same in a bucket."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, first in (("one", 0), ("two", 5)):
        texts = [
            f"{GOOD[row % 3]} It was the day number {row} of that year, they said." for row in range(first, first + 9)
        ]
        rows = [json.dumps({"text": text}) + "\n" for text in [*texts, *BAD]]
        (folder / f"{name}.jsonl").write_text("".join(rows))
    (folder / "quiz.jsonl").write_text(json.dumps({"question": "the day number 12 of that year, they said"}) + "\n")
    QualityFilter.fit_texts(positives=GOOD * 2, negatives=BAD * 2, folder=folder / "model")
    train_bpe(GOOD, 270, "<|endoftext|>").save(str(folder / "tokenizer.json"))
    for path in folder.rglob("*"):
        if path.is_file():
            store.put(f"stage-files/{path.relative_to(folder)}", path.read_bytes())
    return folder


@pytest.mark.slow
def test_stage_files_and_earlier_runs_at_urls(tmp_path, inputs, store) -> None:
    """Two runs, the second against the first, with all files at paths and with all at URLs: the same tables."""
    url = "s3://crawls/stage-files"
    done = {}
    for name, at, runs in (("local", str(inputs), str(tmp_path)), ("remote", url, "s3://crawls/stage-runs")):
        for crawl in ("one", "two"):
            earlier = {"against": f"{runs}/{name}-one"} if crawl == "two" else {}
            stages = [
                {"quality_filter": {"classifier": f"{at}/model", "rule": "threshold"}},
                {"fuzzy_dedup": {"threshold": 0.9, **earlier}},
                {
                    "decontaminate": {
                        "benchmarks": f"{at}/qu*.jsonl",
                        "min_piece_chars": 0,
                        "window_chars": 0,
                        **earlier,
                    }
                },
                {"load_tokenizer": {"path": f"{at}/tokenizer.json"}},
            ]
            sources = {"web": {"read": "jsonl", "paths": f"{inputs / crawl}.jsonl"}}
            file = tmp_path / f"{name}-{crawl}.yaml"
            file.write_text(json.dumps({"name": "p", "sources": sources, "stages": stages}))
            result = run(file, output=f"{runs}/{name}-{crawl}", workers=0)
            folders = [step.folder for step in result.steps]  # with the fingerprints
            done[name, crawl] = folders
            for number, folder in enumerate(folders):
                part = result.directory.fetch(result.directory.annotations(folder, 0))
                done[name, crawl, number] = pq.read_table(part).to_pylist()
    assert len(done) == 20
    assert all(done["remote", *rest] == said for (name, *rest), said in done.items() if name == "local")
    assert sum(not row["keep"] for row in done["local", "two", 1] if row["keep"] is not None) > 0
    assert sum(row["matches"] or 0 for row in done["local", "two", 2]) > 0


def test_a_stage_file_that_changed_is_fetched_again(tmp_path, inputs, store) -> None:
    """The plan's fingerprint follows the content; what is not there is an error at its place in the pipeline."""
    assert fetched("s3://crawls/stage-files/quiz.jsonl").read_bytes() == (inputs / "quiz.jsonl").read_bytes()
    store.put("stage-files/quiz.jsonl", b'{"question": "something else"}\n')
    assert b"something else" in fetched("s3://crawls/stage-files/quiz.jsonl").read_bytes()
    with pytest.raises(InputError, match="no file found there"):
        fetched("s3://crawls/stage-files/nothing.json")
    sources = {"web": {"read": "jsonl", "paths": f"{inputs}/one.jsonl"}}
    stages = [{"load_tokenizer": {"path": "s3://crawls/stage-files/nothing.json"}}]
    (tmp_path / "p.yaml").write_text(json.dumps({"name": "p", "sources": sources, "stages": stages}))
    with pytest.raises(PipelineError, match=r"load_tokenizer.path: .*no file found"):
        run(tmp_path / "p.yaml", output=tmp_path / "run", workers=0)


def test_stage_files_of_other_schemes(tmp_path, settings) -> None:
    """What fsspec opens is fetched from there; file:// is a path."""
    import fsspec

    (tmp_path / "a.json").write_bytes(b"{}")
    assert fetched((tmp_path / "a.json").as_uri()) == tmp_path / "a.json"
    fsspec.filesystem("memory").pipe_file("/stage-files/a.json", b"[1]")
    assert fetched("memory://stage-files/a.json").read_bytes() == b"[1]"
