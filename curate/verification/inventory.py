"""Every commit on the disk, and every file that one names: read whole and compared."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.rundir import RunDirectory
from curate.storage import Commit, DamagedError, check_size, load_commit, sha256_file
from curate.verification.findings import REPAIR, RUN_AGAIN, Finding

#: Files of a run that are in no commit because they have a hash of their own, or say nothing.
_UNCOMMITTED = {
    "plan.json",
    "environment.json",
    "timings.json",
    "pipeline.yaml",
    "finished.json",
    "published.json",
    "LOCK",
}


@dataclass
class Inventory:
    """What is on the disk.

    Attributes:
        run: the run directory.
        commits: every commit that is whole, by its file.
        outputs: size and sha256 of every committed file, by its path relative to the run.
        owners: the commits that name a file, relative to the run.
        findings: what is wrong with them.
        file_bytes: how much was read.
    """

    run: RunDirectory
    commits: dict[Path, Commit] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    owners: dict[str, list[Path]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    file_bytes: int = 0

    def relative(self, path: Path) -> str:
        """A path as findings name it."""
        return path.relative_to(self.run.root).as_posix()


def take_inventory(run: RunDirectory) -> Inventory:
    """Read every commit below a run directory, and hash every file that one names."""
    inventory = Inventory(run)
    for file in sorted(run.root.rglob("commits/*.json")):
        try:
            commit = load_commit(file)
        except DamagedError as damage:
            finding = Finding(inventory.relative(file), "a commit as it was written", damage.how, RUN_AGAIN)
            inventory.findings.append(finding)
            continue
        inventory.commits[file] = commit
        for output in commit.outputs:
            _enter(inventory, file, output)
    _hash_outputs(inventory)
    return inventory


def _enter(inventory: Inventory, commit: Path, output: dict[str, Any]) -> None:
    """Note an output; rounds of a stage may name the same file, and must agree on it."""
    known = inventory.outputs.setdefault(output["path"], output)
    owners = inventory.owners.setdefault(output["path"], [])
    owners.append(commit.relative_to(inventory.run.root))
    if known != output:
        found = f"{inventory.relative(commit)} says sha256 {output['sha256'][:12]}…"
        finding = Finding(output["path"], f"sha256 {known['sha256'][:12]}…", found, REPAIR, commits=tuple(owners))
        inventory.findings.append(finding)


def _hash_outputs(inventory: Inventory) -> None:
    with ThreadPoolExecutor() as pool:  # hashing releases the interpreter
        for path, finding in zip(
            inventory.outputs, pool.map(lambda path: _look_at(inventory, path), inventory.outputs), strict=True
        ):
            inventory.file_bytes += inventory.outputs[path]["bytes"]
            if finding:
                inventory.findings.append(finding)


def _look_at(inventory: Inventory, path: str) -> Finding | None:
    """What is wrong with a committed file, if anything."""
    output, owners = inventory.outputs[path], tuple(inventory.owners[path])
    return compare(inventory.run.root / path, path, output, RUN_AGAIN, REPAIR, owners)


def compare(
    file: Path, name: str, output: dict[str, Any], if_gone: str, if_rotten: str, commits: tuple[Path, ...] = ()
) -> Finding | None:
    """A finding if a file is not what a commit says of it; the advice depends on whether its size tells."""
    expected = f"{output['bytes']:,} bytes, sha256 {output['sha256'][:12]}…"
    try:
        check_size(file, output["bytes"])
        found = sha256_file(file)
    except DamagedError as damage:
        return Finding(name, expected, damage.how, if_gone, commits=commits)
    except OSError as error:
        return Finding(name, expected, str(error.strerror), if_rotten, commits=commits)
    if found == output["sha256"]:
        return None
    return Finding(name, expected, f"sha256 {found[:12]}…", if_rotten, commits=commits)


def strays(inventory: Inventory) -> Iterator[Finding]:
    """Files that no commit names, but those of `reports/` and `tokens/`."""
    run = inventory.run
    published = (run.reports, run.tokens)
    for path in sorted(run.root.rglob("*")):
        name = inventory.relative(path)
        known = name in inventory.outputs or name in _UNCOMMITTED or path.parent.name == "commits"
        if path.is_file() and not known and not any(path.is_relative_to(folder) for folder in published):
            advice = "left by a run that was cut off or changed; it can be removed"
            yield Finding(name, "a commit that names it", "none", advice, damage=False)
