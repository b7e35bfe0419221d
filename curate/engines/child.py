"""A child process that does tasks, watched by the process that started it.

Requests and answers pass through as bytes, so that a process that only carries them, as a Ray worker does, need not
load what they are made of.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from curate.engines.watchdog import Limits, judge
from curate.ingest.watch import Reading, RecordClock, Suspect

#: One process per core does the work, so libraries must not start threads of their own.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONHASHSEED": "0",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # see curate.own_process
    # Large arrays come and go with every batch: kept by the process, their pages need not be cleared each time.
    "MALLOC_MMAP_THRESHOLD_": "67108864",
    "MALLOC_TRIM_THRESHOLD_": "67108864",
}


@dataclass(frozen=True)
class Death:
    """A process that ended before it gave an answer.

    Attributes:
        how: in words, for the user.
        reading: the record that it was reading, if any.
        suspect: that record, if it took more than it may and the process was ended for it.
    """

    how: str
    reading: Reading | None = None
    suspect: Suspect | None = None


class Child:
    """A process that does one task at a time, the connection to it, and the clock of the record that it reads.

    Args:
        limits: what the reading of one record may take.
        environment: of the process; None is that of this one. `ENVIRONMENT` goes on top.
        folder: where it runs, if that exists; None is the folder of this process.
    """

    def __init__(self, limits: Limits, environment: Mapping[str, str] | None = None, folder: str | None = None):
        ours, theirs = socket.socketpair()
        inherited = os.environ if environment is None else environment
        with theirs, tempfile.TemporaryFile() as shared, _blocked_signals():
            shared.truncate(RecordClock.SIZE_BYTES)
            descriptors = [theirs.fileno(), shared.fileno()]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "curate.engines.worker", *map(str, [*descriptors, os.getpid()])],
                pass_fds=descriptors,
                env={**inherited, **ENVIRONMENT},
                cwd=folder if folder and Path(folder).is_dir() else None,
            )
            self._clock = RecordClock(shared.fileno())
        self.connection = Connection(ours.detach())
        self._limits = limits
        self._suspect: Suspect | None = None

    def send(self, request: bytes) -> None:
        """Give it a task."""
        try:
            self.connection.send_bytes(request)
        except OSError:  # it died while idle; receiving from it will say so
            return

    def judge(self) -> None:
        """End it if it takes too much for one record; receiving from it will then say so."""
        if self._suspect is None:
            self._suspect = judge(self._limits, self._clock.reading(), self.process.pid)
            if self._suspect:
                self.process.kill()

    def receive(self) -> bytes | Death:
        """Wait for its answer, or for its end."""
        try:
            return self.connection.recv_bytes()
        except (EOFError, OSError):
            how = _ending(self.process.wait())
            return Death(how, self._clock.reading(), self._suspect)

    def kill(self) -> None:
        """End it, whatever it does; `stop` waits for that."""
        self.process.kill()

    def stop(self) -> None:
        """End it and release what belongs to it."""
        self.connection.close()
        self.process.kill()
        self.process.wait()


@contextmanager
def _blocked_signals() -> Iterator[None]:
    """A process that is started meanwhile keeps them blocked: they reach its whole group, but are for its parent."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ending(status: int) -> str:
    """
    >>> _ending(-9), _ending(3)
    ('killed by SIGKILL', 'exit status 3')
    """
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
