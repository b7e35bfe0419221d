"""The tasks of a run: what a worker does for one part, one state or one shard, ending in a commit."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from curate.annotate_part import annotate_part
from curate.disk import naming_refusals
from curate.ingest.watch import UNWATCHED, Watched
from curate.ingest_part import ingest_part
from curate.plan import Plan, Step, Task
from curate.remote_rundir import open_run
from curate.rounds import Save, Summaries, range_edges, reduce_range, save_summary, summary_of_part
from curate.run_corpus import RunCorpus, fetch_state
from curate.rundir import RunDirectory
from curate.stage import CorpusStage, Round, Stage, Writer
from curate.storage import Commit, describe_outputs
from curate.tables import write_tables

#: What a task hands back to be committed: the files it wrote and what it counted.
Done = tuple[list[Path], dict[str, Any]]


def execute(root: str, task: Task, watched: Watched = UNWATCHED) -> Commit:
    """Do a task of a run and commit it; doing it again gives the same bytes.

    Args:
        root: the location of the run directory.
        watched: how the engine watches the reading of records.
    """
    run = open_run(root)
    plan = _plan(root, run.plan_version())
    home = run.stage(plan.folder(task.step)) if task.step else run.documents
    with naming_refusals(home), _collected_warnings() as warnings:
        if task.kind == "ingest":
            outputs, counts = _ingest(run, plan, task, watched)
        else:
            outputs, counts = _KINDS[task.kind](run, plan, task)
    commit = Commit(task.key, describe_outputs(outputs, run.root), counts, warnings.messages)
    return run.commit_task(run.commit(plan.folder(task.step), plan.task_name(task)), commit)


@lru_cache(maxsize=1)
def _plan(root: str, version: str) -> Plan:
    return Plan.from_json(open_run(root).load_plan())


def _ingest(run: RunDirectory, plan: Plan, task: Task, watched: Watched) -> Done:
    part = plan.parts[task.number]
    documents, quarantine = run.document_part(part.index), run.quarantine_part(part.index)
    return [documents, quarantine], ingest_part(plan.pipeline, part, documents, quarantine, watched)


def _summarize(run: RunDirectory, plan: Plan, task: Task) -> Done:
    step, stage, one, corpus = _round(run, plan, task)
    output = run.summary(step.folder, one.name, task.number)
    save = partial(write_tables, output)
    return [output], save_summary(one, save, summary_of_part(stage, one, corpus, task.number), plan.slots)


def _divide(run: RunDirectory, plan: Plan, task: Task) -> Done:
    _, stage, one, corpus = _round(run, plan, task)
    tables = corpus.tables
    counts = tables.reduce_counts(one.reduces[0]) if one.reduces else tables.counts(one.name)
    return [], {"edges": range_edges(stage, one, counts, corpus.max_memory_bytes)}


def _reduce(run: RunDirectory, plan: Plan, task: Task) -> Done:
    step, stage, one, corpus = _round(run, plan, task)
    edges = corpus.tables.edges(one.name)

    def path(name: str) -> Path:
        return run.reduced(step.folder, one.name, name, task.number)

    def save(name: str) -> Save:
        return partial(write_tables, path(name))

    names, counts = reduce_range(stage, one, corpus, edges, task.number, save)
    return [path(name) for name in names], counts


def _conclude(run: RunDirectory, plan: Plan, task: Task) -> Done:
    """Conclude on a copy of the state and put it in place whole, so that no half-written file is ever loaded."""
    step, _, one, corpus = _round(run, plan, task)
    assert one.conclude is not None
    state = run.state(step.folder)
    fresh = state.with_name("state.tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    if plan.state_task(step, task.round):
        shutil.copytree(fetch_state(run, plan, step, task.round), fresh)
    else:
        fresh.mkdir(parents=True)
    one.conclude(corpus, Summaries(corpus.tables, one.name) if one.summarize else (), fresh)
    shutil.rmtree(state, ignore_errors=True)
    fresh.replace(state)
    return sorted(_files(state)), {}


def _annotate(run: RunDirectory, plan: Plan, task: Task) -> Done:
    step = plan.step(task.step)
    stage = step.stage
    assert isinstance(stage, Stage)
    if isinstance(stage, CorpusStage):
        stage = _loaded(run, plan, step, len(stage.rounds()))
    corpus = RunCorpus(run, plan, task.step, stage.needs)
    if isinstance(stage, CorpusStage):
        stage.load_part(corpus.tables, task.number)
    return annotate_part(corpus, step, stage, task.number)


def _layout(run: RunDirectory, plan: Plan, task: Task) -> Done:
    step, writer = _writer(plan, task)
    state = run.state(step.folder)
    for stale in (state, run.shards(step.folder)):
        shutil.rmtree(stale, ignore_errors=True)
        stale.mkdir(parents=True)
    shards = writer.layout(RunCorpus(run, plan, task.step, writer.needs), state)
    return sorted(_files(state)), {"shards": shards}


def _shard(run: RunDirectory, plan: Plan, task: Task) -> Done:
    step, writer = _writer(plan, task)
    folder, target = run.stage(step.folder) / f"shard-{task.number:05}.tmp", run.shards(step.folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    target.mkdir(parents=True, exist_ok=True)
    corpus = RunCorpus(run, plan, task.step, writer.needs)
    counts = writer.write_shard(corpus, fetch_state(run, plan, step), task.number, folder)
    outputs = [file.replace(target / file.name) for file in sorted(_files(folder))]
    folder.rmdir()
    return outputs, {"counts": counts}


def _finish(run: RunDirectory, plan: Plan, task: Task) -> Done:
    step, writer = _writer(plan, task)
    corpus = RunCorpus(run, plan, task.step, writer.needs)
    [layout] = run.counts(step.folder, ["layout-00000"])
    commits = [run.commit(step.folder, f"shard-{shard:05}") for shard in range(layout["shards"])]
    shards = run.fetch_folder(run.shards(step.folder), commits)
    writer.finish(corpus, fetch_state(run, plan, step), shards)
    return sorted(_files(shards)), {}


_KINDS: dict[str, Callable[[RunDirectory, Plan, Task], Done]] = {
    "summarize": _summarize,
    "divide": _divide,
    "reduce": _reduce,
    "conclude": _conclude,
    "annotate": _annotate,
    "layout": _layout,
    "shard": _shard,
    "finish": _finish,
}


def _round(run: RunDirectory, plan: Plan, task: Task) -> tuple[Step, CorpusStage, Round, RunCorpus]:
    """The step, the stage with what earlier rounds concluded, the round, and the corpus as it stands before it."""
    step = plan.step(task.step)
    stage = _loaded(run, plan, step, task.round)
    return step, stage, stage.rounds()[task.round], RunCorpus(run, plan, task.step, stage.needs)


def _writer(plan: Plan, task: Task) -> tuple[Step, Writer]:
    step = plan.step(task.step)
    assert isinstance(step.stage, Writer)
    return step, step.stage


_LAST: dict[tuple[Path, str, int], CorpusStage] = {}


def _loaded(run: RunDirectory, plan: Plan, step: Step, rounds: int) -> CorpusStage:
    """The stage with what its first `rounds` rounds have concluded; a worker keeps the last one it loaded."""
    key = (run.state(step.folder), step.fingerprint, rounds)
    if key not in _LAST:
        _LAST.clear()
        stage = step.stage.model_copy()
        assert isinstance(stage, CorpusStage)
        if rounds or not stage.rounds():
            stage.load(fetch_state(run, plan, step, rounds))
        _LAST[key] = stage
    return _LAST[key]


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


class _collected_warnings(logging.Handler):
    """Keeps the warnings that stages log, so that they go into the commit and are shown once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def __enter__(self) -> _collected_warnings:
        logging.getLogger("curate").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("curate").removeHandler(self)
