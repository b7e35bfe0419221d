"""What a Ray worker does: carry tasks to a child process of its own, watch it, and carry the answers back.

The child is the same worker process that the local engine has, so its environment, its limits and its bytes are the
same too; it stays warm from task to task and ends with the Ray worker. This module loads nothing heavy, so that the Ray
worker stays small.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace

from curate import __version__
from curate.engines.child import Child, Death
from curate.engines.watchdog import TICK_SECONDS, Limits
from curate.engines.worker import die_with_parent
from curate.errors import ResourceError


@dataclass(frozen=True)
class Settings:
    """What a worker is told by the process that runs the plan.

    Attributes:
        limits: what the reading of one record may take.
        folder: where relative paths begin, if the machine has it.
        environment: of the child; None is that of the Ray worker.
        version: of curate; another one might give other bytes.
    """

    limits: Limits
    folder: str
    environment: Mapping[str, str] | None = None
    version: str = __version__


#: The child that is kept warm, and what it was started for: a later run in the same program may say otherwise.
_kept: tuple[Settings, Child] | None = None


def attempt(request: bytes, settings: Settings) -> bytes | Death:
    """Have tasks done by this Ray worker's child, once; its answer, or how it ended.

    Raises:
        ResourceError: this machine has another version of curate.
    """
    global _kept
    if settings.version != __version__:
        message = f"{socket.gethostname()} has curate {__version__}, the machine that runs the plan {settings.version}"
        raise ResourceError(f"{message}; install the same on every machine")
    die_with_parent(os.getppid())  # else it would go on while another machine does its tasks again
    if _kept and _kept[0] != settings:
        _kept[1].stop()
        _kept = None
    child = _kept[1] if _kept else Child(settings.limits, settings.environment, settings.folder)
    _kept = None
    try:
        child.send(request)
        while not child.connection.poll(TICK_SECONDS):
            child.judge()
        answer = child.receive()
    except BaseException:  # such as the cancelling of this task
        child.stop()
        raise
    if isinstance(answer, Death):
        child.stop()
        return replace(answer, how=f"{answer.how} on {socket.gethostname()}")
    _kept = settings, child
    return answer
