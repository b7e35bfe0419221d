"""Running a plan: step after step, each task committed, so that the same command resumes what was cut off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.disk import naming_refusals
from curate.engines.choose import Engine, EngineName, choose_engine
from curate.engines.cores import available_cores
from curate.engines.serial import SerialEngine
from curate.engines.watchdog import Limits
from curate.environment import describe_environment
from curate.errors import PipelineError, Problem
from curate.overrides import did_you_mean
from curate.pipeline import Pipeline, load_pipeline
from curate.plan import Plan, Step, Task, make_plan
from curate.remote_rundir import open_run
from curate.report.funnel import Funnel, Totals, add_up
from curate.report.progress import Quiet, Reporter
from curate.report.publish import publish
from curate.rundir import RunDirectory
from curate.stage import Writer
from curate.storage import (
    Commit,
    DamagedError,
    atomic_file,
    describe_outputs,
    remove_temporary,
    write_sealed,
)
from curate.strict_yaml import Parsed
from curate.unique_ids import check_parts_apart


@dataclass(frozen=True)
class RunResult:
    """What a run did.

    Attributes:
        directory: the run directory.
        steps: those that are done.
        reports: names of the reports.
        funnel: counts by stage, source, outcome and reason.
        seconds: wall-clock time.
        tasks_run, tasks_reused: how many tasks were done now, and how many had been done before.
        peak_memory_bytes: the largest resident memory of a worker.
    """

    directory: RunDirectory
    plan: Plan
    steps: tuple[Step, ...]
    reports: tuple[str, ...]
    funnel: Funnel
    seconds: float
    tasks_run: int
    tasks_reused: int
    peak_memory_bytes: int

    @property
    def path(self) -> Path:
        """The run directory, if it is one of this machine."""
        return self.directory.root


def run(
    pipeline: str | Path | Pipeline,
    *,
    output: str | Path | None = None,
    workers: int | None = None,
    engine: EngineName = "local",
    address: str | None = None,
    memory_bytes: int | None = None,
    overrides: tuple[str, ...] = (),
    source_paths: tuple[str, ...] = (),
    stop_after: str | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Run a pipeline, or what of it has not been done yet.

    Args:
        pipeline: a YAML file, or a pipeline made in Python.
        output: the run directory, a path or a URL that fsspec writes to (docs/storage.md); by default `runs/NAME`
            under the current folder.
        workers: worker processes; 0 does everything in this process, None takes one per available core. With the
            engine `ray`, how many tasks at once; None is what the cluster can do.
        engine: `local` (processes on this machine), `ray` (see docs/cluster.md) or `serial` (this process).
        address: of a Ray cluster: `auto` or HOST:PORT; None starts Ray on this machine.
        memory_bytes: for all processes of the run together, in place of the pipeline's `max_memory_bytes` a task.
        overrides: `key.path=value`, as of `--set`.
        source_paths: `NAME=GLOB`, as of `--source`.
        stop_after: label of the last stage to run, or `ingest`; None runs all.
        reporter: is told of the progress.

    Raises:
        PipelineError: the pipeline or an argument is wrong, or inputs are missing.
        ResourceError: the memory allowed is too little, or runs out.
        CurateError: the run failed; running it again goes on where it stopped.
    """
    parsed = None
    if not isinstance(pipeline, Pipeline):
        pipeline, parsed = load_pipeline(pipeline, overrides=overrides, source_paths=source_paths)
    if engine != "ray" or memory_bytes is not None:  # a cluster's machines are not this one
        processes = 0 if engine == "serial" else available_cores() if workers is None else workers
        pipeline = pipeline.with_memory(memory_bytes, processes)
    plan = plan_of(pipeline, parsed, stop_after)
    directory = open_run(output or default_output(pipeline))
    limits = Limits(pipeline.settings.max_record_seconds, pipeline.settings.max_record_memory_bytes)
    chosen = choose_engine(engine, workers, address, limits, pipeline.settings.max_memory_bytes)
    if directory.name.startswith("memory://") and not isinstance(chosen, SerialEngine):
        hint = "use --workers 0, or another --output"
        raise PipelineError([Problem("--output", "memory:// is seen by one process only", hint)])
    with directory.lock() as check_lock, naming_refusals(directory.root):
        remove_temporary(directory.root)
        try:
            return _Runner(directory, plan, chosen, reporter or Quiet(), check_lock).run(_last_step(plan, stop_after))
        finally:
            chosen.close()


def default_output(pipeline: Pipeline) -> Path:
    """Where a pipeline's run goes if nothing else is said."""
    return Path("runs") / pipeline.settings.name


def plan_of(pipeline: Pipeline, parsed: Parsed | None, stop_after: str | None = None) -> Plan:
    """The plan of a pipeline; `stop_after` is checked here so that a slip costs no time."""
    labels = ["ingest", *(label for label, _ in pipeline.stages)]
    if stop_after is not None and stop_after not in labels:
        hint = did_you_mean(stop_after, labels) or f"there are: {', '.join(labels)}"
        raise PipelineError([Problem("--stop-after", f"no stage '{stop_after}'", hint)])
    return make_plan(pipeline, parsed)


def _last_step(plan: Plan, stop_after: str | None) -> int:
    if stop_after is None:
        return len(plan.steps)
    return ["ingest", *(step.label for step in plan.steps)].index(stop_after)


def committed(run_directory: RunDirectory, plan: Plan, task: Task) -> Commit | None:
    """The commit of a task if it is done."""
    return next(commits_of(run_directory, plan, [task]))


def commits_of(
    run_directory: RunDirectory, plan: Plan, tasks: Sequence[Task], reporter: Reporter | None = None
) -> Iterator[Commit | None]:
    """The commit of each task that is done; what is damaged does not count, and the reporter is told of it."""

    def warn(damage: DamagedError) -> None:
        if reporter:
            reporter.warn(f"{damage}; it is made again")

    return run_directory.read_commits([(_commit_file(run_directory, plan, task), task.key) for task in tasks], warn)


def _commit_file(run_directory: RunDirectory, plan: Plan, task: Task) -> Path:
    return run_directory.commit(plan.folder(task.step), plan.task_name(task))


class _Runner:
    """One run: the counts and times it gathers on the way."""

    def __init__(
        self,
        directory: RunDirectory,
        plan: Plan,
        engine: Engine,
        reporter: Reporter,
        check_lock: Callable[[], None],
    ):
        self.directory, self.plan, self.engine, self.reporter = directory, plan, engine, reporter
        self.check_lock = check_lock
        self.funnel = Funnel()
        self.timings: dict[str, float] = {}
        self._steps: tuple[Step, ...] = ()
        self._run = self._reused = 0
        self._early: set[Task] = set()  # those done beside an earlier phase, which come again in their own

    def run(self, last: int) -> RunResult:
        began = time.monotonic()
        self.directory.remove_parts_from(len(self.plan.parts))
        self._save_plan()
        self._steps = self.plan.steps[:last]
        self._ingest()
        for step in self._steps:
            told = self._step(step.label, self.plan.phases(step, self._counts))
            if not isinstance(step.stage, Writer):
                self.funnel.add(step.label, told.totals)
        remove_temporary(self.directory.root)  # of workers that died on the way
        reports = publish(self.directory, self.plan, self.funnel, last)
        seconds = time.monotonic() - began
        peak = self.engine.peak_memory_bytes()
        write_sealed(self.directory.timings, {"seconds": self.timings, "peak_memory_bytes": peak})
        self.directory.save(self.directory.timings)
        self._commit_run(last)
        counts = (self._run, self._reused, peak)
        return RunResult(self.directory, self.plan, self._steps, reports, self.funnel, seconds, *counts)

    def _ingest(self) -> None:
        """Read everything in."""
        told = self._step("ingest", iter([self.plan.ingest_tasks()]))
        self.funnel.add("ingest", told.totals)
        check_parts_apart(self.plan.parts, [told.offsets[part.index] for part in self.plan.parts])

    def _counts(self, task: Task) -> Mapping[str, Any] | None:
        """What a task counted, once it is done."""
        commit = committed(self.directory, self.plan, task)
        return commit.counts if commit else None

    def _step(self, label: str, phases: Iterator[list[Task]]) -> _Told:
        """Run what is not committed of each phase, and beside it what of later steps fits there.

        Returns of the step's commits what is still needed.
        """
        told = _Told()
        began = time.monotonic()
        self.reporter.start(label)
        for phase in phases:
            beside = self.plan.beside(phase, self._steps)
            tasks = phase + beside
            todo = []
            for task, commit in zip(tasks, commits_of(self.directory, self.plan, tasks, self.reporter), strict=True):
                if commit is None:
                    self.directory.discard(_commit_file(self.directory, self.plan, task))
                    todo.append(task)
                elif task not in beside:
                    told.add(task, commit)
            new = len(todo) + len(set(tasks) - self._early - set(todo))
            self.reporter.extend(new, new - len(todo))
            self._early.update(beside)
            todo.sort(key=self.plan.input_bytes, reverse=True)  # so that no worker ends long after the others
            for task, commit in self.engine.run(self.directory.location, todo):
                self.check_lock()
                if task not in beside:
                    told.add(task, commit)
                documents, kept = _documents(commit)
                self.reporter.advance(documents, kept)
            self._run += len(todo)
            self._reused += new - len(todo)
        self.reporter.finish()
        self.timings[label] = round(time.monotonic() - began, 3)
        for message in told.warnings:
            self.reporter.warn(f"{label}: {message}")
        return told

    def _save_plan(self) -> None:
        """Write what is about to run; from here on the run directory is that of an unfinished run."""
        run = self.directory
        run.begin()
        write_sealed(run.plan, self.plan.to_json())
        write_sealed(run.environment, describe_environment())
        with atomic_file(run.pipeline) as temporary:
            temporary.write_text(self.plan.pipeline.as_yaml(), encoding="utf-8")
        run.save(run.plan, run.environment, run.pipeline)

    def _commit_run(self, last: int) -> None:
        """Declare the run finished: the commit of what no other names or carries its own hash."""
        files = [self.directory.pipeline, *sorted(self.directory.reports.iterdir())]
        outputs = describe_outputs(files, self.directory.root)
        self.directory.finish(Commit(self.plan.key, outputs, {"steps": last}))


class _Told:
    """What a run still needs of the commits of a step: not the files, nor a number for each slot of a shuffle.

    Attributes:
        offsets: by part, what `check_parts_apart` looks at.
        totals: what all tasks together counted.
    """

    def __init__(self) -> None:
        self.offsets: dict[int, Any] = {}
        self.totals: Totals = {}
        self._warnings: list[tuple[int, str, int, str]] = []

    def add(self, task: Task, commit: Commit) -> None:
        """Take in the commit of a task."""
        if "offsets" in commit.counts:
            self.offsets[task.number] = commit.counts["offsets"]
        add_up(self.totals, commit.counts.get("tally", []))
        self._warnings += [(task.round, task.kind, task.number, message) for message in commit.warnings]

    @property
    def warnings(self) -> list[str]:
        """Each message once, ordered by round, kind and number of their tasks."""
        return list(dict.fromkeys(message for *_, message in sorted(self._warnings)))


def _documents(commit: Commit) -> tuple[int, int]:
    """Documents that a task was given, and how many of them it kept."""
    tally: list[list[Any]] = commit.counts.get("tally", [])
    given = sum(row[3] for row in tally if row[1] != "skipped")
    return given, sum(row[3] for row in tally if row[1] in ("kept", "documents"))
