"""What the reading of one record may take, and which readings take more."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from curate.ingest.watch import Reading, Suspect

#: How often workers are looked at.
TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Limits:
    """What the reading of one record may take.

    Attributes:
        max_seconds: on the clock; None is no limit.
        max_bytes: resident memory of the worker meanwhile; None is no limit. Linux only.
    """

    max_seconds: float | None = 30.0
    max_bytes: int | None = 4_000_000_000


def judge(limits: Limits, reading: Reading | None, pid: int) -> Suspect | None:
    """The record that a process reads, if it takes more than it may.

    >>> judge(Limits(max_seconds=5), Reading(split=0, offset=77, seconds=6.1), pid=1).reason
    'time_limit'
    >>> judge(Limits(max_seconds=5), Reading(split=0, offset=99, seconds=0.1), pid=1) is None
    True
    """
    if reading is None:
        return None
    seconds, most = limits.max_seconds, limits.max_bytes
    if seconds is not None and reading.seconds > seconds:
        detail = f"it took more than {seconds:g} s (max_record_seconds)"
        return Suspect(reading.split, reading.offset, "time_limit", detail)
    if most is not None and resident_bytes(pid) > most:
        detail = f"its worker took more than {most} bytes (max_record_memory_bytes)"
        return Suspect(reading.split, reading.offset, "memory_limit", detail)
    return None


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError, ValueError):  # another system, or the process has just ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
