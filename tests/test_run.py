"""Whole runs: the same bytes whatever the workers, resuming, reusing, conservation."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from outputs import commit_count, output_hashes

from curate import run
from curate.errors import StateError
from curate.pipeline import load_pipeline
from curate.plan import make_plan, reasons_to_run
from curate.rundir import RunDirectory


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "overrides"), [(0, ()), (1, ()), (3, ()), (2, ("batch_bytes=3000",)), (2, ("batch_bytes=100000000",))]
)
def test_same_bytes_for_any_workers_and_batches(finished, pipeline_file, tmp_path, workers, overrides) -> None:
    """tokens/ and reports/ are byte-identical for 0 to 3 workers; for other batch sizes, all but the parts are."""
    other = run(pipeline_file, output=tmp_path / "run", workers=workers, overrides=overrides).path
    expected, actual = output_hashes(finished), output_hashes(other)
    if overrides:  # row groups differ, so the files of documents do
        expected, actual = ({k: v for k, v in d.items() if not k.startswith("documents")} for d in (expected, actual))
    assert actual == expected


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


def test_a_changed_threshold_reruns_that_stage_and_what_follows(finished, pipeline_file, tmp_path) -> None:
    """Only the changed stage and those after it run, the plan says why, and the result is that of a fresh run."""
    output = tmp_path / "run"
    first = run(pipeline_file, output=output, workers=2)
    change = ("stages.decontaminate.max_cuts=9",)
    pipeline, parsed = load_pipeline(pipeline_file, overrides=change)
    reasons = reasons_to_run(make_plan(pipeline, parsed), RunDirectory(output))
    assert reasons[:2] == ["", ""]
    assert reasons[2] == "max_cuts: 10 -> 9"
    assert reasons[3:] == ["an earlier stage changed"] * 3
    again = run(pipeline_file, output=output, workers=2, overrides=change)
    assert again.tasks_reused > 0
    assert again.tasks_run < first.tasks_run
    fresh = run(pipeline_file, output=tmp_path / "fresh", workers=2, overrides=change)
    assert output_hashes(again.path) == output_hashes(fresh.path)
    back = run(pipeline_file, output=output, workers=2)
    assert back.tasks_run == 0
    assert output_hashes(back.path) == output_hashes(finished)


def test_changed_input_is_noticed(corpus, tmp_path) -> None:
    """A touched and changed input file is read again; the others are not."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.jsonl").write_text(json.dumps({"text": f"the text of {name}"}) + "\n")
    file = tmp_path / "p.yaml"
    file.write_text(
        f"name: p\npart_bytes: 40\nsources: {{s: {{read: jsonl, paths: '{folder}/*.jsonl'}}}}\nstages: [exact_dedup]\n"
    )
    run(file, output=tmp_path / "run", workers=0)
    (folder / "b.jsonl").write_text(json.dumps({"text": "another text"}) + "\n")
    again = run(file, output=tmp_path / "run", workers=0)
    documents = [
        pq.read_table(path).column("text").to_pylist() for path in sorted((again.path / "documents").glob("*.parquet"))
    ]
    assert documents == [["the text of a"], ["another text"]]
    assert again.tasks_reused >= 1


@pytest.mark.slow
def test_kill_9_and_run_again_gives_the_same_bytes(finished, pipeline_file, tmp_path) -> None:
    """A run killed at ten moments, each after one more commit, ends with the bytes of an undisturbed run."""
    output = tmp_path / "run"
    command = [sys.executable, "-m", "cli", "run", str(pipeline_file), "--output", str(output), "--workers", "2"]
    root = Path(__file__).parents[1]
    killed = 0
    for wanted in range(1, 40, 4):
        process = subprocess.Popen(
            command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while process.poll() is None and commit_count(output) < wanted:
            os.sched_yield()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
    assert killed >= 5
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0
    assert output_hashes(output) == output_hashes(finished)


@pytest.mark.slow
def test_a_killed_worker_costs_its_task_only(finished, pipeline_file, tmp_path) -> None:
    """When a worker process is killed, its task is done again and the result is the same."""
    from curate.report.progress import Quiet

    class Killer(Quiet):
        killed = 0

        def advance(self, documents: int, kept: int) -> None:
            if self.killed < 2:
                children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
                os.kill(int(children[0]), signal.SIGKILL)
                self.killed += 1

    killer = Killer()
    result = run(pipeline_file, output=tmp_path / "run", workers=2, reporter=killer)
    assert killer.killed == 2
    assert output_hashes(result.path) == output_hashes(finished)


def test_two_runs_on_one_directory(pipeline_file, tmp_path) -> None:
    """While one process holds a run directory, another is refused and told who holds it."""
    with RunDirectory(tmp_path / "run").lock(), pytest.raises(StateError, match=f"process {os.getpid()}"):
        run(pipeline_file, output=tmp_path / "run")


def test_torn_commits_are_done_again(finished, pipeline_file, tmp_path) -> None:
    """Truncated, emptied and deleted commits and outputs are noticed and made again, byte for byte."""
    output = tmp_path / "run"
    run(pipeline_file, output=output, workers=2)
    commits = sorted(output.rglob("commits/*.json"))
    commits[1].write_text(commits[1].read_text()[:40])
    commits[3].write_text("")
    commits[-1].unlink()
    sorted((output / "stages").rglob("part-*.parquet"))[0].unlink()
    again = run(pipeline_file, output=output, workers=2)
    assert again.tasks_run >= 4
    assert output_hashes(output) == output_hashes(finished)


def test_stop_after(pipeline_file, tmp_path) -> None:
    """--stop-after ends with that stage, and the next run goes on from there."""
    result = run(pipeline_file, output=tmp_path / "run", workers=0, stop_after="fuzzy_dedup")
    assert result.funnel.stages() == ["ingest", "quality_filter", "fuzzy_dedup"]
    assert not (tmp_path / "run" / "tokens").exists()


def test_fewer_parts_leave_nothing_of_the_old_ones(pipeline_file, tmp_path) -> None:
    """With another part size every document is read anew, once, and parts that no longer exist are gone."""
    output = tmp_path / "run"
    run(pipeline_file, output=output, workers=2, stop_after="ingest", overrides=("part_bytes=10000",))
    many = len(list((output / "documents").glob("*.parquet")))
    again = run(pipeline_file, output=output, workers=2, stop_after="ingest")
    fresh = run(pipeline_file, output=tmp_path / "fresh", workers=2, stop_after="ingest")
    assert len(list((output / "documents").glob("*.parquet"))) < many
    assert again.funnel.rows == fresh.funnel.rows
    assert output_hashes(output) == output_hashes(fresh.path)


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
