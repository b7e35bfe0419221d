"""A record that hangs, takes too much memory or ends its worker costs itself, and nothing else."""

from __future__ import annotations

import os
import signal

from processes import hunting, offset_being_read, workers
from watched import bad_offset, check_quarantined, watched_pipeline

from curate import run
from curate.engines.watchdog import Limits, judge
from curate.ingest.watch import Reading


def test_a_record_that_hangs_is_quarantined(tmp_path) -> None:
    """Its worker is ended, and the rest of its part is read without it."""
    run(watched_pipeline(tmp_path, seconds="1.5"), output=tmp_path / "run", workers=1)
    check_quarantined(tmp_path / "run", "time_limit")


def test_a_record_that_takes_too_much_memory_is_quarantined(tmp_path) -> None:
    """Any worker has more than this, but only while a record is being read does it count."""
    run(watched_pipeline(tmp_path, memory="1_000_000"), output=tmp_path / "run", workers=2)
    check_quarantined(tmp_path / "run", "memory_limit")


def test_a_record_that_ends_its_worker_twice_is_quarantined(tmp_path) -> None:
    """Native code that crashes ends a worker by SIGSEGV, once more when the part is tried again, and no third time."""
    pipeline = watched_pipeline(tmp_path)
    bad = bad_offset(tmp_path)
    with hunting(lambda: [w for w in workers(os.getpid()) if offset_being_read(w) == bad], signal.SIGSEGV, 3) as killed:
        run(pipeline, output=tmp_path / "run", workers=1)
    assert len(killed) == 2
    check_quarantined(tmp_path / "run", "crash")


def test_a_limit_that_is_off_never_strikes() -> None:
    """None is off for each limit by itself."""
    assert judge(Limits(max_seconds=None, max_bytes=None), Reading(0, 5, 1e9), os.getpid()) is None
    assert judge(Limits(max_seconds=None, max_bytes=1), Reading(0, 5, 1e9), os.getpid()).reason == "memory_limit"
    assert judge(Limits(max_seconds=1, max_bytes=None), Reading(0, 5, 1e9), os.getpid()).reason == "time_limit"
