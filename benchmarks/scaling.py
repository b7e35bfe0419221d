"""How much sooner two workers are done than one, on the GPT-3 pipeline, and what keeps them from twice as soon.

    python benchmarks/scaling.py ../shared/data [--rounds 3] [--workers 2] [--copies 16]

One and two workers run in turn over the texts of DATA and copies of its crawls (900 MB, of which 56 MB are unlike each
other). Beside the clock stands what the clock would say on an idle machine: the processor seconds of each group of
tasks, given out again in the same order, and those of the process that hands them out while no task is there. Idle is
what the workers wait for each other. A machine itself may give two programs less than twice what it gives one: the last
row is as many separate runs of one worker, at the same time.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import os
import statistics
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
#: How much sooner two workers must be done than one.
BAR = 1.9


def main() -> None:
    """Run each number of workers in turn, in a process of its own, and print the medians and the phases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with `text`, `crawl` and `evals`")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="to compare with one")
    parser.add_argument("--copies", type=int, default=16, help="of the crawls")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.data, options.copies, options.one, options.folder)))
        return
    warm()  # or the first run would compile
    with tempfile.TemporaryDirectory() as folder:
        compare(options, Path(folder))


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Run each number of workers in turn, each in a folder that stays until all are done: for half a minute ext4 looks
    at each place of a removed file before it gives it to a new one, which would be counted to the next run.
    """
    found: dict[int, list[dict[str, Any]]] = {1: [], options.workers: []}
    apart: list[float] = []
    for number in range(options.rounds):
        for workers in found if number % 2 == 0 else reversed(found):
            found[workers] += _runs(options, folder, workers, 1)
        apart.append(max(run["clock"] for run in _runs(options, folder, 1, options.workers)))
    print_phases(found[options.workers][-1], options.workers)
    print_ratio(found, options.workers, statistics.median(apart))


def _runs(options: argparse.Namespace, folder: Path, workers: int, at_once: int) -> list[dict[str, Any]]:
    """Runs in processes of their own, at the same time."""
    command = [sys.executable, __file__, str(options.data), "--copies", str(options.copies), "--one", str(workers)]
    folders = [tempfile.mkdtemp(dir=folder) for _ in range(at_once)]
    processes = [subprocess.Popen([*command, "--folder", each], stdout=subprocess.PIPE, text=True) for each in folders]
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit(f"error: a run with {workers} workers failed")
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def measure(data: Path, copies: int, workers: int, folder: Path) -> dict[str, Any]:
    """Run the pipeline; the seconds of the run, of each group of tasks, and of this process between the phases."""
    slim_down()
    engine = _NotingEngine(workers)
    runner.choose_engine = lambda *_: engine  # type: ignore[assignment]
    for path in data.glob(CRAWLS):
        for copy in range(copies):
            (folder / f"{copy}-{path.name}").symlink_to(path.resolve())
    paths = {"common_crawl": folder / "*.warc.gz"} | {name: data / path for name, path in SOURCES.items()}
    start, before = time.perf_counter(), time.process_time()
    runner.run(
        PIPELINE,
        output=folder / "run",
        workers=workers,
        overrides=(f"stages.decontaminate.benchmarks={data / BENCHMARKS}",),
        source_paths=tuple(f"{source}={path}" for source, path in paths.items()),
    )
    clock = time.perf_counter() - start
    between = time.process_time() - before - sum(phase["driver"] for phase in engine.phases)
    return {"clock": clock, "between": between, "phases": engine.phases}


class _NotingEngine(LocalEngine):
    """The local engine, which notes what each group of tasks of each phase took."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.phases: list[dict[str, Any]] = []
        self._began: dict[Group, tuple[Child, float, float]] = {}

    def run(self, root: str, tasks: list[Task]) -> Iterator[tuple[Task, Commit]]:  # type: ignore[override]
        """Do the tasks of a phase."""
        if not tasks:
            return
        name = f"{tasks[0].step} {tasks[0].kind} {tasks[0].round}"
        phase: dict[str, Any] = {"name": name, "tasks": len(tasks), "groups": []}
        self.phases.append(phase)
        clock, driver = time.perf_counter(), time.process_time()
        yield from super().run(root, tasks)
        phase |= {"clock": time.perf_counter() - clock, "driver": time.process_time() - driver}

    def _give(self, group: Group, request: bytes) -> None:
        began = time.perf_counter()
        before = processor_seconds(self._idle[-1].process.pid) if self._idle else 0.0
        super()._give(group, request)
        child = next(child for child, given in self._busy.values() if given == group)
        self._began[group] = (child, began, before)

    def _answers(self) -> Iterator[tuple[Group, bytes | Death]]:
        for group, answer in super()._answers():
            child, began, before = self._began.pop(group)
            taken = [time.perf_counter() - began, processor_seconds(child.process.pid) - before]
            self.phases[-1]["groups"].append(taken)
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
    phases = (replayed([processors for _, processors in phase["groups"]], workers) for phase in run["phases"])
    return float(run["between"] + sum(phases))


def print_phases(run: dict[str, Any], workers: int) -> None:
    """Phases down: what the workers did in each, and waited."""
    table = Table("phase", *("tasks", "clock, s", "processors, s", "idle, s"), title=f"{workers} workers, by phase")
    for phase in run["phases"]:
        seconds = [processors for _, processors in phase["groups"]]
        idle = workers * replayed(seconds, workers) - sum(seconds)
        figures = (f"{phase['clock']:.2f}", f"{sum(seconds):.2f}", f"{idle:.2f}")
        table.add_row(phase["name"], str(phase["tasks"]), *figures)
    table.add_row("between phases", "", "", f"{run['between']:.2f}", f"{(workers - 1) * run['between']:.2f}")
    Console().print(table)


def print_ratio(found: dict[int, list[dict[str, Any]]], workers: int, apart: float) -> None:
    """Numbers of workers down: medians of the clock, and of what it would say on an idle machine."""
    table = Table("workers", "clock, s", "on an idle machine, s", title="the GPT-3 pipeline")
    medians = []
    for number, runs in found.items():
        figures = [[run["clock"], idle_machine_seconds(run, number)] for run in runs]
        medians.append([statistics.median(column) for column in zip(*figures, strict=True)])
        table.add_row(str(number), *(f"{figure:.1f}" for figure in medians[-1]))
    table.add_row("ratio", *(f"{one / more:.2f}" for one, more in zip(*medians, strict=True)))
    last = found[workers][-1]
    schedule = idle_machine_seconds(last, 1) / idle_machine_seconds(last, workers)
    table.add_row("the schedule alone", "", f"{schedule:.2f}")
    table.add_row(f"{workers} runs of 1 at once", f"{apart:.1f}", "")
    table.add_row("ratio", f"{workers * medians[0][0] / apart:.2f}", "")
    Console().print(table)
    print(f"bar: {BAR} for two workers; load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
