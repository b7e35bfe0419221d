"""The lease of a run at a URL."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest

from curate.errors import StateError
from curate.objects.lease import Lease
from curate.objects.store import ObjectStore


@pytest.fixture
def objects(settings, monkeypatch, request) -> ObjectStore:
    """A store in memory, with leases that go stale quickly."""
    monkeypatch.setenv("CURATE_STORAGE_LEASE_SECONDS", "0.4")
    return ObjectStore.at(f"memory://lease-{request.node.name}")


def _left_behind(objects: ObjectStore, **changed: object) -> None:
    """The lease of a holder that has not released it."""
    lease = Lease(objects)
    value = json.loads(lease._content()) | changed
    objects.write("LOCK", json.dumps(value).encode())


def _until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_only_one_holds_it(objects) -> None:
    """While one holds the lease another is refused and told who holds it; afterwards it is free, and gone."""
    with Lease(objects).held(), pytest.raises(StateError, match="in use by process"), Lease(objects).held():
        pass
    with Lease(objects).held():
        assert objects.read("LOCK", json.loads)
    assert objects.read("LOCK", bytes) is None


def test_it_is_renewed(objects) -> None:
    """A holder that works longer than the lease lasts keeps it."""
    lease = Lease(objects)
    with lease.held():
        first = objects.read("LOCK", json.loads)
        _until(lambda: objects.read("LOCK", json.loads)["beats"] > first["beats"] + 4)
        lease.check()
        with pytest.raises(StateError), Lease(objects).held():
            pass


def test_a_dead_process_of_this_machine_holds_nothing(objects) -> None:
    """After kill -9 the same command goes on at once, however fresh the lease is."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    _left_behind(objects, process=child.pid, renewed=time.time() + 1000)
    with Lease(objects).held():
        pass


def test_a_number_that_was_given_to_another_process_is_noticed(objects) -> None:
    """A living process of the same number, begun at another time, is not the holder."""
    _left_behind(objects, started="1", renewed=time.time() + 1000)
    with Lease(objects).held():
        pass


def test_a_stale_lease_of_another_machine_is_taken_over(objects) -> None:
    """One that is old and does not change is taken over; a fresh one is not."""
    _left_behind(objects, machine="elsewhere")
    with pytest.raises(StateError, match="in use by"), Lease(objects).held():
        pass
    _left_behind(objects, machine="elsewhere", renewed=time.time() - 1000)
    with Lease(objects).held():
        pass


def test_a_clock_that_is_behind_does_not_cost_the_lease(objects) -> None:
    """One that looks old by our clock but is being renewed is left to its holder."""
    stop = threading.Event()

    def renew() -> None:
        beats = 0
        while not stop.wait(0.01):
            beats += 1
            _left_behind(objects, machine="elsewhere", renewed=time.time() - 1000 + beats, beats=beats)

    _left_behind(objects, machine="elsewhere", renewed=time.time() - 1000)
    thread = threading.Thread(target=renew)
    thread.start()
    try:
        with pytest.raises(StateError, match="in use by"), Lease(objects).held():
            pass
    finally:
        stop.set()
        thread.join()


def test_who_has_lost_it_is_told(objects) -> None:
    """Once another has taken it over, the former holder's check fails, and it leaves the lease of the other alone."""
    lease = Lease(objects)
    with lease.held():
        _left_behind(objects, holder="process 7 on elsewhere")
        _until(lambda: lease._lost)
        with pytest.raises(StateError, match="taken over by process 7 on elsewhere"):
            lease.check()
    assert objects.read("LOCK", json.loads)["holder"] == "process 7 on elsewhere"


def test_a_torn_lease_is_nobodys(objects, monkeypatch) -> None:
    """Bytes that are no lease do not lock a run for good."""
    monkeypatch.setenv("CURATE_STORAGE_TRIES", "2")
    objects = ObjectStore.at(objects.url)
    objects.write("LOCK", b'{"holder": "proc')
    with Lease(objects).held():
        pass
