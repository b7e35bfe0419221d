"""What `curate plan` prints: the tasks of each step, how many are done already, and why the rest would run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from curate.pipeline import load_pipeline
from curate.plan import Plan, Task, reasons_to_run
from curate.remote_rundir import open_run
from curate.rundir import RunDirectory
from curate.runner import commits_of, committed, default_output, plan_of


def print_plan(
    console: Console,
    pipeline: str,
    overrides: tuple[str, ...] = (),
    source_paths: tuple[str, ...] = (),
    output: str | None = None,
) -> None:
    """Print a table of steps; nothing is run or written."""
    checked, parsed = load_pipeline(pipeline, overrides=overrides, source_paths=source_paths)
    plan = plan_of(checked, parsed)
    directory = open_run(output or default_output(checked))
    table = Table(title=f"{checked.settings.name} in {directory.name}", title_justify="left")
    for name in ("step", "tasks", "reused", "why it runs"):
        table.add_column(name, justify="right" if name in ("tasks", "reused") else "left", overflow="fold")
    for label, tasks, more, why in _rows(plan, directory):
        done = sum(commit is not None for commit in commits_of(directory, plan, tasks))
        complete = done == len(tasks) and not more
        text = "" if complete else why or ("not finished" if done else "not run yet")
        table.add_row(label, f"{len(tasks)}{more}", str(done), text)
    console.print(table)


def _rows(plan: Plan, directory: RunDirectory) -> list[tuple[str, list[Task], str, str]]:
    """Label, tasks, a mark where more tasks follow that are not known yet, and what changed."""

    def counts(task: Task) -> Mapping[str, Any] | None:
        commit = committed(directory, plan, task)
        return commit.counts if commit else None

    first = directory.saved_plan() is None
    rows = [("ingest", plan.ingest_tasks(), "", "first run" if first else "the input changed")]
    for step, why in zip(plan.steps, reasons_to_run(plan, directory), strict=True):
        tasks = [task for phase in plan.phases(step, counts) for task in phase]
        more = "" if tasks[-1].kind in ("annotate", "finish") else " + more"
        rows.append((step.label, tasks, more, why))
    return rows
