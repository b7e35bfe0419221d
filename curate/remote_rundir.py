"""A run directory at a URL. Each process works on a view of its own: a local folder of the same layout.

    fetch     what a task reads is linked into the view from the machine's cache, else downloaded; in both cases its
              size and SHA-256 are those of the commit that names it
    commit    what a task wrote is uploaded, and its commit is created last; the first one wins
    publish   copies inside the store; `published.json` says what is there, so that nothing has to be listed

Whether something exists is asked by its exact key, a commit's: plans fix all names, and listings may be stale.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from curate.errors import InternalError, PipelineError, Problem, ResourceError, StateError
from curate.objects.cache import BlobCache
from curate.objects.lease import Lease
from curate.objects.mirror import mirrored
from curate.objects.published import Published
from curate.objects.store import ObjectStore
from curate.objects.view import new_view, remove_with
from curate.rundir import RunDirectory
from curate.storage import (
    Commit,
    DamagedError,
    files_below,
    parse_commit,
    parse_sealed,
    publish_folder,
    sealed_bytes,
    sha256_file,
)

_PLAN = "plan.json"
#: Fetched files that stay in the view; a task may go through all files of a run.
_FILES_AT_HAND = 16


def open_run(location: str | Path) -> RunDirectory:
    """The run directory at a path or URL, as `--output` and engines give it.

    >>> open_run("runs/tiny").root, open_run("file:///data/run").root
    (PosixPath('runs/tiny'), PosixPath('/data/run'))

    Raises:
        PipelineError: a URL was given as a path, which garbles it.
        ResourceError: the URL cannot be opened, or there is no place for local copies.
    """
    text = str(location).removeprefix("file://")
    if re.match(r"\w+:/[^/]", text):
        raise PipelineError([Problem("output", f"{text} is a URL in a Path", "give it as a string")])
    if "://" not in text:
        return RunDirectory(Path(text))
    url, _, plan_sha256 = text.partition("#")
    if url.startswith("hf://"):
        raise PipelineError([Problem("--output", f"{url}: hf:// can only be read", "write to s3:// or another store")])
    return _attached(url, plan_sha256) if plan_sha256 else _attach(url, "")


@lru_cache(maxsize=1)
def _attached(url: str, plan_sha256: str) -> RemoteRunDirectory:
    """A worker does many tasks of one plan, and keeps what it has learnt of the run."""
    return _attach(url, plan_sha256)


def _attach(url: str, plan_sha256: str) -> RemoteRunDirectory:
    store = ObjectStore.at(url)
    scratch = store.settings.scratch
    try:
        view, alive = new_view(scratch / "views")
    except OSError as error:
        message = (
            f"cannot write local copies into {scratch}: {error.strerror}; choose another folder with --scratch DIR"
        )
        raise ResourceError(message) from None
    cache = BlobCache(scratch / "blobs", store.settings.scratch_bytes)
    run = RemoteRunDirectory(view, store, cache, _Memory(plan_sha256))
    remove_with(run, view, alive)
    return run


@dataclass
class _Memory:
    """What a process knows of a run.

    Attributes:
        plan_sha256: of the plan that it works on.
        commits: those it has read; within a plan they do not change.
        foreign: commits that are of another plan.
        here: hash of each file of the view that is complete.
        there: hash of each object of the folders that the present task has fetched, and need not upload again.
        fetched: files of the view that a task asked for, the oldest first.
    """

    plan_sha256: str
    commits: dict[Path, Commit] = field(default_factory=dict)
    foreign: set[Path] = field(default_factory=set)
    here: dict[Path, str] = field(default_factory=dict)
    there: dict[str, str] = field(default_factory=dict)
    fetched: deque[Path] = field(default_factory=deque)


@dataclass(frozen=True)
class RemoteRunDirectory(RunDirectory):
    """A run at a URL; `root` is the view of this process."""

    store: ObjectStore
    cache: BlobCache
    memory: _Memory = field(compare=False)

    @property
    def location(self) -> str:
        """The URL, and which plan of it is meant."""
        return f"{self.store.url}#{self.memory.plan_sha256}"

    @property
    def name(self) -> str:
        """The URL."""
        return self.store.url

    def has(self, path: Path) -> bool:
        """Whether the commit of a file's task names it."""
        return self._key(path) in self._named(self.commit_of(path))

    def fetch(self, path: Path) -> Path:
        """A file that is named by the commit of its task, downloaded if it is not here."""
        output = self._named(self.commit_of(path)).get(self._key(path))
        if output is None:
            raise StateError(f"{self.name}/{self._key(path)}: its task wrote no such file; please report this")
        self._bring(path, output, self.commit_of(path))
        self._keep_at_hand(path)
        return path

    def fetch_folder(self, folder: Path, commits: Sequence[Path]) -> Path:
        """A folder with exactly what committed tasks wrote into it."""
        prefix = self._key(folder) + "/"
        named = [(output, commit) for commit in commits for output in self._named(commit).values()]
        wanted = {self.root / each[0]["path"]: each for each in named if each[0]["path"].startswith(prefix)}
        for path in files_below(folder) - wanted.keys():
            path.unlink()
        for path, (output, commit) in wanted.items():
            self._bring(path, output, commit)
            self.memory.there[output["path"]] = output["sha256"]
        return folder

    def fetch_state(self, folder: Path, commits: Sequence[Path]) -> Path:
        """The same: nothing else stays in a folder that was fetched."""
        return self.fetch_folder(folder, commits)

    def counts(self, folder: str, tasks: Iterable[str]) -> Iterator[dict[str, Any]]:
        """What tasks counted; commits that this process does not know are read many at a time."""
        commits = self._parallel(self._commit, [self.commit(folder, task) for task in tasks])
        return (commit.counts for commit in commits)

    def load_plan(self) -> dict[str, Any]:
        """The plan that the location names, as plain data."""
        return parse_sealed(self._plan_bytes())

    def plan_version(self) -> str:
        """The hash of the plan."""
        return self.memory.plan_sha256 or hashlib.sha256(self._plan_bytes()).hexdigest()

    def _plan_bytes(self) -> bytes:
        def parse(data: bytes) -> bytes:
            if self.memory.plan_sha256 not in ("", hashlib.sha256(data).hexdigest()):
                raise ValueError("another plan")
            return data

        try:
            data = self.store.read(_PLAN, parse)
        except ValueError:
            raise StateError(f"{self.name}: another run has put its plan there; run again to go on") from None
        if data is None:
            raise StateError(f"{self.name} holds no run: there is no {_PLAN}")
        return data

    def saved_plan(self) -> dict[str, Any] | None:
        """The plan of the last run as plain data, or None if there is none that can be read."""
        try:
            return self.store.read(_PLAN, parse_sealed)
        except ValueError:
            return None

    def save(self, *paths: Path) -> None:
        """Upload files that belong to no task."""
        for path in paths:
            self.store.upload(path, self._key(path))
            if path == self.plan:
                self.memory.plan_sha256 = sha256_file(path)

    def read_commits(
        self, tasks: Sequence[tuple[Path, str]], damaged: Callable[[DamagedError], None]
    ) -> Iterator[Commit | None]:
        """The commit of each task; many are asked for at a time. Their outputs were there before them."""
        for each in self._parallel(self._read_commit, tasks):
            if isinstance(each, DamagedError):
                damaged(each)
            yield each if isinstance(each, Commit) else None

    def discard(self, commit: Path) -> None:
        """Delete a commit of another key."""
        if commit in self.memory.foreign:
            self.take_back(commit)
            self.memory.foreign.discard(commit)

    def take_back(self, commit: Path) -> None:
        """Delete a commit."""
        self.store.delete(self._key(commit))

    def commit_tasks(self, work: Iterable[tuple[Path, Commit]]) -> list[Commit]:
        """Upload the outputs of each task when it is done, then create its commit."""
        return [self._commit_task(file, commit) for file, commit in work]

    def _commit_task(self, file: Path, commit: Commit) -> Commit:
        for output in commit.outputs:
            if self.memory.there.get(output["path"]) != output["sha256"]:
                self.store.upload(self.root / output["path"], output["path"])
        commit = self._create(file, commit)
        for output in commit.outputs:
            path = self.root / output["path"]
            self.cache.add(output["sha256"], path)
            self.memory.here[path] = output["sha256"]
        self.memory.commits[file] = commit
        self._tidy(file.parent.parent / "state")
        return commit

    def publish(self, folder: Path, files: dict[str, Path]) -> None:
        """Upload these files and remove what else was published there; they are here as well."""
        publish_folder(files, folder)
        hashes, key = {name: sha256_file(path) for name, path in files.items()}, self._key(folder)
        Published(self.store).replace(key, hashes, lambda name: self.store.upload(files[name], f"{key}/{name}"))

    def publish_outputs(self, folder: Path, commit: Path, source: Path) -> None:
        """Copy what a task left in a folder, inside the store."""
        hashes, key, here = self._hashes(commit, source), self._key(folder), self._key(source)
        Published(self.store).replace(key, hashes, lambda name: self.store.copy(f"{here}/{name}", f"{key}/{name}"))

    def has_published(self, folder: Path, commit: Path, source: Path) -> bool:
        """Whether these very files were copied before, and nothing was changed since."""
        return Published(self.store).holds(self._key(folder), self._hashes(commit, source))

    def unpublish(self, folder: Path) -> None:
        """Delete what was published there."""
        Published(self.store).replace(self._key(folder), {}, lambda name: None)

    def begin(self) -> None:
        """Delete what says that the run is finished."""
        self.store.delete(self._key(self.finished))

    def finish(self, commit: Commit) -> None:
        """Declare the run finished."""
        self.store.write(self._key(self.finished), sealed_bytes(vars(commit)))

    def remove_parts_from(self, first: int) -> None:
        """Delete documents, quarantine and commits of parts that the plan saved last has and the new one has not."""
        before = len((self.saved_plan() or {}).get("parts", []))
        gone = range(first, before)
        paths = [self.commit("", f"ingest-{part:05}") for part in gone]
        paths += [path for part in gone for path in (self.document_part(part), self.quarantine_part(part))]
        for _ in self._parallel(lambda path: self.store.delete(self._key(path)), paths):
            pass

    @contextmanager
    def lock(self) -> Iterator[Callable[[], None]]:
        """Hold the run by a lease that is renewed; see `curate.objects.lease`."""
        lease = Lease(self.store)
        with lease.held():
            yield lease.check

    @contextmanager
    def quiet(self) -> Iterator[RunDirectory]:
        """A copy of the run on this machine, made while no run writes to it."""
        Lease(self.store).refuse_if_held()
        with mirrored(self.store) as folder:
            yield RunDirectory(folder)

    def _key(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _parallel(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        with ThreadPoolExecutor(self.store.settings.connections) as pool:
            yield from pool.map(function, items)

    def _read_commit(self, task: tuple[Path, str]) -> Commit | DamagedError | None:
        file, key = task
        try:
            commit = self.store.read(self._key(file), parse_commit)
        except ValueError as error:  # torn or altered where it lies
            self.memory.foreign.add(file)
            return DamagedError(file.relative_to(self.root), str(error))
        if commit is not None and commit.key == key:
            self.memory.commits[file] = commit
            return commit
        if commit is not None:
            self.memory.foreign.add(file)
        return None

    def _commit(self, file: Path) -> Commit:
        """A commit that must be there, since the task that needs it came later."""
        if file not in self.memory.commits:
            try:
                commit = self.store.read(self._key(file), parse_commit)
            except ValueError:
                commit = None
            if commit is None:
                raise StateError(f"{self.name}/{self._key(file)} is gone or torn; run again, to do its task anew")
            self.memory.commits[file] = commit
        return self.memory.commits[file]

    def _named(self, commit: Path) -> dict[str, dict[str, Any]]:
        """What a commit says of each file that it names."""
        return {output["path"]: output for output in self._commit(commit).outputs}

    def _create(self, file: Path, commit: Commit) -> Commit:
        """Create a commit; the one that counts is that of whoever was first with the same task."""
        key, data = self._key(file), sealed_bytes(vars(commit))
        there = self.store.create(key, data)
        if there is None:
            return commit
        try:
            first = parse_commit(there)
        except ValueError:
            first = Commit("")
        if first.key != commit.key:
            self.store.write(key, data)
            return commit
        if first.outputs != commit.outputs:
            raise InternalError(f"{self.name}/{key}: doing a task twice gave different bytes; please report this")
        return first

    def _bring(self, path: Path, output: dict[str, Any], commit: Path) -> None:
        """Make a file of the view what a commit says of it."""
        sha256, size = output["sha256"], output["bytes"]
        if self.memory.here.get(path) == sha256 and path.exists():
            return
        if not self.cache.link(sha256, size, path):
            try:
                self.store.download(output["path"], path, size, sha256)
            except StateError as error:
                hint = f"delete {self.name}/{self._key(commit)} and run again, to make it anew"
                raise StateError(f"{error}\n    {hint}") from error
            self.cache.add(sha256, path)
        self.memory.here[path] = sha256

    def _keep_at_hand(self, path: Path) -> None:
        """Let the file that was fetched first go, once there are enough; whoever has it open keeps it."""
        fetched = self.memory.fetched
        if path in fetched:
            fetched.remove(path)
        fetched.append(path)
        if len(fetched) > _FILES_AT_HAND:
            self._drop(fetched.popleft())

    def _drop(self, path: Path) -> None:
        """Take a file out of the view."""
        if self.memory.here.pop(path, None):
            path.unlink(missing_ok=True)

    def _tidy(self, keep: Path) -> None:
        """Empty the view after a task, but for the state that the next task of the stage will want."""
        for path in [path for path in self.memory.here if not path.is_relative_to(keep)]:
            self._drop(path)
        self.memory.fetched.clear()
        self.memory.there.clear()

    def _hashes(self, commit: Path, folder: Path) -> dict[str, str]:
        """The hash of each file that a commit names in a folder."""
        prefix, named = self._key(folder) + "/", self._named(commit)
        return {key.removeprefix(prefix): named[key]["sha256"] for key in named if key.startswith(prefix)}
