"""The book of one phase: which tasks wait, how often each was tried, what it must leave out, and what failed.

All engines with worker processes keep it, in the process that runs the plan. So it does not matter on which machines
the workers were that died, and every engine gives up at the same point with the same words.
"""

from __future__ import annotations

import pickle
from collections import Counter, deque
from collections.abc import Sequence

from curate.engines.child import Death
from curate.engines.failure import Failure, error_of
from curate.errors import CurateError, ResourceError
from curate.ingest.watch import Suspect
from curate.plan import Task
from curate.storage import Commit

#: How often a task is tried when the process that does it dies.
MAX_TRIES = 3
#: A record that was being read when so many workers ended is taken for the cause.
MAX_DEATHS_AT_RECORD = 2
#: A task that fails does not stop the others, but so many do: then it is not the input of one.
MAX_FAILED_TASKS = 3


class Tries:
    """What is to be done of some tasks.

    Args:
        root: the run directory.
        tasks: in the order in which they are given out.
    """

    def __init__(self, root: str, tasks: Sequence[Task]):
        self.peak_bytes = 0
        self.waiting = deque(tasks)
        self._root, self._tasks = root, tasks
        self._tries: Counter[Task] = Counter()
        self._deaths: Counter[tuple[Task, int, int]] = Counter()
        self._suspects: dict[Task, list[Suspect]] = {}
        self._failed: dict[Task, CurateError] = {}

    def take(self) -> tuple[Task, bytes]:
        """The next task, and the request for a worker."""
        task = self.waiting.popleft()
        self._tries[task] += 1
        return task, pickle.dumps((self._root, task, self.suspects(task)))

    def suspects(self, task: Task) -> tuple[Suspect, ...]:
        """The records that the task should leave out."""
        return tuple(self._suspects.get(task, ()))

    def settle(self, task: Task, answer: bytes | Death) -> Commit | None:
        """The commit of a task that is done; None if it failed or is to be tried again."""
        if isinstance(answer, Death):
            self._bury(task, answer)
            return None
        result, peak_bytes = pickle.loads(answer)
        self.peak_bytes = max(self.peak_bytes, peak_bytes)
        if isinstance(result, Failure):
            self._fail(task, error_of(result, _name(task)))
            return None
        assert isinstance(result, Commit)
        return result

    def raise_failed(self) -> None:
        """Raise the error of the first task that failed, if any did."""
        failed = [task for task in self._tasks if task in self._failed]
        if not failed:
            return
        error = self._failed[failed[0]]
        if len(failed) > 1:
            error.args = (f"{error} (so did {len(failed) - 1} more tasks)",)
        raise error

    def _bury(self, task: Task, death: Death) -> None:
        """Have the task tried again, without the record that is to blame if there is one."""
        suspect = death.suspect or self._accused(task, death)
        if suspect:
            self._suspects.setdefault(task, []).append(suspect)
            self._tries[task] -= 1  # it will not stumble over the same record again
        if self._tries[task] < MAX_TRIES:
            self.waiting.appendleft(task)
        else:
            message = f"{_name(task)}: its worker died {MAX_TRIES} times, at last {death.how}"
            self._fail(task, ResourceError(f"{message}; it may be short of memory: use fewer --workers"))

    def _accused(self, task: Task, death: Death) -> Suspect | None:
        """The record that was being read, if it was not the first death there."""
        if death.reading is None:
            return None
        key = (task, death.reading.split, death.reading.offset)
        self._deaths[key] += 1
        if self._deaths[key] < MAX_DEATHS_AT_RECORD:
            return None
        detail = f"the worker that read it died {MAX_DEATHS_AT_RECORD} times, at last {death.how}"
        return Suspect(death.reading.split, death.reading.offset, "crash", detail)

    def _fail(self, task: Task, error: CurateError) -> None:
        self._failed[task] = error
        if len(self._failed) >= MAX_FAILED_TASKS:
            self.waiting.clear()


def _name(task: Task) -> str:
    """What a message calls a task, and where the user finds what it read."""
    if task.kind == "ingest":
        return f"ingestion of part {task.number} (its files are in plan.json)"
    if task.kind in ("summarize", "annotate"):
        return f"{task.kind} of part {task.number} (documents/part-{task.number:05}.parquet)"
    return f"{task.kind} {task.number}"
