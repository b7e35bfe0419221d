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

_STAY_ON_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
_SETTINGS = {_STAY_ON_LOOPBACK: "0", "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
_NO_WAY_OUT = {
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), f"http://{LOOPBACK}:9"),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), f"{LOOPBACK},localhost"),
}

#: What connecting to Ray raises: its own errors are of these.
_RAY_ERRORS = (OSError, ValueError, RuntimeError)


class Session:
    """A connection to Ray: that of the calling program if it has one, or one to a cluster, or a Ray started here.

    Args:
        address: `auto`, HOST:PORT or ray://HOST:PORT of a cluster; None takes `RAY_ADDRESS`, or starts Ray here.
        workers: how many tasks at once a Ray that is started here does; None is one per core.

    Attributes:
        started: whether Ray was started here.

    Raises:
        ResourceError: Ray is not installed, does not answer, or would be open to other machines.
    """

    def __init__(self, address: str | None = None, workers: int | None = None):
        if find_spec("ray") is None:
            raise ResourceError("--engine ray needs Ray, which is not installed; run: pip install 'curate[ray]'")
        address = address or os.environ.get("RAY_ADDRESS")
        self._found = "ray" in sys.modules and sys.modules["ray"].is_initialized()
        self.started = not self._found and address is None
        self._folder: Path | None = None
        if self.started:
            self._start(workers or available_cores())
        elif not self._found:
            _connect(str(address))

    def close(self) -> None:
        """Leave Ray as it was: disconnect, and end what was started here."""
        if not self._found:
            sys.modules["ray"].shutdown()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, cpus: int) -> None:
        """Start Ray on the loopback interface, and check that it is there."""
        if "ray" in sys.modules and not _SETTINGS.keys() <= os.environ.keys():
            message = "Ray was imported before curate could keep it from other machines"
            raise ResourceError(f"{message}; import it later, or connect to the Ray that you mean with ray.init")
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        home = tempfile.gettempdir()
        self._folder = Path(tempfile.mkdtemp(prefix="ray-", dir=home if len(home) <= _LONGEST_FOLDER else "/tmp"))
        import ray

        try:
            with _environment(_NO_WAY_OUT), _signals_kept():
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
        except BaseException as error:
            self.close()
            if isinstance(error, _RAY_ERRORS):
                raise ResourceError(f"Ray does not start: {_first_line(error)}") from error
            raise


def _check_that_it_is_alone() -> None:
    import ray

    others = {node["NodeManagerAddress"] for node in ray.nodes()} - {LOOPBACK}
    if others:
        raise ResourceError(f"Ray chose the address {', '.join(sorted(others))}, where other machines would reach it")


def _connect(address: str) -> None:
    import ray

    try:
        if address != "auto":  # Ray itself would try for a quarter of an hour
            host, _, port = address.removeprefix("ray://").rpartition(":")
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
        with _signals_kept():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except _RAY_ERRORS as error:
        message = f"no Ray cluster answers at --address {address}: {_first_line(error)}"
        hint = "docs/cluster.md says how to start one; without --address, Ray runs on this machine"
        raise ResourceError(f"{message}\n    {hint}") from None


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Processes that are started meanwhile have these variables; this one has its own back afterwards."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            os.environ.pop(name)
        os.environ.update({name: value for name, value in before.items() if name in values})


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep the caller's handler of SIGTERM, which Ray would replace."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if callable(before):
            signal.signal(signal.SIGTERM, before)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
