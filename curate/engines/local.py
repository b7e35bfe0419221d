"""The local engine: one worker process per core, each of which can be lost without losing the run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from curate.engines.failure import Failure
from curate.engines.watchdog import TICK_SECONDS, Limits, Watchdog
from curate.engines.worker import ENVIRONMENT
from curate.errors import CurateError, InternalError, ResourceError
from curate.ingest.watch import RecordClock, Suspect
from curate.plan import Task
from curate.storage import Commit

#: How often a task is tried when the process that does it dies.
MAX_TRIES = 3


class TaskError(CurateError):
    """A task failed; `details` holds the worker's traceback."""

    def __init__(self, failure: Failure):
        super().__init__(failure.message)
        self.exit_code = failure.exit_code
        self.details = failure.details


class _Worker:
    """A child process, the socket to it, and the clock of the record that it reads."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as shared:
            shared.truncate(RecordClock.SIZE_BYTES)
            descriptors = [theirs.fileno(), shared.fileno()]
            command = [sys.executable, "-m", "curate.engines.worker", *map(str, descriptors)]
            self.process = subprocess.Popen(command, pass_fds=descriptors, env=os.environ | ENVIRONMENT)
            self.clock = RecordClock(shared.fileno())
        self.connection = Connection(ours.detach())
        self.task: Task | None = None
        self.ended = False  # by the watchdog

    def send(self, root: str, task: Task, suspects: tuple[Suspect, ...]) -> None:
        self.task = task
        self.connection.send((root, task, suspects))

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.wait()


@dataclass
class LocalEngine:
    """Runs tasks on worker processes.

    Args:
        workers: how many processes, 1 or more.
        limits: what reading one record may take. A record that takes more, or that ends its worker twice, is put
            into the quarantine, and the rest of its part is read without it.
    """

    workers: int
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self._pool: list[_Worker] = []
        self._peak_bytes = 0
        self._watchdog = Watchdog(self.limits)

    def run(self, root: str, tasks: Sequence[Task]) -> Iterator[tuple[Task, Commit]]:
        """Do the tasks of the run at `root` in any order, yielding each with its commit.

        A worker that dies is replaced and its task done again, at most `MAX_TRIES` times: what it left behind
        does not count, since a task's commit comes last.

        Raises:
            TaskError: a task raised.
            ResourceError: a task's worker died each time.
        """
        waiting = deque(tasks)
        tries: dict[Task, int] = {}
        while len(self._pool) < min(self.workers, len(tasks)):
            self._pool.append(_Worker())
        for worker in self._pool:
            self._give(worker, root, waiting, tries)
        while busy := {worker.connection: worker for worker in self._pool if worker.task}:
            ready = wait(list(busy), timeout=TICK_SECONDS)
            for worker in busy.values():
                self._look_at(worker)
            for connection in ready:
                assert isinstance(connection, Connection)
                worker = busy[connection]
                task = worker.task
                assert task is not None
                commit = self._receive(worker, task, tries)
                if commit is None:
                    waiting.appendleft(task)
                    worker = self._replace(worker)
                self._give(worker, root, waiting, tries)
                if commit is not None:
                    yield task, commit

    def peak_memory_bytes(self) -> int:
        """The largest resident memory that any worker has had."""
        return self._peak_bytes

    def close(self) -> None:
        """End every worker."""
        for worker in self._pool:
            worker.stop()
        self._pool.clear()

    def _give(self, worker: _Worker, root: str, waiting: deque[Task], tries: dict[Task, int]) -> None:
        worker.task = None
        if waiting:
            task = waiting.popleft()
            tries[task] = tries.get(task, 0) + 1
            try:
                worker.send(root, task, self._watchdog.suspects(task))
            except OSError:  # it died while idle; reading from it will say so
                worker.task = task

    def _receive(self, worker: _Worker, task: Task, tries: dict[Task, int]) -> Commit | None:
        """The commit of the worker's task, or None if the worker died and the task may be tried again."""
        try:
            answer, peak_bytes = worker.connection.recv()
        except (EOFError, OSError):
            status = worker.process.wait()
            if worker.ended or self._watchdog.mourn(task, worker.clock.reading()):
                tries[task] -= 1  # it will not stumble over the same record again
            elif tries[task] >= MAX_TRIES:
                message = f"the worker for {task.kind} {task.number} died {MAX_TRIES} times (status {status})"
                raise ResourceError(f"{message}; it may be short of memory: use fewer --workers") from None
            return None
        self._peak_bytes = max(self._peak_bytes, peak_bytes)
        if isinstance(answer, Failure):
            raise TaskError(answer) if answer.expected else _internal(answer, task)
        assert isinstance(answer, Commit)
        return answer

    def _look_at(self, worker: _Worker) -> None:
        """End a worker that takes too much for one record; reading from it will then say that it died."""
        if not worker.ended and self._watchdog.judge(worker.task, worker.clock.reading(), worker.process.pid):
            worker.ended = True
            worker.process.kill()

    def _replace(self, worker: _Worker) -> _Worker:
        worker.stop()
        fresh = _Worker()
        self._pool[self._pool.index(worker)] = fresh
        return fresh


def _internal(failure: Failure, task: Task) -> InternalError:
    error = InternalError(f"{task.kind} of part {task.number} failed: {failure.message}; please report this")
    error.details = failure.details  # type: ignore[attr-defined]
    return error
