"""Connections to Ray: to a cluster, or to a Ray of our own on this machine that nobody else can reach.

A Ray of our own stays on the loopback interface and needs care for that. Given any address but 127.0.0.1 its servers
listen on every interface, and 127.0.0.1 it replaces by another unless a variable, meant for other systems, forbids it.
With statistics off it still asks the metadata services of three clouds where it is, so its services are given a proxy
that is not there. Whoever else is on the machine needs a token.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from curate.engines.cores import available_cores
from curate.errors import ResourceError

LOOPBACK = "127.0.0.1"
#: About the least that Ray accepts; what tasks answer is small and does not pass through it.
OBJECT_STORE_BYTES = 80_000_000
#: How long an address may take to answer.
CONNECT_SECONDS = 10
#: Unix sockets have paths of at most 107 bytes, of which Ray's own names take 70.
_LONGEST_FOLDER = 30

_SETTINGS = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_REPORT_URL": f"http://{LOOPBACK}:9",
    "RAY_AUTH_MODE": "token",
}
_NO_WAY_OUT = {
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), f"http://{LOOPBACK}:9"),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), f"{LOOPBACK},localhost"),
}


class Session:
    """A connection to Ray: that of the calling program if it has one, or one to a cluster, or a Ray started here.

    Args:
        address: `auto` or HOST:PORT of a cluster; None starts Ray here.
        workers: how many tasks at once a Ray that is started here does; None is one per core.

    Attributes:
        started: whether Ray was started here.

    Raises:
        ResourceError: Ray is not installed, does not answer, or would be open to other machines.
    """

    def __init__(self, address: str | None = None, workers: int | None = None):
        if find_spec("ray") is None:
            raise ResourceError("--engine ray needs Ray, which is not installed; run: pip install 'curate[ray]'")
        self._found = "ray" in sys.modules and sys.modules["ray"].is_initialized()
        self.started = not self._found and address is None
        self._folder: Path | None = None
        if self.started:
            self._start(workers or available_cores())
        elif not self._found:
            _connect(str(address))

    def cores(self) -> int:
        """How many tasks the cluster does at once, as of now."""
        import ray

        return int(ray.cluster_resources().get("CPU", 0))

    def close(self) -> None:
        """Leave Ray as it was: disconnect, and end what was started here."""
        if not self._found:
            import ray

            ray.shutdown()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, cpus: int) -> None:
        home = tempfile.gettempdir()
        self._folder = Path(tempfile.mkdtemp(prefix="ray-", dir=home if len(home) <= _LONGEST_FOLDER else "/tmp"))
        try:
            with alone(), _explained("Ray does not start"):
                import ray

                ray.init(
                    address="local",
                    num_cpus=cpus,
                    num_gpus=0,
                    include_dashboard=False,
                    object_store_memory=OBJECT_STORE_BYTES,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    _node_ip_address=LOOPBACK,
                    _temp_dir=str(self._folder),
                )
            _check_that_it_is_alone()
        except BaseException:
            self.close()
            raise


def _check_that_it_is_alone() -> None:
    import ray

    others = {node["NodeManagerAddress"] for node in ray.nodes()} - {LOOPBACK}
    if others:
        raise ResourceError(f"Ray chose the address {', '.join(sorted(others))}, where other machines would reach it")


def _connect(address: str) -> None:
    with _explained(f"no Ray cluster answers at {address} (docs/cluster.md says how to start one)"):
        if address != "auto":  # Ray itself would try for a quarter of an hour
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
        import ray

        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)


@contextmanager
def alone() -> Iterator[None]:
    """What is started of Ray within stays on the loopback interface, if it is given the address `LOOPBACK`.

    Raises:
        ResourceError: Ray was imported before, with other settings.
    """
    if "ray" in sys.modules and not _SETTINGS.keys() <= os.environ.keys():
        message = "Ray was imported before curate could keep it from other machines"
        raise ResourceError(f"{message}; import it later, or connect to the Ray that you mean with ray.init")
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    before = {name: os.environ[name] for name in _NO_WAY_OUT if name in os.environ}
    os.environ.update(_NO_WAY_OUT)
    try:
        yield
    finally:
        for name in _NO_WAY_OUT:
            os.environ.pop(name)
        os.environ.update(before)


@contextmanager
def _explained(problem: str) -> Iterator[None]:
    """Turn what Ray raises into one line, and keep the caller's handler of SIGTERM, which Ray replaces."""
    handler = signal.getsignal(signal.SIGTERM)
    import ray

    try:
        yield
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        first_line = str(error).strip().partition("\n")[0]
        raise ResourceError(f"{problem}: {first_line}") from error
    finally:
        if callable(handler):
            signal.signal(signal.SIGTERM, handler)
