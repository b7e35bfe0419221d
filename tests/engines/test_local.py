"""The local engine loses workers, and nothing else (RELIABILITY R21)."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from processes import alive, hunting, workers

from curate import run
from curate.engines.local import LocalEngine
from curate.engines.tries import MAX_TRIES
from curate.errors import ResourceError
from curate.plan import Plan, Task
from curate.rundir import RunDirectory


@pytest.fixture
def ingested(pipeline_file, tmp_path) -> Path:
    """A run directory with a plan of several parts."""
    return run(pipeline_file, output=tmp_path / "run", workers=0, stop_after="ingest").path


def _tasks(root: Path) -> list[Task]:
    plan = RunDirectory(root).saved_plan()
    assert plan is not None
    return Plan.from_json(plan).ingest_tasks()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL], ids=["SEGV", "KILL"])
def test_a_part_that_always_ends_its_worker_fails_by_name_and_the_others_commit(ingested, number) -> None:
    """It is tried so often and no more; every other task of the phase is done."""
    tasks = _tasks(ingested)
    bad = tasks[0]
    engine = LocalEngine(1)  # so that the task always meets a fresh process, which takes long enough to start
    done = []

    def doing_the_bad_one() -> list[int]:
        return [child.process.pid for child, group in list(engine._busy.values()) if group == (bad,)]

    with (
        hunting(doing_the_bad_one, number, MAX_TRIES + 1) as killed,
        pytest.raises(ResourceError, match=rf"ingestion of part 0 .* died 3 times, at last killed by {number.name}"),
    ):
        done.extend(task for task, _ in engine.run(str(ingested), tasks))
    engine.close()
    assert len(killed) == MAX_TRIES
    assert {task.number for task in done} == {task.number for task in tasks} - {0}


def test_closing_and_leaving_in_the_middle_end_every_worker(ingested) -> None:
    """A run that its caller leaves, as by an exception, ends the workers that are at work; closing ends the rest."""
    engine = LocalEngine(2)
    results = engine.run(str(ingested), _tasks(ingested))
    next(results)
    started = workers(os.getpid())
    assert len(started) == 2
    results.close()
    engine.close()
    assert not any(map(alive, started))
