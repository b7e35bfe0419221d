"""The serial engine: every task in this process, in order. For debugging, and the reference for the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curate.plan import Task
from curate.storage import Commit
from curate.tasks import execute


class SerialEngine:
    """Runs tasks one after another in this process."""

    def run(self, root: str, tasks: Sequence[Task]) -> Iterator[tuple[Task, Commit]]:
        """Do the tasks of the run at `root`, yielding each with its commit."""
        for task in tasks:
            [commit] = execute(root, [task])
            yield task, commit

    def peak_memory_bytes(self) -> int:
        """The largest resident memory that this process has had."""
        from curate.engines.worker import peak_memory_bytes

        return peak_memory_bytes()

    def close(self) -> None:
        """Nothing to release."""
