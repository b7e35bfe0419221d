"""Signals to a run: it ends at once, leaves no process, says how to go on, and goes on (RELIABILITY R22)."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from processes import alive, offset_being_read, wait_until, workers
from watched import bad_offset, watched_pipeline

import cli

ROOT = Path(cli.__file__).parent
END_SECONDS = 5


def _started(folder: Path, **options: object) -> subprocess.Popen[str]:
    """A run with one worker that is deep in native code: it extracts a page that takes it a minute."""
    arguments = ["run", str(watched_pipeline(folder)), "--output", str(folder / "run"), "--workers", "1"]
    process = subprocess.Popen([sys.executable, "-m", "cli", *arguments], cwd=ROOT, text=True, **options)
    bad = bad_offset(folder)
    wait_until(lambda: process.poll() is not None or bad in map(offset_being_read, workers(process.pid)))
    return process


def _heeding_signals() -> None:
    """A background job of a shell inherits them ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
def test_a_signal_ends_a_run(tmp_path, number, status) -> None:
    """Within seconds, though a worker is in native code; the exit status names the signal, the hint the command."""
    process = _started(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_heeding_signals)
    below = workers(process.pid)
    process.send_signal(number)
    _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 128 + number, errors
    assert errors.startswith("interrupted; the same command goes on where it stopped:\n  curate run ")
    assert len(errors.splitlines()) == 2 and str(tmp_path / "run") in errors
    assert below and not any(map(alive, below))


def test_a_signal_to_the_whole_group_ends_a_run(tmp_path) -> None:
    """As a terminal and batch systems send it: workers leave it to the run, which prints nothing else."""
    process = _started(
        tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_heeding_signals,
        start_new_session=True,
    )
    below = workers(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 130 and len(errors.splitlines()) == 2, errors
    assert below and not any(map(alive, below))


def test_a_closed_terminal_ends_a_run(tmp_path) -> None:
    """The system sends SIGHUP, and nothing can be printed any more; no process is left."""
    ours, theirs = os.openpty()

    def take_terminal() -> None:
        _heeding_signals()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = _started(
        tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=take_terminal
    )
    os.close(theirs)
    below = workers(process.pid)
    os.close(ours)
    assert process.wait(timeout=END_SECONDS) == 129
    assert below and not any(map(alive, below))


def test_kill_9_leaves_no_worker(tmp_path) -> None:
    """Workers end with the process that started them, whatever ends it."""
    process = _started(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    below = workers(process.pid)
    process.kill()
    process.communicate(timeout=END_SECONDS)
    wait_until(lambda: not any(map(alive, below)))


CLEANING_UP = """
import sys, time
from curate.engines.interruption import interruptible
with interruptible():
    try:
        print("working", flush=True)
        time.sleep(60)
    finally:
        print("cleaning up", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(second) -> None:
    """Whatever the first one has still to clean up."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLEANING_UP],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heeding_signals,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "cleaning up\n"
    process.send_signal(second)
    _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 128 + second
    assert errors.startswith("interrupted; ")


def test_an_ignored_signal_stays_ignored() -> None:
    """`nohup curate run …` survives the end of its terminal."""
    code = (
        "import os, signal\nfrom curate.engines.interruption import interruptible\n"
        "with interruptible():\n    os.kill(os.getpid(), signal.SIGHUP)\n    print('still here')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert done.stdout == "still here\n"
