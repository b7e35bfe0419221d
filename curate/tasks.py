"""The tasks of a run: what a worker does for one part, one state or one shard, ending in a commit."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from curate.storage import Commit, describe_outputs, files_below
from curate.tables import write_tables

#: What a task hands back to be committed: the files it wrote and what it counted.
Done = tuple[list[Path], dict[str, Any]]


@dataclass(frozen=True)
class _Work:
    """A task, and what it needs to be done."""

    run: RunDirectory
    plan: Plan
    task: Task
    watched: Watched

    @property
    def step(self) -> Step:
        """The step that it belongs to."""
        return self.plan.step(self.task.step)

    @property
    def number(self) -> int:
        """Its part, key range or shard."""
        return self.task.number

    def corpus(self, needs: tuple[str, ...]) -> RunCorpus:
        """The corpus as it stands before the step."""
        return RunCorpus(self.run, self.plan, self.task.step, needs)

    def round(self) -> tuple[CorpusStage, Round, RunCorpus]:
        """The stage with what earlier rounds concluded, the round, and the corpus before the step."""
        stage = _loaded(self.run, self.plan, self.step, self.task.round)
        return stage, stage.rounds()[self.task.round], self.corpus(stage.needs)

    def writer(self) -> tuple[Writer, RunCorpus]:
        """The writer, and the corpus that it writes."""
        writer = self.step.stage
        assert isinstance(writer, Writer)
        return writer, self.corpus(writer.needs)

    def state(self) -> Path:
        """What the step has learnt, on this machine."""
        return fetch_state(self.run, self.plan, self.step)


def execute(root: str, tasks: Sequence[Task], watched: Watched = UNWATCHED) -> list[Commit]:
    """Do tasks of a run and commit them; doing them again gives the same bytes.

    Args:
        root: the location of the run directory.
        tasks: of one phase, so that none reads what another of them writes.
        watched: how the engine watches the reading of records.
    """
    run = open_run(root)
    plan = _plan(root, run.plan_version())
    with naming_refusals(run.root):
        return run.commit_tasks(_perform(_Work(run, plan, task, watched)) for task in tasks)


def _perform(work: _Work) -> tuple[Path, Commit]:
    """Do a task; the file and content of its commit."""
    run, task, folder = work.run, work.task, work.plan.folder(work.task.step)
    home = run.stage(folder) if task.step else run.documents
    with naming_refusals(home), _collected_warnings() as warnings:
        outputs, counts = _KINDS[task.kind](work)
    commit = Commit(task.key, describe_outputs(outputs, run.root), counts, warnings.messages)
    return run.commit(folder, work.plan.task_name(task)), commit


@lru_cache(maxsize=1)
def _plan(root: str, version: str) -> Plan:
    return Plan.from_json(open_run(root).load_plan())


def _ingest(work: _Work) -> Done:
    part = work.plan.parts[work.number]
    documents, quarantine = work.run.document_part(part.index), work.run.quarantine_part(part.index)
    return [documents, quarantine], ingest_part(work.plan.pipeline, part, documents, quarantine, work.watched)


def _summarize(work: _Work) -> Done:
    stage, one, corpus = work.round()
    output = work.run.summary(work.step.folder, one.name, work.number)
    save = partial(write_tables, output)
    return [output], save_summary(one, save, summary_of_part(stage, one, corpus, work.number), work.plan.slots)


def _divide(work: _Work) -> Done:
    stage, one, corpus = work.round()
    tables = corpus.tables
    counts = tables.reduce_counts(one.reduces[0]) if one.reduces else tables.counts(one.name)
    return [], {"edges": range_edges(stage, one, counts, corpus.max_memory_bytes)}


def _reduce(work: _Work) -> Done:
    stage, one, corpus = work.round()
    edges = corpus.tables.edges(one.name)

    def path(name: str) -> Path:
        return work.run.reduced(work.step.folder, one.name, name, work.number)

    def save(name: str) -> Save:
        return partial(write_tables, path(name))

    home = work.run.stage(work.step.folder)
    home.mkdir(parents=True, exist_ok=True)
    names, counts = reduce_range(stage, one, corpus, edges, work.number, save, home)
    return [path(name) for name in names], counts


def _conclude(work: _Work) -> Done:
    """Conclude on a copy of the state and put it in place whole, so that no half-written file is ever loaded."""
    _, one, corpus = work.round()
    assert one.conclude is not None
    state = work.run.state(work.step.folder)
    fresh = state.with_name("state.tmp")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    if work.plan.state_task(work.step, work.task.round):
        _copy(fetch_state(work.run, work.plan, work.step, work.task.round), fresh)
    one.conclude(corpus, Summaries(corpus.tables, one.name) if one.summarize else (), fresh)
    shutil.rmtree(state, ignore_errors=True)
    fresh.replace(state)
    return sorted(files_below(state)), {}


def _copy(state: Path, fresh: Path) -> None:
    """Copy the files of a state; `shutil.copytree` would not say which error the system gave."""
    for path in files_below(state):
        copy = fresh / path.relative_to(state)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _annotate(work: _Work) -> Done:
    stage = work.step.stage
    assert isinstance(stage, Stage)
    corpus = work.corpus(stage.needs)
    if isinstance(stage, CorpusStage):
        stage = _loaded(work.run, work.plan, work.step, len(stage.rounds()))
        stage.load_part(corpus.tables, work.number)
    return annotate_part(corpus, work.step, stage, work.number)


def _layout(work: _Work) -> Done:
    writer, corpus = work.writer()
    state = work.run.state(work.step.folder)
    for stale in (state, work.run.shards(work.step.folder)):
        shutil.rmtree(stale, ignore_errors=True)
        stale.mkdir(parents=True)
    shards = writer.layout(corpus, state)
    return sorted(files_below(state)), {"shards": shards}


def _shard(work: _Work) -> Done:
    writer, corpus = work.writer()
    home, target = work.run.stage(work.step.folder), work.run.shards(work.step.folder)
    folder = home / f"shard-{work.number:05}.tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    target.mkdir(parents=True, exist_ok=True)
    counts = writer.write_shard(corpus, work.state(), work.number, folder)
    outputs = [file.replace(target / file.name) for file in sorted(files_below(folder))]
    folder.rmdir()
    return outputs, {"counts": counts}


def _finish(work: _Work) -> Done:
    writer, corpus = work.writer()
    run, folder = work.run, work.step.folder
    [layout] = run.counts(folder, ["layout-00000"])
    commits = [run.commit(folder, f"shard-{shard:05}") for shard in range(layout["shards"])]
    shards = run.fetch_folder(run.shards(folder), commits)
    writer.finish(corpus, work.state(), shards)
    return sorted(files_below(shards)), {}


_KINDS: dict[str, Callable[[_Work], Done]] = {
    "ingest": _ingest,
    "summarize": _summarize,
    "divide": _divide,
    "reduce": _reduce,
    "conclude": _conclude,
    "annotate": _annotate,
    "layout": _layout,
    "shard": _shard,
    "finish": _finish,
}

_LAST: dict[tuple[Path, str, int], tuple[CorpusStage, Path | None]] = {}


def _loaded(run: RunDirectory, plan: Plan, step: Step, rounds: int) -> CorpusStage:
    """The stage with what its first `rounds` rounds have concluded; a worker keeps the last one it loaded."""
    key = (run.state(step.folder), step.fingerprint, rounds)
    last, state = _LAST.get(key, (None, None))
    if last and (state is None or state.exists()):
        return last
    stage, state = step.stage.model_copy(), None
    assert isinstance(stage, CorpusStage)
    if rounds or not stage.rounds():
        state = fetch_state(run, plan, step, rounds)
        stage.load(state)
    _LAST.clear()
    _LAST[key] = (stage, state)
    return stage


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
