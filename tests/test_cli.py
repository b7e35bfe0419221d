"""The command: what a user types, reads and gets as exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from outputs import commit_count

from cli import main

ROOT = Path(__file__).parents[1]


def _curate(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_run_prints_a_funnel_and_where_things_are(pipeline_file, tmp_path) -> None:
    """A run ends with the funnel, the reports and the tokens; piped, it prints no control characters."""
    done = _curate("run", pipeline_file, "--output", tmp_path / "run", "--workers", 2)
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    for words in ("Funnel", "fuzzy_dedup", "reports", "tokens", "every record is accounted for"):
        assert words in done.output


def test_plan_says_what_is_reused_and_why(finished, corpus, tmp_path) -> None:
    """After a run the plan shows nothing to do; with a changed value, which steps run and why."""
    pipeline = finished.parent / "tiny.yaml"
    same = _curate("plan", pipeline, "--output", finished)
    assert same.exit_code == 0 and "->" not in same.output
    changed = _curate("plan", pipeline, "--output", finished, "--set", "stages.mix.max_epochs=1")
    assert "max_epochs: 2.5 -> 1.0" in changed.output
    assert "an earlier stage changed" in changed.output
    fresh = _curate("plan", pipeline, "--output", tmp_path / "none")
    assert "first run" in fresh.output
    assert not (tmp_path / "none").exists()


def test_check(pipeline_file, tmp_path) -> None:
    """`check` answers in one line, or with every error and exit code 2."""
    assert "no errors" in _curate("check", pipeline_file).output
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: x\nsources: {}\nstages: [nothing]\n")
    done = _curate("check", wrong)
    assert done.exit_code == 2
    assert "wrong.yaml:2:1" in done.output and "wrong.yaml:3:10" in done.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "missing.yaml"], 2, "no such pipeline file"),
        (["rnu", "x"], 2, "Did you mean 'run'?"),
        (["stages", "fuzy_dedup"], 2, "did you mean 'fuzzy_dedup'?"),
        (["run", "{pipeline}", "--stop-after", "mxi"], 2, "did you mean 'mix'?"),
        (["run", "{pipeline}", "--workers", "-1"], 2, "workers"),
        (["run", "{pipeline}", "--source", "web=/nowhere/*.jsonl"], 2, "nowhere"),
        (["run", "{pipeline}", "--output", "{pipeline}/x"], 1, "cannot write the run directory"),
        (["train-classifier", "{pipeline}", "../x"], 2, "no name"),
    ],
)
def test_mistakes_get_a_message_and_no_traceback(pipeline_file, arguments, code, words) -> None:
    """The likely mistakes are answered in words, with exit code 2 for wrong input and 1 for a failure."""
    done = _curate(*(argument.format(pipeline=pipeline_file) for argument in arguments))
    assert done.exit_code == code, done.output
    assert words in done.output
    assert "Traceback" not in done.output


def test_stages_lists_every_stage() -> None:
    """`curate stages` names every stage and shows defaults and meanings."""
    from curate.registry import STAGES

    done = _curate("stages")
    assert done.exit_code == 0
    for name in STAGES:
        assert f"{name}:" in done.output
    assert "window_chars" in _curate("stages", "decontaminate").output


def test_schema_is_json() -> None:
    """`curate schema` prints a JSON Schema that knows the stages."""
    schema = json.loads(_curate("schema").output)
    assert "fuzzy_dedup" in json.dumps(schema["properties"]["stages"])


def test_help_of_every_command_ends_with_an_example() -> None:
    """Each command's help shows an example."""
    for name in main.commands:
        assert "Example:" in _curate(name, "--help").output, name


def test_train_classifier_keeps_a_classifier(pipeline_file, tmp_path) -> None:
    """The classifier of a pipeline is kept as a folder that another pipeline can use."""
    done = _curate("train-classifier", pipeline_file, "docs", "--folder", tmp_path / "c", "--output", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert {"card.json", "card.md", "weights.npy"} <= {path.name for path in (tmp_path / "c" / "docs").iterdir()}
    change = [
        "--set",
        "stages.quality_filter.positives=[]",
        "--set",
        f"stages.quality_filter.classifier={tmp_path}/c/docs",
    ]
    again = _curate("run", pipeline_file, "--output", tmp_path / "again", "--stop-after", "quality_filter", *change)
    assert again.exit_code == 0, again.output


def test_ctrl_c_ends_the_workers_and_says_how_to_go_on(pipeline_file, tmp_path) -> None:
    """SIGINT ends a run with exit code 130 and a hint; no worker is left, and the same command completes it."""
    output = tmp_path / "run"
    command = [sys.executable, "cli.py", "run", str(pipeline_file), "--output", str(output), "--workers", "2"]
    command += ["--set", "part_bytes=1500"]  # many tasks, so that the signal comes in the middle of them
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job inherits it ignored
    )
    while process.poll() is None and not commit_count(output):
        os.sched_yield()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "the same command goes on where it stopped" in errors
    assert children and not [child for child in children if Path(f"/proc/{child}").exists()]
    command += ["--stop-after", "ingest"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_the_module_runs_as_a_program() -> None:
    """`python cli.py --version` works from a checkout."""
    done = subprocess.run([sys.executable, "cli.py", "--version"], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "version" in done.stdout
