"""What two runs are compared by."""

from __future__ import annotations

from pathlib import Path

from curate.storage import sha256_file


def output_hashes(run: Path) -> dict[str, str]:
    """The sha256 of every published file: tokens, reports, documents and quarantine."""
    folders = ("tokens", "reports", "documents", "quarantine")
    files = [path for folder in folders for path in sorted((run / folder).glob("*")) if path.is_file()]
    return {path.relative_to(run).as_posix(): sha256_file(path) for path in files}
