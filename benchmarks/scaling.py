"""How much sooner two workers are done than one, on the GPT-3 pipeline, and what keeps them from twice as soon.

    python benchmarks/scaling.py ../shared/data [--rounds 1] [--workers 2] [--copies 64]

The pipeline runs over the texts of DATA and copies of its crawls. A machine that others share may work a quarter slower
a minute later, which is more than what is looked for. So three programs run at the same time and take turns of a few
seconds, in which the others stand still: a run of one worker, one of two, and two runs of one worker each, which share
nothing and so tell what the machine gives to two programs. The turns of those who are sooner done are shorter, so that
all pass through the same stretch of time at the same pace.

Beside the clock of its turns stands what a run's schedule allows: the processor seconds of each group of tasks, given
out again in the same order, and those of the process that hands them out while no task is there. Idle is what the
workers wait for each other.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from curate import runner
from curate.engines.child import Child, Death
from curate.engines.local import LocalEngine
from curate.engines.tries import Group
from curate.own_process import slim_down
from curate.plan import Task
from curate.storage import Commit
from curate.warm import warm

PIPELINE = Path(__file__).parents[1] / "pipelines" / "gpt3_mix.yaml"
SOURCES = {
    "webtext2": "text/news-bbc.jsonl.zst",
    "books1": "text/books.jsonl.zst",
    "books2": "text/reviews-imdb.jsonl.zst",
    "wikipedia": "text/wikipedia-en.jsonl.zst",
}
CRAWLS, BENCHMARKS = "crawl/*.warc.gz", "evals/*.jsonl.gz"
#: How long one worker goes on at a time: longer than what it costs to begin again, shorter than the machine's moods.
TURN_SECONDS = 4.0
#: How much sooner two workers must be done than one.
BAR = 1.9


def main() -> None:
    """Let one worker, several, and several runs of one take turns, and print their times and the phases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with `text`, `crawl` and `evals`")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="to compare with one")
    parser.add_argument("--copies", type=int, default=64, help="of the crawls")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.data, options.copies, options.one, options.folder)))
        return
    warm()  # or the first run would compile
    table = Table("one worker, s", f"{options.workers} workers, s", f"{options.workers} runs of one, s")
    for column in ("ratio", "by the schedule", "of the machine"):
        table.add_column(column)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            rivals = [
                Rival(options, Path(folder), *each) for each in ((1, 1), (options.workers, 1), (1, options.workers))
            ]
            take_turns(rivals)
            compare(rivals, options.workers, table)
    Console().print(table)
    print(f"bar: {BAR} for two workers")


class Rival:
    """One or several runs at the same time, all of which stand still while it is not their turn.

    Args:
        folder: where they work. It stays until all are done: for half a minute ext4 looks at each place of a removed
            file before it gives it to a new one.
        workers: of each run.
        runs: how many.
    """

    def __init__(self, options: argparse.Namespace, folder: Path, workers: int, runs: int):
        command = [sys.executable, __file__, str(options.data), "--copies", str(options.copies), "--one", str(workers)]
        self.turn_seconds = TURN_SECONDS / workers
        self._folders = [Path(tempfile.mkdtemp(dir=folder)) for _ in range(runs)]
        self._runs = [_start([*command, "--folder", str(each)], each / "result.json") for each in self._folders]
        self._turns: list[tuple[float, float]] = []

    def take_turn(self) -> bool:
        """Go on for a while; False if all was done before."""
        running = [run for run in self._runs if run.poll() is None]
        began = time.monotonic()
        for run in running:
            os.killpg(run.pid, signal.SIGCONT)
        for run in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(max(0.0, began + self.turn_seconds - time.monotonic()))
        for run in running:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGSTOP)
        self._turns.append((began, time.monotonic()))
        return bool(running)

    def end(self) -> None:
        """End what still runs."""
        for run in self._runs:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()  # or it would still write into a folder that is being removed

    def results(self) -> list[dict[str, Any]]:
        """What `measure` found of each run, with the seconds of its turns."""
        if any(run.returncode for run in self._runs):
            sys.exit("error: a run failed")
        found = [json.loads((folder / "result.json").read_text("utf-8")) for folder in self._folders]
        for each in found:
            spans = [min(end, each["end"]) - max(began, each["began"]) for began, end in self._turns]
            each["clock"] = sum(max(0.0, span) for span in spans)
        return found


def _start(command: list[str], output: Path) -> subprocess.Popen[bytes]:
    """Start a run, in a process group of its own, and have it wait for its turn."""
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, start_new_session=True)
    os.killpg(process.pid, signal.SIGSTOP)
    return process


def take_turns(rivals: list[Rival]) -> None:
    """Let each go on in turn until all are done."""
    try:
        while any([rival.take_turn() for rival in rivals]):
            pass
    finally:
        for rival in rivals:
            rival.end()


def compare(rivals: list[Rival], workers: int, table: Table) -> None:
    """Print the phases of the run of several workers, and add a row to the table."""
    [one], [more], apart = (rival.results() for rival in rivals)
    print_phases(more, workers)
    separate = max(run["clock"] for run in apart)
    schedule = idle_machine_seconds(more, 1) / idle_machine_seconds(more, workers)
    ratios = one["clock"] / more["clock"], schedule, workers * one["clock"] / separate
    table.add_row(f"{one['clock']:.1f}", f"{more['clock']:.1f}", f"{separate:.1f}", *(f"{each:.2f}" for each in ratios))


def measure(data: Path, copies: int, workers: int, folder: Path) -> dict[str, Any]:
    """Run the pipeline; the seconds of the run, of each group of tasks, and of this process between the phases."""
    slim_down()
    engine = _NotingEngine(workers)
    runner.choose_engine = lambda *_: engine  # type: ignore[assignment]
    for path in data.glob(CRAWLS):
        for copy in range(copies):
            (folder / f"{copy}-{path.name}").symlink_to(path.resolve())
    paths = {"common_crawl": folder / "*.warc.gz"} | {name: data / path for name, path in SOURCES.items()}
    began, before = time.monotonic(), time.process_time()
    runner.run(
        PIPELINE,
        output=folder / "run",
        workers=workers,
        overrides=(f"stages.decontaminate.benchmarks={data / BENCHMARKS}",),
        source_paths=tuple(f"{source}={path}" for source, path in paths.items()),
    )
    between = time.process_time() - before - sum(phase["driver"] for phase in engine.phases)
    return {"began": began, "end": time.monotonic(), "between": between, "phases": engine.phases}


class _NotingEngine(LocalEngine):
    """The local engine, which notes what each group of tasks of each phase took."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.phases: list[dict[str, Any]] = []
        self._began: dict[Group, tuple[Child, float]] = {}

    def run(self, root: str, tasks: list[Task]) -> Iterator[tuple[Task, Commit]]:  # type: ignore[override]
        """Do the tasks of a phase."""
        if not tasks:
            return
        name = f"{tasks[0].step} {tasks[0].kind} {tasks[0].round}"
        phase: dict[str, Any] = {"name": name, "tasks": len(tasks), "groups": []}
        self.phases.append(phase)
        before = time.process_time()
        yield from super().run(root, tasks)
        phase["driver"] = time.process_time() - before

    def _give(self, group: Group, request: bytes) -> None:
        before = processor_seconds(self._idle[-1].process.pid) if self._idle else 0.0
        super()._give(group, request)
        child = next(child for child, given in self._busy.values() if given == group)
        self._began[group] = (child, before)

    def _answers(self) -> Iterator[tuple[Group, bytes | Death]]:
        for group, answer in super()._answers():
            child, before = self._began.pop(group)
            self.phases[-1]["groups"].append(processor_seconds(child.process.pid) - before)
            yield group, answer


def processor_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def replayed(seconds: list[float], workers: int) -> float:
    """When the last task ends if each is given to the worker that is free first.

    >>> replayed([3, 2, 2], 2), replayed([3, 2, 2], 1)
    (4.0, 7.0)
    """
    free = [0.0] * workers
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)


def idle_machine_seconds(run: dict[str, Any], workers: int) -> float:
    """What the clock would say on an idle machine."""
    phases = (replayed(phase["groups"], workers) for phase in run["phases"])
    return float(run["between"] + sum(phases))


def print_phases(run: dict[str, Any], workers: int) -> None:
    """Phases down: what the workers did in each, and waited."""
    table = Table("phase", *("tasks", "processors, s", "idle, s"), title=f"{workers} workers, by phase")
    for phase in run["phases"]:
        seconds = phase["groups"]
        figures = (f"{sum(seconds):.2f}", f"{workers * replayed(seconds, workers) - sum(seconds):.2f}")
        table.add_row(phase["name"], str(phase["tasks"]), *figures)
    table.add_row("between phases", "", f"{run['between']:.2f}", f"{(workers - 1) * run['between']:.2f}")
    Console().print(table)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
