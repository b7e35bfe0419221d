"""R2: a run killed at any point of any kind of task goes on from exactly what was committed."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from fault_points import AFTER_COMMIT, BEFORE_COMMIT, BEFORE_WRITE, IN_COMMIT, MID_WRITE
from outputs import whole_commits

from curate import run

KINDS = ("ingest", "summarize", "divide", "reduce", "conclude", "annotate", "layout", "shard", "finish")
POINTS = (BEFORE_WRITE, MID_WRITE, BEFORE_COMMIT, IN_COMMIT, AFTER_COMMIT)


def _events(fork_server, folder: Path) -> list[tuple[str, str, int]]:
    """Every event of an undisturbed run: kind, point and number."""
    trace = folder / "trace"
    assert fork_server.run(folder / "traced", fault={"trace": str(trace)}).code == 0
    rows = [line.split("\t") for line in trace.read_text().splitlines()]
    return [(kind, point, int(number)) for kind, point, number in rows]


def _chosen(events: list[tuple[str, str, int]], trials: int) -> list[tuple[str, str, int]]:
    """As many events as trials: one of each name before two of any, those between tasks and publishing included."""
    by_name: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
    for event in events:
        by_name.setdefault(event[:2], []).append(event)
    for found in by_name.values():
        middle = len(found) // 2
        found[:] = found[middle:] + found[:middle]
    turns = range(max(map(len, by_name.values())))
    rounds = [found[turn] for turn in turns for found in by_name.values() if turn < len(found)]
    if trials >= len(by_name):
        return rounds[:trials]
    return rounds[: len(by_name)][:: -(-len(by_name) // trials)]


def test_every_kind_of_task_has_every_point(fork_server, scratch) -> None:
    """The hook sees what it is meant to see, so that no point is left out unnoticed."""
    names = {event[:2] for event in _events(fork_server, scratch)}
    expected = {(kind, point) for kind in KINDS for point in POINTS}
    assert expected - {("divide", BEFORE_WRITE), ("divide", MID_WRITE)} <= names  # it only counts, and commits that
    assert {kind for kind, _ in names} == {*KINDS, "plan", "publish", "end", "start"}


@pytest.mark.slow
def test_kill_at_every_named_point(fork_server, chaos_pipeline, scratch, ledger, trials) -> None:
    """Whatever the point, the next run does just the tasks that have no whole commit, and ends with the same bytes."""
    for number, (kind, point, count) in enumerate(_chosen(_events(fork_server, scratch), 2 * trials)):
        output = scratch / f"run-{number}"
        done = fork_server.run(output, fault={"kind": kind, "point": point, "number": count})
        assert -done.code == (signal.SIGXFSZ if point == MID_WRITE else signal.SIGKILL), (kind, point, done.output)
        committed = whole_commits(output)
        again = run(chaos_pipeline, output=output, workers=0)
        assert again.tasks_reused == committed, (kind, point)
        ledger.same_bytes(output, f"{kind}, {point} {count}")
        shutil.rmtree(output)
    ledger.close("R2", "killed at a named point: each kind of task, before, within and after its write and its commit")
