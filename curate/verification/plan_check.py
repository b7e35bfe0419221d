"""Whether the files that say what was run are whole and agree with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from curate.errors import PipelineError
from curate.pipeline import load_pipeline
from curate.plan import Plan, Task, computed_otherwise
from curate.rundir import RunDirectory
from curate.storage import Commit, DamagedError, load_commit, read_sealed
from curate.verification.findings import RUN_AGAIN, Finding
from curate.verification.inventory import Inventory


def check_plan(run: RunDirectory) -> tuple[Plan | None, list[Finding]]:
    """The saved plan if it can be read, and what is wrong with it and with the files beside it."""
    findings = [finding for file in (run.environment, run.timings) if (finding := _unsealed(run, file))]
    damaged = _unsealed(run, run.plan, needed=True)
    if damaged:
        return None, [damaged, *findings]
    try:
        plan = Plan.from_json(read_sealed(run.plan))
    except (PipelineError, KeyError, TypeError, ValueError) as error:
        found = f"this version of curate cannot read it: {error}"
        return None, [Finding(run.plan.name, "a plan of this version of curate", found, RUN_AGAIN), *findings]
    findings += _pipeline_file(run, plan)
    for label in computed_otherwise(plan):
        found = "another: it was made by another version of curate, which may give other results"
        findings.append(Finding(run.plan.name, f"the fingerprint of {label}", found, RUN_AGAIN, damage=False))
    return plan, findings


def _unsealed(run: RunDirectory, file: Path, needed: bool = False) -> Finding | None:
    """A finding if a file with a hash of its own is damaged, or is needed and not there."""
    if not file.exists() and not needed and not run.finished.exists():
        return None
    try:
        read_sealed(file)
    except (OSError, ValueError) as error:
        found = error.strerror if isinstance(error, OSError) else str(error)
        return Finding(file.name, "JSON that matches its own sha256", str(found), RUN_AGAIN)
    return None


def _pipeline_file(run: RunDirectory, plan: Plan) -> Iterator[Finding]:
    try:
        pipeline, _ = load_pipeline(run.pipeline)
        found = "" if pipeline.resolved() == plan.pipeline.resolved() else "another"
    except PipelineError as error:
        found = str(error)
    if found:
        yield Finding(run.pipeline.name, "the pipeline of plan.json", found, RUN_AGAIN)


def check_finished(run: RunDirectory, plan: Plan | None) -> tuple[Commit | None, list[Finding]]:
    """The commit of the whole run if it is there, and what is wrong with it."""
    if not run.finished.exists():
        return None, []
    try:
        commit = load_commit(run.finished)
    except DamagedError as damage:
        return None, [Finding(run.finished.name, "a commit as it was written", damage.how, RUN_AGAIN)]
    if plan and commit.key != plan.key:
        return commit, [Finding(run.finished.name, "the fingerprint of plan.json", "another", RUN_AGAIN)]
    return commit, []


def done_tasks(plan: Plan, inventory: Inventory, steps: int) -> Iterator[tuple[Task, Path, Commit | None]]:
    """Every task of the plan up to a step, its commit's file, and the commit if it is there and of this plan."""
    for task in _tasks(plan, inventory, steps):
        file = inventory.run.commit(plan.folder(task.step), plan.task_name(task))
        commit = inventory.commits.get(file)
        yield task, file, commit if commit and commit.key == task.key else None


def _tasks(plan: Plan, inventory: Inventory, steps: int) -> Iterator[Task]:
    def counts(task: Task) -> Mapping[str, Any] | None:
        commit = inventory.commits.get(inventory.run.commit(plan.folder(task.step), plan.task_name(task)))
        return commit.counts if commit else None

    yield from plan.ingest_tasks()
    for step in plan.steps[:steps]:
        for phase in plan.phases(step, counts):
            yield from phase


def missing(plan: Plan, inventory: Inventory, steps: int) -> Iterator[Finding]:
    """Tasks of a finished run that have no commit."""
    damaged = {finding.file for finding in inventory.findings}
    for _, file, commit in done_tasks(plan, inventory, steps):
        name = inventory.relative(file)
        if commit is None and name not in damaged:
            found = "one of another plan" if file in inventory.commits else "none"
            yield Finding(name, "a commit, as the run is finished", found, RUN_AGAIN)
