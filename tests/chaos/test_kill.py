"""R1 and R7: a run killed at random moments ends as an undisturbed one, and no two runs share a directory."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fork_client import ROOT
from outputs import commit_count, output_hashes, whole_commits

from curate import run
from curate.errors import StateError
from curate.rundir import RunDirectory

#: Longest wait for a process to do something, seconds; only a process that hangs takes so long.
DEADLINE_SECONDS = 120


def _command(pipeline: Path, output: Path, workers: int = 2) -> list[str]:
    return [sys.executable, "-m", "cli", "run", str(pipeline), "--output", str(output), "--workers", str(workers)]


def _start(command: list[str]) -> subprocess.Popen:
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, text=True
    )


def _wait_until(process: subprocess.Popen, happened) -> None:
    """Look again and again until something has happened or the process has ended."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while process.poll() is None and not happened():
        assert time.monotonic() < deadline, "the run hangs"
        time.sleep(0.001)


def _kill_at(command: list[str], output: Path, commits: int, seconds: float) -> bool:
    """Start a run and kill its process group so long after so many commits; False if it had ended before."""
    process = _start(command)
    _wait_until(process, lambda: commit_count(output) >= commits)
    moment = time.monotonic() + seconds
    _wait_until(process, lambda: time.monotonic() >= moment)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return alive


def _partial(output: Path, expected: dict[str, str]) -> list[str]:
    """Published shards that are not whole: there at once under their names, or not at all."""
    found = {name: digest for name, digest in output_hashes(output).items() if name.startswith("tokens/")}
    whole = {name: digest for name, digest in expected.items() if name.startswith("tokens/")}
    return [] if found in ({}, whole) else sorted(found)


@pytest.mark.slow
def test_kill_9_at_random_moments(chaos_pipeline, undisturbed, scratch, ledger, trials) -> None:
    """Killed with its workers at random moments and started again until done, a run gives the same bytes.

    Moments are drawn over the commits of the run, and in time after that: each run directory is killed several times
    before it is let to its end.
    """
    draws, expected, last = random.Random(1), output_hashes(undisturbed), commit_count(undisturbed)
    while ledger.trials < trials:
        output, at, killed = scratch / f"run-{ledger.trials}", 0, []
        while ledger.trials + len(killed) < trials and at < last:
            if _kill_at(_command(chaos_pipeline, output), output, at, draws.random() * 0.3):
                killed.append(_partial(output, expected))
            at = max(commit_count(output), at) + draws.randrange(last // 2)
        done = _start(_command(chaos_pipeline, output))
        said = done.communicate()[0]
        whole = done.returncode == 0 and ledger.is_same(output)
        for partial in killed:
            ledger.trial(whole and not partial, f"{output.name}: {said}, {partial} in tokens/")
    ledger.close("R1", "`kill -9` of the run and its 2 workers at a random moment, started again until done")


@pytest.mark.slow
def test_a_killed_worker_costs_its_task_only(chaos_pipeline, scratch, ledger, trials) -> None:
    """When a worker process is killed, its task is done again and the result is the same."""
    from curate.report.progress import Quiet

    class Killer(Quiet):
        left = 2

        def advance(self, documents: int, kept: int) -> None:
            if self.left:
                children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
                commands = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
                workers = [child for child, command in commands.items() if b"curate.engines.worker" in command]
                os.kill(int(workers[0]), signal.SIGKILL)
                self.left -= 1

    for number in range(max(1, trials // 10)):
        killer = Killer()
        result = run(chaos_pipeline, output=scratch / f"run-{number}", workers=2, reporter=killer)
        assert killer.left == 0
        ledger.same_bytes(result.path, "two workers killed")
    ledger.close("R1", "`kill -9` of two workers, whose tasks others do")


def test_a_second_run_is_refused(chaos_pipeline, scratch, ledger, trials) -> None:
    """While one process holds a run directory another command is refused, told who holds it, and changes nothing."""
    output = scratch / "run"
    refusals = max(1, trials // 10)
    with RunDirectory(output).lock():
        before = sorted(output.rglob("*"))
        for _ in range(refusals):
            second = _start(_command(chaos_pipeline, output))
            said = second.communicate()[0]
            ledger.trial(second.returncode == 1 and f"in use by process {os.getpid()} on" in said, said)
        assert sorted(output.rglob("*")) == before
        with pytest.raises(StateError, match=f"process {os.getpid()}"):
            run(chaos_pipeline, output=output)
    ledger.close("R7", "a second `curate run` on a run directory in use: refused, naming the holder")


def test_the_lock_of_a_dead_process_is_taken_over(chaos_pipeline, scratch, ledger) -> None:
    """The lock goes with its process, so what a killed run leaves in LOCK stops nobody; its commits are used."""
    output = scratch / "run"
    assert _kill_at(_command(chaos_pipeline, output, workers=1), output, 5, 0)
    assert "process" in (output / "LOCK").read_text()
    committed = whole_commits(output)
    again = run(chaos_pipeline, output=output, workers=0)
    assert again.tasks_reused == committed >= 5
    ledger.same_bytes(output, "a dead process's lock")
    ledger.close("R7", "the lock of a killed run: taken over")
