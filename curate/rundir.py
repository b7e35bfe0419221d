"""The run directory: what is done with the files whose names `curate.run_paths` decides.

All work is done on files of this machine. What a task reads it fetches first, what it wrote it commits, and both do
next to nothing here; `curate.remote_rundir` does the same for a run at a URL.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from curate.confine import refuse_links_out
from curate.errors import ResourceError, StateError
from curate.run_paths import RunPaths
from curate.storage import (
    Commit,
    DamagedError,
    files_below,
    load_commit,
    publish_folder,
    read_commit,
    read_sealed,
    remove_folder,
    sync_file_system,
    sync_files,
    write_commit,
    write_sealed,
)


@dataclass(frozen=True)
class RunDirectory(RunPaths):
    """A run on this machine."""

    @property
    def name(self) -> str:
        """The path or URL, for people."""
        return str(self.root)

    @property
    def location(self) -> str:
        """What a worker, here or on another machine, opens to find this run."""
        return str(self.root)

    def has(self, path: Path) -> bool:
        """Whether the task of a part or a key range wrote this file, once the task is done."""
        return path.exists()

    def fetch(self, path: Path) -> Path:
        """A file that the task of a part or a key range wrote, on this machine. Open it before fetching many more.

        Raises:
            StateError: there is none, or it is damaged.
        """
        return path

    def fetch_folder(self, folder: Path, commits: Sequence[Path]) -> Path:
        """A folder with what committed tasks wrote into it, on this machine."""
        return folder

    def fetch_state(self, folder: Path, commits: Sequence[Path]) -> Path:
        """A folder with exactly what committed tasks wrote into it.

        What later tasks added, of which some may be damaged and about to be done again, is passed over.
        """
        named = {self.root / output["path"] for commit in commits for output in load_commit(commit).outputs}
        found = files_below(folder)
        if found <= named:
            return folder
        view = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", suffix=".tmp", dir=folder.parent))
        for path in found & named:
            link = view / path.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.hardlink_to(path)
        return view

    def counts(self, folder: str, tasks: Iterable[str]) -> Iterator[dict[str, Any]]:
        """What tasks counted that are known to be done."""
        return (load_commit(self.commit(folder, task)).counts for task in tasks)

    def read_commits(
        self, tasks: Sequence[tuple[Path, str]], damaged: Callable[[DamagedError], None]
    ) -> Iterator[Commit | None]:
        """The commit of each task, given by its file and key; None for those that are not done.

        Args:
            damaged: is told of what is damaged, which does not count as done.
        """

        def read(file: Path, key: str) -> Commit | None:
            try:
                return read_commit(file, key, self.root)
            except DamagedError as damage:
                damaged(damage)
                return None

        return (read(file, key) for file, key in tasks)

    def commit_tasks(self, work: Iterable[tuple[Path, Commit]]) -> list[Commit]:
        """Declare tasks complete; returns the commits that count.

        Args:
            work: does a task, and gives the file and content of its commit, each time that it is asked for one.

        Outputs are synced, their folders not: a name that a power failure takes away is missed when the commit is read.
        """
        done = list(work)
        sync_files(self.root / output["path"] for _, commit in done for output in commit.outputs)
        for file, commit in done:
            write_commit(file, commit)
        return [commit for _, commit in done]

    def discard(self, commit: Path) -> None:
        """Forget a commit of another key before its outputs are written anew."""
        self.take_back(commit)

    def take_back(self, commit: Path) -> None:
        """Remove a commit, so that its task will be done again."""
        commit.unlink(missing_ok=True)

    def load_plan(self) -> dict[str, Any]:
        """The plan of the run that the location names, as plain data."""
        return read_sealed(self.plan)

    def plan_version(self) -> str:
        """What differs between the plans of a run directory."""
        return str(self.plan.stat().st_mtime_ns)

    def save(self, *paths: Path) -> None:
        """Keep files that belong to no task, such as the plan."""

    def publish(self, folder: Path, files: dict[str, Path]) -> None:
        """Make `folder` hold exactly these files, by name."""
        publish_folder(files, folder)

    def publish_outputs(self, folder: Path, commit: Path, source: Path) -> None:
        """Make `folder` hold exactly what a committed task left in the folder `source`."""
        publish_folder({path.name: path for path in source.iterdir()}, folder)

    def has_published(self, folder: Path, commit: Path, source: Path) -> bool:
        """Whether it is known that `publish_outputs` would change nothing."""
        return False

    def unpublish(self, folder: Path) -> None:
        """Remove a published folder if it is there."""
        remove_folder(folder)

    def begin(self) -> None:
        """From here on the run directory is that of an unfinished run."""
        self.finished.unlink(missing_ok=True)

    def finish(self, commit: Commit) -> None:
        """Declare the run finished, once all that it committed is on the disk."""
        sync_file_system(self.root)
        write_sealed(self.finished, vars(commit))

    def remove_parts_from(self, first: int) -> None:
        """Remove documents and quarantine of parts that the plan no longer has, so that nobody reads them."""
        for path in [*self.documents.rglob("*-?????.*"), *self.quarantine.glob("*-?????.*")]:
            if int(path.stem.rpartition("-")[2]) >= first:
                path.unlink()

    @contextmanager
    def lock(self) -> Iterator[Callable[[], None]]:
        """Hold the run directory; the lock goes with the process, however it ends.

        Yields:
            A function that raises `StateError` if the lock has been lost, which one of this machine cannot be.

        Raises:
            StateError: another process holds it, or a link in it leads out of it.
            ResourceError: the directory cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            refuse_links_out(self.root)
            file = (self.root / "LOCK").open("a+", encoding="utf-8")
        except OSError as error:
            message = f"cannot write the run directory {self.root}: {error.strerror}; choose another with --output DIR"
            raise ResourceError(message) from None
        with file:
            self._take(file, fcntl.LOCK_EX)
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            file.flush()
            yield lambda: None

    @contextmanager
    def quiet(self) -> Iterator[RunDirectory]:
        """The run directory on this machine, while no run writes to it; nothing is written, and others may read too.

        Raises:
            StateError: another process writes to it, or a link in it leads out of it.
        """
        try:
            refuse_links_out(self.root)
            file = (self.root / "LOCK").open(encoding="utf-8")
        except FileNotFoundError:  # a copy without it: there is nobody to wait for
            yield self
            return
        with file:
            self._take(file, fcntl.LOCK_SH)
            yield self

    def _take(self, file: TextIO, how: int) -> None:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            message = f"{self.root} is in use by {holder}; wait for it, or choose another --output DIR"
            raise StateError(message) from None

    def saved_plan(self) -> dict[str, Any] | None:
        """The plan of the last run as plain data, or None if there is none that can be read."""
        try:
            return read_sealed(self.plan)
        except (OSError, ValueError):  # absent or damaged: then nothing is known of an earlier run
            return None
