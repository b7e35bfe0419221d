"""Real processes, seen from outside: who descends from whom, what a worker reads, where it listens."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

#: No test waits longer for anything.
DEADLINE_SECONDS = 60


def wait_until(condition: Callable[[], object]) -> None:
    """Look again and again until it is so."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    return _status(pid)[:1] not in (["Z"], [])


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    parents = {int(path.name): _status(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    below = [pid]
    for each in below:
        below += [child for child, status in parents.items() if status[1:2] == [str(each)]]
    return below[1:]


def command(pid: int) -> list[str]:
    """The command line of a process; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def workers(pid: int) -> list[int]:
    """The processes below one that do curate's tasks."""
    return [each for each in descendants(pid) if "curate.engines.worker" in command(each)]


def carriers(pid: int) -> list[int]:
    """The processes below one that are workers of Ray with a task."""
    return [each for each in descendants(pid) if command(each)[0:1] == ["ray::attempt"]]


def offset_being_read(worker: int) -> int | None:
    """Where the record begins that a worker is reading: the second of its descriptors is the clock."""
    words = command(worker)
    if len(words) < 5:  # it has not begun, or has ended
        return None
    with contextlib.suppress(OSError, struct.error):
        _, offset, since = struct.unpack("<qqq", Path(f"/proc/{worker}/fd/{words[4]}").read_bytes())
        return offset if since else None
    return None


@contextlib.contextmanager
def hunting(prey: Callable[[], list[int]], number: int, at_most: int) -> Iterator[list[int]]:
    """Meanwhile, send a signal to every process that is found, to each once; the list of those that got it."""
    killed: list[int] = []
    stop = threading.Event()

    def hunt() -> None:
        while not stop.is_set() and len(killed) < at_most:
            for pid in [each for each in prey() if each not in killed][: at_most - len(killed)]:
                os.kill(pid, number)
                killed.append(pid)
                wait_until(lambda pid=pid: not alive(pid))
            stop.wait(0.005)

    thread = threading.Thread(target=hunt)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def sockets(pids: list[int]) -> list[tuple[str, str, bool]]:
    """Local and remote address of every TCP socket of some processes, and whether it listens."""
    owned = {str(link.readlink()) for pid in pids for link in _descriptors(pid)}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, remote, state, *rest = line.split()
            if f"socket:[{rest[5]}]" in owned:
                found.append((_address(local), _address(remote), state == "0A"))
    return found


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach it."""
    parsed = ipaddress.ip_address(address)
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def _address(field: str) -> str:
    """
    >>> _address("0100007F:1F90")
    '127.0.0.1'
    """
    packed = bytes.fromhex(field.partition(":")[0])
    words = struct.unpack(f"<{len(packed) // 4}I", packed)
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, struct.pack(f">{len(words)}I", *words))


def _descriptors(pid: int) -> list[Path]:
    with contextlib.suppress(OSError):
        return [link for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return []


def _status(pid: int) -> list[str]:
    """State and parent of a process; empty once it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    return []
