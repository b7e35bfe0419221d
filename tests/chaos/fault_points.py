"""Named points of a run at which a process can be made to end, found from outside by an audit hook.

Every change of the run directory that Python makes raises an audit event, and the stack tells which task is at work.
So nothing in `curate` has to know of it.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

#: Events that change files, and which argument is the path.
_CHANGES = {"os.rename": 1, "os.link": 1, "os.remove": 0, "os.mkdir": 0, "os.rmdir": 0, "shutil.rmtree": 0}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

#: Functions of the parent process that change files, by the name of their point.
_PARENT = {"_save_plan": "plan", "publish": "publish", "_commit_run": "end"}

BEFORE_WRITE = "before write"
MID_WRITE = "mid-write"
BEFORE_COMMIT = "after data, before commit"
IN_COMMIT = "commit written, not in place"
AFTER_COMMIT = "after commit"


@dataclass
class Fault:
    """Ends this process at a point.

    Args:
        root: the run directory.
        kind, point: which; a kind of task, or plan, publish, end.
        number: at which event of that name, from 0.
        trace: instead of a fault, write the names of all events to this file.
    """

    root: str
    kind: str = ""
    point: str = ""
    number: int = 0
    trace: str = ""
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    _task: object = None

    def arm(self) -> None:
        """Begin to listen; it cannot be undone."""
        self._trace = os.open(self.trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if self.trace else -1
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        path = _changed(event, arguments)
        if path is None or not path.startswith(self.root + "/") or path.endswith("/LOCK"):
            return
        for name in self._names(event, path):
            self._strike(name)

    def _strike(self, name: tuple[str, str]) -> None:
        number = self._seen[name]
        self._seen[name] += 1
        if self._trace >= 0:
            os.write(self._trace, f"{name[0]}\t{name[1]}\t{number}\n".encode())
        if name != (self.kind, self.point) or number != self.number:
            return
        if self.point == MID_WRITE:  # the system will end this process at the 100th byte of the next file
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    def _names(self, event: str, path: str) -> list[tuple[str, str]]:
        """The names of an event: kind and point, and for the first of a task two more."""
        kind, task, committing = _where(sys._getframe(2))
        if committing and event == "os.rename":
            sys.setprofile(partial(self._leaves, kind))
            return [(kind, IN_COMMIT)]
        if committing:
            return [(kind, BEFORE_COMMIT)]
        if task is not None and task is not self._task:
            self._task = task
            return [(kind, BEFORE_WRITE), (kind, MID_WRITE), (kind, event)]
        return [(kind, event)]

    def _leaves(self, kind: str, frame: FrameType, event: str, _: object) -> None:
        """No event tells that a commit is in place, but the function that puts it there returns."""
        if event == "return" and frame.f_code.co_name == "write_commit":
            sys.setprofile(None)
            self._strike((kind, AFTER_COMMIT))


def _changed(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The path that an event is about to change; None for other events."""
    if event == "open":
        path, _, flags = arguments
        return os.fspath(path) if isinstance(path, str | os.PathLike) and flags & _WRITING else None
    return os.fspath(arguments[_CHANGES[event]]) if event in _CHANGES else None


def _where(frame: FrameType | None) -> tuple[str, object, bool]:
    """What is at work: a kind of task, the task, and whether it is being committed."""
    committing = False
    while frame is not None:
        name = frame.f_code.co_name
        if name == "write_commit":
            committing = True
        if name == "execute":
            [task] = frame.f_locals["tasks"]
            return task.kind, task, committing
        if name in _PARENT:
            return _PARENT[name], None, committing
        frame = frame.f_back
    return "start", None, committing
