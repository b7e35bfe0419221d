"""The run directory: where every file of a run stands. Names are decided here and nowhere else.

All work is done on files of this machine. What a task reads it fetches first, what it wrote it commits, and both do
next to nothing here; `curate.remote_rundir` does the same for a run at a URL.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from curate.confine import refuse_links_out
from curate.errors import ResourceError, StateError
from curate.storage import (
    Commit,
    DamagedError,
    load_commit,
    publish_folder,
    read_commit,
    read_sealed,
    remove_folder,
    write_commit,
)


@dataclass(frozen=True)
class RunDirectory:
    """Paths under `root`.

    pipeline.yaml plan.json environment.json timings.json finished.json LOCK
    documents/part-00000.parquet        quarantine/part-00000.parquet
    stages/03-fuzzy_dedup-9c1e77b0/     part-00000.parquet  part-00000.TABLE.arrow
                                        ROUND-00000.arrow (of a part)  ROUND.TABLE-00000.arrow (of a key range)
                                        state/  shards/  commits/
    reports/  tokens/                   published: links to the files of the current stages
    """

    root: Path

    @property
    def documents(self) -> Path:
        """The folder of documents."""
        return self.root / "documents"

    @property
    def quarantine(self) -> Path:
        """The folder of records that could not be read."""
        return self.root / "quarantine"

    @property
    def plan(self) -> Path:
        """The plan of the last run."""
        return self.root / "plan.json"

    @property
    def pipeline(self) -> Path:
        """The pipeline of the last run, every default written out."""
        return self.root / "pipeline.yaml"

    @property
    def environment(self) -> Path:
        """What the last run ran on."""
        return self.root / "environment.json"

    @property
    def timings(self) -> Path:
        """How long the steps of the last finished run took."""
        return self.root / "timings.json"

    @property
    def finished(self) -> Path:
        """The commit of the whole run: there only while the run directory is that of a finished run."""
        return self.root / "finished.json"

    @property
    def reports(self) -> Path:
        """The published reports."""
        return self.root / "reports"

    @property
    def tokens(self) -> Path:
        """The published token shards."""
        return self.root / "tokens"

    def document_part(self, part: int) -> Path:
        """The documents of a part."""
        return self.documents / f"part-{part:05}.parquet"

    def quarantine_part(self, part: int) -> Path:
        """The quarantined records of a part."""
        return self.quarantine / f"part-{part:05}.parquet"

    def stage(self, folder: str) -> Path:
        """The folder of a stage: its number, label and fingerprint."""
        return self.root / "stages" / folder

    def annotations(self, folder: str, part: int) -> Path:
        """What a stage says of a part."""
        return self.stage(folder) / f"part-{part:05}.parquet"

    def side_table(self, folder: str, name: str, part: int) -> Path:
        """A table that a stage wrote beside its annotations of a part."""
        return self.stage(folder) / f"part-{part:05}.{name}.arrow"

    def summary(self, folder: str, round_name: str, part: int) -> Path:
        """What a round of a stage saw in a part."""
        return self.stage(folder) / f"{round_name}-{part:05}.arrow"

    def reduced(self, folder: str, round_name: str, name: str, number: int) -> Path:
        """A table that a round of a stage made of a key range."""
        return self.stage(folder) / f"{round_name}.{name}-{number:05}.arrow"

    def state(self, folder: str) -> Path:
        """What a stage has learnt."""
        return self.stage(folder) / "state"

    def shards(self, folder: str) -> Path:
        """Where a writer puts its output before it is published."""
        return self.stage(folder) / "shards"

    def commit(self, folder: str, task: str) -> Path:
        """The commit of a task; ingestion's stand beside the documents."""
        home = self.stage(folder) if folder else self.documents
        return home / "commits" / f"{task}.json"

    def commit_of(self, path: Path) -> Path:
        """The commit that names a file of a part or a key range.

        >>> run = RunDirectory(Path("r"))
        >>> [str(run.commit_of(path)) for path in (run.document_part(3), run.reduced("02-dedup-c0", "pair", "ids", 4))]
        ['r/documents/commits/ingest-00003.json', 'r/stages/02-dedup-c0/commits/pair.reduce-00004.json']
        """
        home, _, rest = path.name.partition("-")  # `part-00000.TABLE.arrow` or `ROUND.TABLE-00000.arrow`
        name, _, table = home.partition(".")
        number = int(rest.partition(".")[0])
        if path.parent in (self.documents, self.quarantine):
            return self.commit("", f"ingest-{number:05}")
        if name == "part":
            return self.commit(path.parent.name, f"annotate-{number:05}")
        kind = "reduce" if table else "summarize"
        return self.commit(path.parent.name, round_task_name(name, kind, number))

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
        """A folder with exactly what committed tasks wrote into it, on this machine."""
        return folder

    def counts(self, folder: str, tasks: Iterable[str]) -> list[dict[str, Any]]:
        """What tasks counted that are known to be done."""
        return [load_commit(self.commit(folder, task)).counts for task in tasks]

    def read_commits(
        self, tasks: Sequence[tuple[Path, str]], damaged: Callable[[DamagedError], None]
    ) -> list[Commit | None]:
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

        return [read(file, key) for file, key in tasks]

    def commit_task(self, file: Path, commit: Commit) -> Commit:
        """Declare a task complete, its outputs being in place; returns the commit that counts."""
        write_commit(file, commit)
        return commit

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
        """Declare the run finished."""
        write_commit(self.finished, commit)

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


def round_task_name(round_name: str, kind: str, number: int) -> str:
    """The file name of the commit of a round's task."""
    return f"{round_name}.{kind}-{number:05}" if kind in ("summarize", "reduce") else f"{round_name}.{kind}"
