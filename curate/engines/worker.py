"""A worker process: receives tasks over a socket, does them, sends back their commits.

Started as `python -m curate.engines.worker SOCKET CLOCK PARENT`, two descriptors and a process id: a fresh interpreter
that never imports the caller's main module, so nothing of a user's script runs twice. It ends when its parent does.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path


def peak_memory_bytes() -> int:
    """The largest resident memory that this process has had since it began."""
    status = Path("/proc/self/status")
    if not status.exists():  # macOS, where it is in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = status.read_text("ascii").splitlines()  # on Linux, getrusage counts what this process was forked from
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main(descriptor: int, clock_descriptor: int, parent: int) -> None:
    """Serve tasks until the parent closes the connection; note on the clock which record is being read."""
    die_with_parent(parent)
    connection = Connection(descriptor)
    gc.disable()  # what is loaded now stays: it need not be looked through, neither now nor later
    import pyarrow as pa

    from curate.engines.failure import describe
    from curate.ingest.watch import RecordClock, Watched
    from curate.own_process import slim_down
    from curate.tasks import execute

    slim_down()
    gc.freeze()
    gc.enable()
    clock = RecordClock(clock_descriptor)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    while True:
        try:
            root, tasks, suspects = connection.recv()
        except EOFError:
            return
        try:
            answer: object = execute(root, tasks, Watched(clock, suspects))
        except Exception as error:  # every failure belongs to the parent, which decides
            answer = describe(error)
        connection.send((answer, peak_memory_bytes()))


def die_with_parent(parent: int) -> None:
    """Ask Linux to end this process when its parent ends, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it ended before it was asked
            sys.exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
