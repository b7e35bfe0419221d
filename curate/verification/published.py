"""Whether `reports/` and `tokens/` hold what was committed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.plan import Plan
from curate.stage import Writer
from curate.storage import Commit
from curate.verification.findings import RUN_AGAIN, Finding
from curate.verification.inventory import Inventory, compare

_AGAIN = "`curate run` publishes it anew"


def check_published(inventory: Inventory, plan: Plan, finished: Commit) -> Iterator[Finding]:
    """Compare what a finished run has published with its commits."""
    run = inventory.run
    files = {run.root / output["path"]: output for output in finished.outputs}
    yield from _check_folder(inventory, run.reports, files)
    tokens = {}
    for step in plan.steps[: finished.counts["steps"]]:
        if isinstance(step.stage, Writer):
            shards = run.shards(step.folder)
            outputs = {run.root / path: output for path, output in inventory.outputs.items()}
            tokens = {run.tokens / path.name: output for path, output in outputs.items() if path.parent == shards}
    yield from _check_folder(inventory, run.tokens, tokens)


def _check_folder(inventory: Inventory, folder: Path, expected: dict[Path, dict[str, Any]]) -> Iterator[Finding]:
    for path, output in expected.items():
        original = inventory.run.root / output["path"]
        if original != path and original.exists() and path.exists() and original.samefile(path):
            continue  # a link to what has been looked at already
        finding = compare(path, inventory.relative(path), output, _AGAIN, _AGAIN)
        inventory.file_bytes += output["bytes"]
        if finding:
            yield finding
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in expected:
            found = "it was not published by this run, and will be taken for a part of it"
            yield Finding(inventory.relative(path), "only what was committed", found, RUN_AGAIN)
