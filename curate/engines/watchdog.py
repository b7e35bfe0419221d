"""The watchdog of worker processes: which records take too long, too much memory, or end their worker."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from curate.ingest.watch import Reading, Suspect

#: How often workers are looked at.
TICK_SECONDS = 0.5
#: A record that was being read when so many workers ended is taken for the cause.
_DEATHS = 2


@dataclass(frozen=True)
class Limits:
    """What the reading of one record may take.

    Attributes:
        max_seconds: on the clock; None is no limit.
        max_bytes: resident memory of the worker meanwhile; None is no limit. Linux only.
    """

    max_seconds: float | None = 30.0
    max_bytes: int | None = 4_000_000_000


class Watchdog:
    """Judges what workers are reading, and remembers what it found, task by task.

    >>> dog = Watchdog(Limits(max_seconds=5))
    >>> dog.judge("a task", Reading(split=0, offset=77, seconds=6.1), pid=1)
    True
    >>> dog.suspects("a task")[0].reason, dog.judge("a task", Reading(0, 99, 0.1), pid=1)
    ('time_limit', False)
    """

    def __init__(self, limits: Limits):
        self.limits = limits
        self._suspects: dict[object, list[Suspect]] = {}
        self._deaths: Counter[tuple[object, int, int]] = Counter()

    def suspects(self, task: object) -> tuple[Suspect, ...]:
        """The records that the task should leave out."""
        return tuple(self._suspects.get(task, ()))

    def judge(self, task: object, reading: Reading | None, pid: int) -> bool:
        """Whether the worker has to be ended for what it reads; if so the record becomes a suspect."""
        if reading is None:
            return False
        seconds, most = self.limits.max_seconds, self.limits.max_bytes
        if seconds is not None and reading.seconds > seconds:
            self._suspect(task, reading, "time_limit", f"it took more than {seconds:g} s (max_record_seconds)")
            return True
        if most is not None and resident_bytes(pid) > most:
            self._suspect(
                task, reading, "memory_limit", f"its worker took more than {most} bytes (max_record_memory_bytes)"
            )
            return True
        return False

    def mourn(self, task: object, reading: Reading | None) -> bool:
        """Note that a worker died by itself; whether the record that it was reading is now a suspect."""
        if reading is None:
            return False
        key = (task, reading.split, reading.offset)
        self._deaths[key] += 1
        if self._deaths[key] < _DEATHS:
            return False
        self._suspect(task, reading, "crash", f"the worker that read it died {_DEATHS} times")
        return True

    def _suspect(self, task: object, reading: Reading, reason: str, detail: str) -> None:
        self._suspects.setdefault(task, []).append(Suspect(reading.split, reading.offset, reason, detail))


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError, ValueError):  # another system, or the process has just ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
