"""The Ray engine: the same tasks on the machines of a Ray cluster, or on a Ray of its own on this one.

Ray places tasks, recovers nodes and scales the cluster; a Ray worker only carries a task to the same child process that
the local engine has (see `slot`). Requests and answers are small: what a task reads and writes lies on storage that
every machine sees, and is named, never sent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate.engines.child import Death
from curate.engines.ray_session import Session
from curate.engines.slot import Settings, attempt
from curate.engines.tries import Group, Tries
from curate.engines.watchdog import TICK_SECONDS, Limits
from curate.errors import ResourceError
from curate.plan import Task
from curate.storage import Commit

#: Tasks handed to Ray per core: as many wait as run, which hides the way to the worker and tells Ray's autoscaler that
#: more machines would be of use.
TASKS_PER_CORE = 2
#: How long a worker of Ray should be at what it is given, with the time that it lies waiting there: handing it over
#: costs 5 ms of processors, as much as many a task.
GROUP_SECONDS = 2.0
#: How often the size of the cluster is asked for, which takes as long as handing out a task.
CLUSTER_SECONDS = 1.0
#: What a process that does tasks takes beside what a task holds: the program itself, and its carrier.
PROCESS_BYTES = 400_000_000


@dataclass
class RayEngine:
    """Runs tasks on Ray.

    Args:
        workers: how many tasks at once, 1 or more; None is what the cluster can do.
        limits: what reading one record may take, as for the local engine.
        address: of a cluster (`auto`, HOST:PORT); None starts Ray on this machine for as long as the run
            takes.
        task_memory_bytes: what a task may hold; on a cluster, Ray sets it aside on the machine that does the task,
            or all of the largest machine's memory if that is less. None sets none aside.
    """

    workers: int | None = None
    limits: Limits = field(default_factory=Limits)
    address: str | None = None
    task_memory_bytes: int | None = None

    def __post_init__(self) -> None:
        self._session: Session | None = None
        self._submit: Any = None
        self._peak_bytes = self._cores = 0
        self._looks_again = 0.0

    def run(self, root: str, tasks: Sequence[Task]) -> Iterator[tuple[Task, Commit]]:
        """Do the tasks of the run at `root` in any order, yielding each with its commit.

        A task whose process, Ray worker or machine is lost is done again, at most `MAX_TRIES` times; tasks that fail
        are treated as by the local engine. Ray is connected to, or started, when there is something to do.

        Raises:
            TaskError: a task raised.
            ResourceError: a task's worker died each time, or Ray failed.
        """
        if not tasks:
            return
        if self._session is None:
            self._session = Session(self.address, self.workers)
            self._submit = self._remote(self._session)  # once: each would be sent to every worker anew
        import ray

        tries = Tries(_absolute(root), tasks, GROUP_SECONDS)
        flying: dict[Any, Group] = {}
        try:
            while tries.waiting or flying:
                while tries.waiting and len(flying) < (window := self._window()):
                    group, request = tries.take(window)
                    flying[self._submit(request)] = group
                for reference in _ready(list(flying)):
                    done = tries.settle(flying.pop(reference), _answer(reference))
                    self._peak_bytes = max(self._peak_bytes, tries.peak_bytes)
                    yield from done
        finally:
            for reference in flying:
                ray.cancel(reference, force=True)
        tries.raise_failed()

    def peak_memory_bytes(self) -> int:
        """The largest resident memory that any process has had that did a task."""
        return self._peak_bytes

    def close(self) -> None:
        """Disconnect from Ray, or end it if it was started here."""
        if self._session:
            self._session.close()
            self._session = None

    def _remote(self, session: Session) -> Any:
        import ray

        # A Ray of our own runs with another environment than ours, see there; a cluster's machines have their own.
        environment = dict(os.environ) if session.started else None
        settings = Settings(self.limits, str(Path.cwd()), environment)
        memory = 0 if session.started else _set_aside(self.task_memory_bytes)
        remote = ray.remote(max_retries=0, num_cpus=1, memory=memory)(attempt)
        stored = ray.put(settings)
        return lambda request: remote.remote(request, stored)

    def _window(self) -> int:
        """How many tasks Ray may have at once; grows with the cluster, at which it looks now and then."""
        assert self._session is not None
        if self.workers and not self._session.started:
            return self.workers
        now = time.monotonic()
        if now >= self._looks_again:
            self._looks_again, self._cores = now + CLUSTER_SECONDS, self._session.cores()
        return max(1, TASKS_PER_CORE * self._cores)


def _set_aside(task_bytes: int | None) -> int:
    """Memory to ask of Ray for a task: never so much that no machine could ever do it."""
    import ray

    largest = max((int(node["Resources"].get("memory", 0)) for node in ray.nodes() if node["Alive"]), default=0)
    return min(task_bytes + PROCESS_BYTES, largest) if task_bytes else 0


def _ready(flying: list[Any]) -> list[Any]:
    """Those that are done, after a tick at most."""
    import ray

    ready, _ = ray.wait(flying, timeout=TICK_SECONDS)
    return list(ray.wait(flying, num_returns=len(flying), timeout=0)[0]) if ready else []


def _answer(reference: Any) -> bytes | Death:
    """What a worker answered, or that it is lost."""
    import ray
    from ray import exceptions

    try:
        answer: bytes | Death = ray.get(reference)
        return answer
    except exceptions.RayTaskError as error:
        if isinstance(error.cause, ResourceError):
            raise error.cause from None
        last_line = str(error.cause or error).strip().rpartition("\n")[2]
        message = f"a worker of Ray failed: {last_line}; is curate installed on every machine?"
        raise ResourceError(message) from error
    except (
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.LocalRayletDiedError,
        exceptions.OutOfMemoryError,
        exceptions.ObjectLostError,
    ) as error:
        how = f"with its worker of Ray ({type(error).__name__}: {str(error).strip().splitlines()[0]})"
        return Death(how)
    except exceptions.RayError as error:
        raise ResourceError(f"Ray failed: {error}") from None


def _absolute(root: str) -> str:
    """The run directory as other machines see it; a URL stays."""
    return root if "://" in root else str(Path(root).absolute())
