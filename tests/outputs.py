"""What two runs are compared by."""

from __future__ import annotations

import json
import os
from pathlib import Path

from curate.storage import sha256_file


def commit_count(run: Path) -> int:
    """How many tasks of a run are committed, counted while other processes change its folders."""
    found = (names for folder, _, names in os.walk(run) if folder.endswith("commits"))
    return sum(name.endswith(".json") and not name.startswith(".") for names in found for name in names)


def output_hashes(run: Path) -> dict[str, str]:
    """The sha256 of every published file: tokens, reports, documents and quarantine."""
    folders = ("tokens", "reports", "documents", "quarantine")
    files = [path for folder in folders for path in sorted((run / folder).glob("*")) if path.is_file()]
    return {path.relative_to(run).as_posix(): sha256_file(path) for path in files}


def whole_commits(run: Path) -> int:
    """How many tasks of a run a resumed run has no reason to do again."""
    commits = [json.loads(path.read_text()) for path in run.rglob("commits/*.json")]
    outputs = [[(run / output["path"], output["bytes"]) for output in commit["outputs"]] for commit in commits]
    return sum(all(path.exists() and path.stat().st_size == size for path, size in files) for files in outputs)
