"""Who holds a run at a URL: an object that its holder renews, and that others may take over once nobody does.

Clocks of machines differ, so an old time alone does not make a lease stale: it is also watched, and must not change.
Were two holders at work for a moment, no harm is done: tasks give the same bytes, and the first commit wins.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import ResourceError, StateError
from curate.objects.store import ObjectStore

#: Renewals within the time after which a lease is stale.
_BEATS = 4


@dataclass
class Lease:
    """A lease object of a store.

    Args:
        store: with `lease_seconds` among its settings.
        key: the object.
    """

    store: ObjectStore
    key: str = "LOCK"

    def __post_init__(self) -> None:
        self._token = secrets.token_hex(8)
        self._beats = 0
        self._lost = ""
        self._released = threading.Event()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lease, renewing it all the time.

        Raises:
            StateError: somebody else holds it; the message names them.
        """
        self._acquire()
        thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._released.set()
            thread.join()
            if not self._lost:
                self.store.delete(self.key)

    def refuse_if_held(self) -> None:
        """Make sure that nobody holds it; whoever comes later is not kept out.

        Raises:
            StateError: somebody does; the message names them.
        """
        found = self._read()
        if found is not None and not self._is_abandoned(found):
            raise StateError(f"{self._url} is in use by {found.get('holder', 'another process')}; wait for it")

    def check(self) -> None:
        """Make sure that the lease is still ours.

        Raises:
            StateError: it could not be renewed in time, or was taken over.
        """
        if self._lost:
            raise StateError(f"{self._url} is no longer ours: {self._lost}; running again goes on from here")

    def _acquire(self) -> None:
        there = self.store.create(self.key, self._content())
        if there is not None:
            found = self._read() or {}
            if not self._is_abandoned(found):
                message = f"{self._url} is in use by {found.get('holder', 'another process')}"
                until = (
                    f"wait for it, choose another --output, or delete {self._url}/{self.key} if it is no longer there"
                )
                raise StateError(f"{message}\n    {until}")
            self.store.write(self.key, self._content())
        found = self._read() or {}
        if found.get("token") != self._token:
            raise StateError(f"{self._url} has just been taken by {found.get('holder', 'another process')}")

    def _is_abandoned(self, found: dict[str, Any]) -> bool:
        if found.get("machine") == _machine() and not _is_alive(found):
            return True
        seconds = self.store.settings.lease_seconds
        if time.time() - float(found.get("renewed", 0)) < seconds:
            return False
        time.sleep(2 * seconds / _BEATS)
        return self._read() in (found, None)

    def _renew(self) -> None:
        seconds = self.store.settings.lease_seconds
        last = time.monotonic()
        while not self._released.wait(seconds / _BEATS):
            try:
                found = self._read()
                if found is None or found.get("token") != self._token:
                    self._lost = f"it was taken over by {(found or {}).get('holder', 'another process')}"
                    return
                self._beats += 1
                self.store.write(self.key, self._content())
                last = time.monotonic()
            except ResourceError as error:  # the store may come back in time
                if time.monotonic() - last > seconds:
                    self._lost = f"it could not be renewed for {seconds:g} s: {error}"
                    return

    def _read(self) -> dict[str, Any] | None:
        """The lease that is there; one that is torn says nothing of its holder."""
        try:
            return self.store.read(self.key, _parse)
        except ValueError:
            return {}

    def _content(self) -> bytes:
        value = {
            "holder": f"process {os.getpid()} on {socket.gethostname()}",
            "machine": _machine(),
            "process": os.getpid(),
            "started": _start_of(os.getpid()),
            "token": self._token,
            "beats": self._beats,
            "renewed": time.time(),
        }
        return (json.dumps(value, indent=1) + "\n").encode()

    @property
    def _url(self) -> str:
        return self.store.url


def _parse(data: bytes) -> dict[str, Any]:
    value = json.loads(data)
    return value if isinstance(value, dict) else {}


def _machine() -> str:
    """Where process numbers mean the same: a boot of a machine, and a container on it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # another system than Linux
        return socket.gethostname()


def _is_alive(found: dict[str, Any]) -> bool:
    process = int(found.get("process", 0))
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and somebody else's
        return True
    return _start_of(process) == found.get("started")


def _start_of(process: int) -> str:
    """When a process began, by the system's own count, as another one may get its number; empty where not known."""
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
