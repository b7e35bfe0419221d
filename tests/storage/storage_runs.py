"""Runs of the storage pipeline, and what two of them are compared by."""

from __future__ import annotations

from pathlib import Path

from small_runs import storage_pipeline

from curate import run
from curate.storage import sha256_file

#: What differs between two runs that do the same.
_OWN = ("LOCK", "timings.json", "published.json")


def pipeline(folder: str, file: Path) -> Path:
    """A pipeline file over the storage corpus in a folder or below a URL."""
    file.write_text(storage_pipeline(folder))
    return file


def local_hashes(root: Path) -> dict[str, str]:
    """The sha256 of every file of a run directory that does the same as another."""
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: sha256_file(path) for name, path in sorted(files.items()) if name not in _OWN}


def same(objects: dict[str, bytes]) -> dict[str, bytes]:
    """Those objects of a run that do not differ between two that do the same."""
    return {name: data for name, data in objects.items() if name not in _OWN}


def reference(pipeline_file: Path, folder: Path) -> dict[str, str]:
    """The hashes of an undisturbed run into a local folder."""
    return local_hashes(run(pipeline_file, output=folder, workers=0).path)
