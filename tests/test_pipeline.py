"""Pipelines are checked as a whole: every error at once, where it stands, with a suggestion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curate.errors import PipelineError
from curate.pipeline import build, load_pipeline
from curate.plan import make_plan
from curate.registry import STAGES, stage_class
from curate.schema import pipeline_schema
from curate.strict_yaml import Parsed, parse_yaml

ROOT = Path(__file__).parents[1]

WRONG = """\
name: bad name
sede: 1
sources:
  web: {read: jsonl, path: x}
  crawl: {read: wrac, paths: x}
stages:
  - langauge_filter: {}
  - language_filter: {min_score: 1.5, sources: [wbe]}
  - fuzzy_dedup: {treshold: 0.8}
  - mix: {weights: {web: 1}}
"""


def test_every_error_at_once_with_its_place() -> None:
    """One check finds all mistakes of a file, in the order of the file, each with line, column and suggestion."""
    with pytest.raises(PipelineError) as raised:
        build(parse_yaml(WRONG, "x.yaml"))
    found = {problem.where: str(problem) for problem in raised.value.problems}
    assert "name" in found["x.yaml:1:1"]
    assert "did you mean 'seed'?" in found["x.yaml:2:1"]
    assert "did you mean 'paths'?" in found["x.yaml:4:22"]
    assert "did you mean 'warc'?" in found["x.yaml:5:11"]
    assert "did you mean 'language_filter'?" in found["x.yaml:7:5"]
    assert "min_score" in found["x.yaml:8:23"]
    assert "did you mean 'threshold'?" in found["x.yaml:9:19"]
    assert [problem.where for problem in raised.value.problems] == sorted(
        (problem.where for problem in raised.value.problems), key=lambda where: [int(n) for n in where.split(":")[1:]]
    )


def test_names_of_sources_and_order_of_stages_are_checked() -> None:
    """A stage that names no source, or stands before what it needs, is an error of the pipeline."""
    text = "name: x\nsources: {web: {read: text, paths: x}}\nstages:\n  - mix: {weights: {wbe: 1}}\n"
    with pytest.raises(PipelineError) as raised:
        build(parse_yaml(text, "x.yaml"))
    messages = str(raised.value)
    assert "names no source 'wbe'" in messages
    assert "needs a stage *_tokenizer before it" in messages


def test_missing_files_of_all_sources_and_stages_are_reported(tmp_path) -> None:
    """All missing inputs are found before anything runs, each at the place of its path."""
    file = tmp_path / "p.yaml"
    file.write_text(
        "name: p\nsources:\n  a: {read: text, paths: nowhere/a.txt}\n  b: {read: text, paths: nowhere/b.txt}\n"
        "stages:\n  - decontaminate: {benchmarks: nowhere/c.jsonl}\n"
    )
    pipeline, parsed = load_pipeline(file)
    with pytest.raises(PipelineError) as raised:
        make_plan(pipeline, parsed)
    assert [problem.where.rpartition("p.yaml:")[2] for problem in raised.value.problems] == ["3:19", "4:19", "6:21"]


def test_overrides(pipeline_file) -> None:
    """--set reaches settings, sources and stages by label; --source replaces paths and follows the format."""
    pipeline, _ = load_pipeline(
        pipeline_file,
        overrides=["seed=3", "stages.fuzzy_dedup.threshold=0.9", "stages.mix.max_epochs=1"],
        source_paths=["books=a/*.parquet", "books=b/*.parquet"],
    )
    stages = dict(pipeline.stages)
    assert pipeline.settings.seed == 3
    assert stages["fuzzy_dedup"].threshold == 0.9
    assert stages["quality_filter"].seed == 3
    assert (pipeline.sources["books"].read, pipeline.sources["books"].paths) == (
        "parquet",
        ["a/*.parquet", "b/*.parquet"],
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"overrides": ["seed"]}, "expected KEY=VALUE"),
        ({"overrides": ["stages.fuzy_dedup.threshold=1"]}, "did you mean 'fuzzy_dedup'"),
        ({"overrides": ["stages.fuzzy_dedup.treshold=1"]}, "did you mean 'threshold'"),
        ({"overrides": ["stages.fuzzy_dedup=1"]}, "has no keys"),
        ({"source_paths": ["boks=x"]}, "did you mean 'books'"),
        ({"source_paths": ["books"]}, "expected NAME=GLOB"),
    ],
)
def test_wrong_overrides_are_explained(pipeline_file, options, words) -> None:
    """A mistake in --set or --source is answered with what was expected."""
    with pytest.raises(PipelineError, match=words):
        load_pipeline(pipeline_file, **options)


def test_a_resolved_pipeline_builds_the_same_again(pipeline_file) -> None:
    """Writing every default out and reading it back gives an equal pipeline."""
    pipeline, _ = load_pipeline(pipeline_file)
    again = build(Parsed("x", json.loads(json.dumps(pipeline.resolved())), {}))
    assert again.resolved() == pipeline.resolved()


def test_schema_file_is_current() -> None:
    """pipelines/schema.json is what `curate schema` prints."""
    assert json.loads((ROOT / "pipelines" / "schema.json").read_text()) == pipeline_schema()


def test_every_parameter_is_described() -> None:
    """Each parameter of each stage has a description, which the schema and `curate stages` show."""
    missing = [
        f"{name}.{field}"
        for name in STAGES
        for field, info in stage_class(name).model_fields.items()
        if not info.description
    ]
    assert not missing
