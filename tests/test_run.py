"""Whole runs: conservation, reuse, stopping early. What happens when things go wrong is in tests/chaos."""

from __future__ import annotations

import pyarrow.parquet as pq
from outputs import output_hashes

from curate import run


def test_counts_add_up(finished) -> None:
    """In the funnel every stage accounts for exactly the documents that the stage before it kept."""
    rows = pq.read_table(finished / "reports" / "funnel.parquet").to_pylist()
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    left = sum(row["documents"] for row in rows if row["stage"] == "ingest" and row["outcome"] == "documents")
    assert left == 500
    for stage in stages[1:]:
        own = [row for row in rows if row["stage"] == stage]
        assert sum(row["documents"] for row in own) == left, stage
        left = sum(row["documents"] for row in own if row["outcome"] == "kept")
    assert all(row["reason"].startswith(row["stage"] + ".") for row in rows if row["outcome"] == "dropped")


def test_duplicates_and_leaks_are_found(finished) -> None:
    """The planted copies are reported as duplicates and the planted items as contamination."""
    duplicates = pq.read_table(finished / "reports" / "duplicates.parquet").to_pylist()
    assert duplicates and all(row["stage"] == "fuzzy_dedup" for row in duplicates)
    leaks = pq.read_table(finished / "reports" / "contamination.parquet").to_pylist()
    assert leaks and {row["benchmark"] for row in leaks} == {"quiz"}


def test_a_second_run_reuses_everything(pipeline_file, tmp_path) -> None:
    """Running the same command again does no task, and leaves the same bytes."""
    first = run(pipeline_file, output=tmp_path / "run", workers=2)
    before = output_hashes(first.path)
    second = run(pipeline_file, output=tmp_path / "run", workers=2)
    assert (second.tasks_run, second.tasks_reused) == (0, first.tasks_run)
    assert output_hashes(second.path) == before


def test_stop_after(pipeline_file, tmp_path) -> None:
    """--stop-after ends with that stage, and the next run goes on from there."""
    result = run(pipeline_file, output=tmp_path / "run", workers=0, stop_after="fuzzy_dedup")
    assert result.funnel.stages() == ["ingest", "quality_filter", "fuzzy_dedup"]
    assert not (tmp_path / "run" / "tokens").exists()


def test_no_tokens_of_other_parameters_are_left(pipeline_file, tmp_path) -> None:
    """After a run that stops early, no tokens of an earlier run stand beside the new reports; they come back."""
    output = tmp_path / "run"
    run(pipeline_file, output=output, workers=2)
    before = output_hashes(output)
    run(pipeline_file, output=output, workers=2, stop_after="ingest")
    assert not (output / "tokens").exists()
    again = run(pipeline_file, output=output, workers=2)
    assert again.tasks_run == 0
    assert output_hashes(output) == before
