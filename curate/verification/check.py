"""The whole check of a run directory, and taking back the commits of what is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from curate.errors import StateError
from curate.plan import Plan
from curate.remote_rundir import open_run
from curate.rundir import RunDirectory
from curate.storage import Commit
from curate.verification.conservation import recount
from curate.verification.findings import Finding, Verification
from curate.verification.inventory import Inventory, strays, take_inventory
from curate.verification.plan_check import check_finished, check_plan, done_tasks, missing
from curate.verification.published import check_published
from curate.verification.tokens import check_tokens


def verify(run: str | Path) -> Verification:
    """Check a finished or cut-off run: every byte that was committed, and that no document or token is lost.

    Every committed file is read whole and compared with its sha256; commits, the plan and the run's own commit carry
    theirs. Then documents and tokens are counted again from the tables. What an unfinished run has not done yet is no
    damage, nor are files that no commit names, but both are told apart from it in the findings.

    Args:
        run: the run directory, a path or URL; it is only read. One at a URL is fetched whole, which needs that much
            room in the scratch folder (docs/storage.md).

    Raises:
        StateError: it is no run directory, or a run is writing to it.
    """
    with open_run(run).quiet() as directory:
        if not directory.plan.exists() and not directory.documents.exists():
            raise StateError(f"{run} is no run directory: it has neither plan.json nor documents/")
        return _verify(directory, str(run))


def _verify(run: RunDirectory, name: str) -> Verification:
    inventory = take_inventory(run)
    plan, findings = check_plan(run)
    finished, more = check_finished(run, plan)
    findings += [*inventory.findings, *more]
    if plan and finished:
        findings += missing(plan, inventory, finished.counts["steps"])
        findings += check_published(inventory, plan, finished)
    whole = plan is not None and not any(finding.damage for finding in findings)
    if plan and whole:
        findings += _counted(inventory, plan, finished)
    findings += strays(inventory)
    findings.sort(key=lambda finding: (not finding.damage, finding.file))
    return Verification(
        name,
        tuple(findings),
        run.finished.exists(),
        len(inventory.commits),
        len(inventory.outputs) + (len(finished.outputs) if finished else 0),
        inventory.file_bytes,
        whole,
    )


def _counted(inventory: Inventory, plan: Plan, finished: Commit | None) -> Iterator[Finding]:
    """Everything that is wrong although all files are as they were committed."""
    steps = finished.counts["steps"] if finished else len(plan.steps)
    commits = [
        (plan.step(task.step).label if task.step else "ingest", task.number, commit)
        for task, _, commit in done_tasks(plan, inventory, steps)
        if commit and task.kind in ("ingest", "annotate")
    ]
    lost = list(recount(inventory.run, plan, commits, finished is not None))
    yield from lost
    if finished and not lost:  # tokens are counted from tables that fit each other
        yield from check_tokens(inventory.run, plan, steps)


def repair(found: Verification) -> list[Path]:
    """Take back the commits of damaged files, so that the next run makes these files again.

    Nothing else is touched. A commit that is itself damaged needs no repair: a run does not believe it.

    Returns:
        The commits removed, relative to the run directory.

    Raises:
        StateError: a run is writing to the run directory.
    """
    commits = sorted({commit for finding in found.damage for commit in finding.commits})
    directory = open_run(found.run)
    with directory.lock():
        for commit in commits:
            directory.take_back(directory.root / commit)
    return commits
