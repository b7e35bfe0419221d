"""The book of one phase: which tasks wait, how often each was tried, what it must leave out, and what failed.

All engines with worker processes keep it, in the process that runs the plan. So it does not matter on which machines
the workers were that died, and every engine gives up at the same point with the same words.

Tasks are handed out in groups, since handing out takes as long as many a task. What goes wrong in a group is found out
by doing its tasks again one by one; only that counts.
"""

from __future__ import annotations

import pickle
import time
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
#: Tasks that a worker is given together.
Group = tuple[Task, ...]
#: A task that fails does not stop the others, but so many do: then it is not the input of one.
MAX_FAILED_TASKS = 3


class Tries:
    """What is to be done of some tasks.

    Args:
        root: the run directory.
        tasks: in the order in which they are given out.
        group_seconds: how long a worker should be at what it is given.
    """

    def __init__(self, root: str, tasks: Sequence[Task], group_seconds: float = 0.0):
        self.peak_bytes = 0
        self.waiting = deque(tasks)
        self._root, self._tasks, self._group_seconds = root, tasks, group_seconds
        self._began, self._done = time.monotonic(), 0
        self._alone: set[Task] = set()
        self._tries: Counter[Task] = Counter()
        self._deaths: Counter[tuple[Task, int, int]] = Counter()
        self._suspects: dict[Task, list[Suspect]] = {}
        self._failed: dict[Task, CurateError] = {}

    def take(self, window: int = 1) -> tuple[Group, bytes]:
        """The next tasks, and the request for a worker.

        Args:
            window: how many groups may be given out at once.
        """
        seconds = time.monotonic() - self._began
        size = group_size(len(self.waiting), window, seconds, self._done, self._group_seconds)
        group = [self.waiting.popleft()]
        if group[0] not in self._alone:
            while len(group) < size and self.waiting and self.waiting[0] not in self._alone:
                group.append(self.waiting.popleft())
        if len(group) == 1:
            self._alone.update(group)
            self._tries[group[0]] += 1
        return tuple(group), pickle.dumps((self._root, group, self.suspects(group[0])))  # none in a group of several

    def suspects(self, task: Task) -> tuple[Suspect, ...]:
        """The records that the task should leave out."""
        return tuple(self._suspects.get(task, ()))

    def settle(self, group: Group, answer: bytes | Death) -> list[tuple[Task, Commit]]:
        """The tasks of a group that are done, with their commits: none if it failed or is to be tried again."""
        result, peak_bytes = (answer, 0) if isinstance(answer, Death) else pickle.loads(answer)
        self.peak_bytes = max(self.peak_bytes, peak_bytes)
        if isinstance(result, list):
            self._done += len(group)
            return list(zip(group, result, strict=True))
        if len(group) > 1:
            self._alone.update(group)
            self.waiting.extendleft(reversed(group))
        elif isinstance(result, Death):
            self._bury(group[0], result)
        else:
            assert isinstance(result, Failure)
            self._fail(group[0], error_of(result, _name(group[0])))
        return []

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


def group_size(waiting: int, window: int, seconds: float, done: int, group_seconds: float) -> int:
    """How many tasks of a phase to give a worker: those of `group_seconds`, as far as it is known how long one takes.

    And fewer towards the end of the phase, so that no worker ends long after the others.

    Args:
        waiting: tasks that were not given out yet, 1 or more.
        window: how many groups may be given out at once.
        seconds, done: since the phase began, and how many tasks were done since.

    >>> [group_size(waiting, 4, 2.0, 40, 1.0) for waiting in (400, 8, 3)], group_size(400, 4, 0.0, 0, 1.0)
    ([5, 2, 1], 1)
    """
    wanted = int(group_seconds * done / (seconds * window)) if done else 1
    return max(1, min(wanted, waiting // window))


def _name(task: Task) -> str:
    """What a message calls a task, and where the user finds what it read."""
    if task.kind == "ingest":
        return f"ingestion of part {task.number} (its files are in plan.json)"
    if task.kind in ("summarize", "annotate"):
        return f"{task.kind} of part {task.number} (documents/part-{task.number:05}.parquet)"
    return f"{task.kind} {task.number}"
