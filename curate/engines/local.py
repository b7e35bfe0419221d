"""The local engine: one worker process per core, each of which can be lost without losing the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from curate.engines.child import Child, Death
from curate.engines.tries import Group, Tries
from curate.engines.watchdog import TICK_SECONDS, Limits
from curate.plan import Task
from curate.storage import Commit

#: How long a worker should be at what it is given: handing it over takes a millisecond, as much as many a task.
GROUP_SECONDS = 0.25


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
        self._idle: list[Child] = []
        self._busy: dict[Connection, tuple[Child, Group]] = {}
        self._peak_bytes = 0

    def run(self, root: str, tasks: Sequence[Task]) -> Iterator[tuple[Task, Commit]]:
        """Do the tasks of the run at `root` in any order, yielding each with its commit.

        A worker that dies is replaced and its task done again, at most `MAX_TRIES` times: what it left behind
        does not count, since a task's commit comes last. When a task fails the others are done all the same, unless
        `MAX_FAILED_TASKS` have failed; then the error of the first is raised.

        Raises:
            TaskError: a task raised.
            ResourceError: a task's worker died each time.
        """
        tries = Tries(root, tasks, GROUP_SECONDS)
        try:
            while tries.waiting or self._busy:
                while tries.waiting and len(self._busy) < self.workers:
                    self._give(*tries.take(self.workers))
                for group, answer in self._answers():
                    done = tries.settle(group, answer)
                    self._peak_bytes = max(self._peak_bytes, tries.peak_bytes)
                    yield from done
        finally:
            self._stop([child for child, _ in self._busy.values()])
            self._busy.clear()
        tries.raise_failed()

    def peak_memory_bytes(self) -> int:
        """The largest resident memory that any worker has had."""
        return self._peak_bytes

    def close(self) -> None:
        """End every worker."""
        self._stop(self._idle)
        self._idle.clear()

    def _give(self, group: Group, request: bytes) -> None:
        child = self._idle.pop() if self._idle else Child(self.limits)
        self._busy[child.connection] = (child, group)
        child.send(request)

    def _answers(self) -> Iterator[tuple[Group, bytes | Death]]:
        """What comes within a tick; meanwhile, workers that take too much are ended."""
        ready = wait(list(self._busy), timeout=TICK_SECONDS)
        for child, _ in self._busy.values():
            child.judge()
        for connection in ready:
            assert isinstance(connection, Connection)
            child, group = self._busy.pop(connection)
            answer = child.receive()
            if isinstance(answer, Death):
                child.stop()
            else:
                self._idle.append(child)
            yield group, answer

    def _stop(self, children: Sequence[Child]) -> None:
        """End workers, whatever they do: all at once, since the end of a large process takes a while."""
        for child in children:
            child.kill()
        for child in children:
            child.stop()
