"""Which engine a run gets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Literal, Protocol, get_args

from curate.engines.cores import available_cores
from curate.engines.local import LocalEngine
from curate.engines.ray import RayEngine
from curate.engines.serial import SerialEngine
from curate.engines.watchdog import Limits
from curate.errors import PipelineError, Problem
from curate.plan import Task
from curate.storage import Commit

EngineName = Literal["local", "ray", "serial"]


class Engine(Protocol):
    """Runs tasks, in any order; each ends in a commit."""

    def run(self, root: str, tasks: list[Task]) -> Iterator[tuple[Task, Commit]]:
        """Do tasks, yielding each with its commit."""

    def peak_memory_bytes(self) -> int:
        """The largest resident memory of a process that did a task."""

    def close(self) -> None:
        """Release what the engine holds."""


def choose_engine(
    name: EngineName, workers: int | None, address: str | None, limits: Limits, task_memory_bytes: int | None = None
) -> Engine:
    """The engine of a name.

    Args:
        name: local, ray or serial.
        workers: processes, or tasks at once; None is one per core (of the cluster, for ray), 0 is the serial engine.
        address: of a Ray cluster; None takes that of the variable `RAY_ADDRESS`, if it is set.
        limits: what reading one record may take.
        task_memory_bytes: what a task may hold; see `RayEngine`.

    Raises:
        PipelineError: these do not go together.

    >>> choose_engine("local", 0, None, Limits())
    <curate.engines.serial.SerialEngine object at ...>
    """
    origin = "--address"
    if name == "ray" and address is None:
        origin, address = "RAY_ADDRESS", os.environ.get("RAY_ADDRESS") or None
    _check(name, workers, address, origin)
    if name == "serial" or workers == 0:
        return SerialEngine()
    if name == "ray":
        return RayEngine(workers, limits, address, task_memory_bytes)
    return LocalEngine(workers or available_cores(), limits)


def _check(name: str, workers: int | None, address: str | None, origin: str) -> None:
    problems = []
    if name not in get_args(EngineName):
        problems.append(Problem("--engine", f"no engine '{name}'", f"there are: {', '.join(get_args(EngineName))}"))
    if address is not None and name != "ray":
        problems.append(Problem("--address", f"the {name} engine has no address", "say --engine ray"))
    if address is not None and not re.fullmatch(r"auto|[^/]+:\d+", address):
        hint = "say auto or HOST:PORT, on a machine of the cluster"
        problems.append(Problem(origin, f"'{address}' is no address of Ray", hint))
    if name == "ray" and workers == 0:
        problems.append(Problem("--workers", "Ray without workers", "leave --workers out to use the whole cluster"))
    if name == "serial" and workers:
        problems.append(Problem("--workers", "the serial engine has no workers", "leave out --workers or --engine"))
    if problems:
        raise PipelineError(problems)
