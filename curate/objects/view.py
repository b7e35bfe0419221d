"""A folder for the files that one process works on, removed with it."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import IO


def new_view(folder: Path) -> tuple[Path, IO[str]]:
    """A new folder below `folder`, and the file whose lock says that its process is alive.

    Folders of processes that were killed are removed on the way.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "LOCK").open("w", encoding="utf-8") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        for lock in folder.glob("*.alive"):
            _remove_if_abandoned(lock)
        view = Path(tempfile.mkdtemp(dir=folder))
        alive = view.with_suffix(".alive").open("w", encoding="utf-8")
        fcntl.flock(alive, fcntl.LOCK_EX)
    return view, alive


def remove_with(owner: object, view: Path, alive: IO[str]) -> None:
    """Remove a view when its owner is no longer used, at the latest when the process ends."""
    weakref.finalize(owner, _remove, view, alive)


def _remove(view: Path, alive: IO[str]) -> None:
    shutil.rmtree(view, ignore_errors=True)
    view.with_suffix(".alive").unlink(missing_ok=True)
    alive.close()


def _remove_if_abandoned(lock: Path) -> None:
    with lock.open("r+", encoding="utf-8") as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # its process is alive
            return
        _remove(lock.with_suffix(""), alive)
