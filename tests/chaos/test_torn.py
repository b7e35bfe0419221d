"""R3: a commit that is torn, or whose files are, is never trusted, and the user is told."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from curate import run
from curate.report.progress import Quiet
from curate.storage import Commit, load_commit, write_commit


class Warnings(Quiet):
    """Keeps what a run warns of."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def warn(self, message: str) -> None:
        """Keep it."""
        self.messages.append(message)


def _output_of(root: Path, commit: Path) -> Path:
    return root / load_commit(commit).outputs[0]["path"]


def _truncate(path: Path, size: int) -> Path:
    with path.open("r+b") as file:
        file.truncate(size)
    return path


def _overwrite(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _of_another_task(root: Path, commit: Path) -> Path:
    old = load_commit(commit)
    write_commit(commit, Commit("0" * 64, old.outputs, old.counts))
    return commit


def _remove(path: Path) -> Path:
    path.unlink()
    return path


#: What is done to a commit or to the first file that it names; each gives back the file that is no longer right.
HARMS = {
    "commit cut at 1 byte": lambda root, commit: _truncate(commit, 1),
    "commit cut in the middle": lambda root, commit: _truncate(commit, commit.stat().st_size // 2),
    "commit without its last byte but one": lambda root, commit: _truncate(commit, commit.stat().st_size - 2),
    "commit of no bytes": lambda root, commit: _truncate(commit, 0),
    "commit of zeros": lambda root, commit: _overwrite(commit, bytes(commit.stat().st_size)),
    "commit of garbage": lambda root, commit: _overwrite(commit, random.Random(3).randbytes(300)),
    "commit that is other JSON": lambda root, commit: _overwrite(commit, json.dumps({"key": 1}).encode()),
    "commit that is a list": lambda root, commit: _overwrite(commit, b"[]"),
    "commit of another key": _of_another_task,
    "commit gone": lambda root, commit: _remove(commit),
    "file gone": lambda root, commit: _remove(_output_of(root, commit)),
    "file of no bytes": lambda root, commit: _truncate(_output_of(root, commit), 0),
    "file cut by a byte": lambda root, commit: _truncate(
        _output_of(root, commit), _output_of(root, commit).stat().st_size - 1
    ),
    "file longer by a byte": lambda root, commit: _truncate(
        _output_of(root, commit), _output_of(root, commit).stat().st_size + 1
    ),
}
#: Without a trace of an earlier commit there is nothing to warn of.
UNREMARKABLE = {"commit of another key", "commit gone"}


def _commits(root: Path, in_full: bool, number: int) -> list[Path]:
    """All commits of a run that name a file; in short, one kind after the other."""
    every = [commit for commit in sorted(root.rglob("commits/*.json")) if load_commit(commit).outputs]
    return every[number % 3 :: 3] if in_full else [every[number * 5 % len(every)]]


@pytest.mark.slow
def test_what_is_torn_is_made_again(undisturbed, chaos_pipeline, scratch, ledger, in_full) -> None:
    """Whatever was torn, the next run names it, does its task again, and ends with the same bytes."""
    for number, (harm, do) in enumerate(HARMS.items()):
        for commit in _commits(undisturbed, in_full, number):
            output = Path(shutil.copytree(undisturbed, scratch / "run"))
            harmed = do(output, output / commit.relative_to(undisturbed))
            reporter = Warnings()
            again = run(chaos_pipeline, output=output, workers=0, reporter=reporter)
            what = f"{harm}: {harmed.relative_to(output)}"
            assert again.tasks_run >= 1, what
            told = harm in UNREMARKABLE or any(str(harmed) in message for message in reporter.messages)
            ledger.trial(ledger.is_same(output) and told, f"{what}: other bytes, or not named in {reporter.messages}")
            shutil.rmtree(output)
    ledger.close("R3", "a commit or a file cut, emptied, overwritten or removed: named, made again")


def test_a_damaged_plan_is_written_anew(undisturbed, chaos_pipeline, scratch, ledger) -> None:
    """The plan, the pipeline file and the run's own commit are made from the pipeline; damage to them costs nothing."""
    output = Path(shutil.copytree(undisturbed, scratch / "run"))
    for name in ("plan.json", "environment.json", "timings.json", "finished.json", "pipeline.yaml"):
        _truncate(output / name, 50)
        again = run(chaos_pipeline, output=output, workers=0)
        assert again.tasks_run == 0
        ledger.same_bytes(output, name)
    ledger.close("R3", "plan.json, pipeline.yaml and the like cut: written anew, no task done again")
