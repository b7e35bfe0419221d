"""The control groups that this process is in, by which containers limit processors and memory (Linux)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def processor_quota(root: Path = ROOT) -> float:
    """Cores that the control groups allow, infinite if they do not limit them.

    Args:
        root: where `proc` and `sys` are.
    """
    quotas = []
    for folder in _groups(root, "cpu"):
        words = _words(folder / "cpu.max") or [
            *_words(folder / "cpu.cfs_quota_us"),
            *_words(folder / "cpu.cfs_period_us"),
        ]
        if len(words) == 2 and words[0].isdigit() and int(words[0]) > 0:
            quotas.append(int(words[0]) / int(words[1]))
    return min(quotas, default=math.inf)


def memory_limit(root: Path = ROOT) -> float:
    """Bytes that the control groups allow, infinite if they do not limit them.

    Args:
        root: where `proc` and `sys` are.
    """
    words = [
        word
        for folder in _groups(root, "memory")
        for name in ("memory.max", "memory.limit_in_bytes")
        for word in _words(folder / name)
    ]
    return min((int(word) for word in words if word.isdigit()), default=math.inf)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups that the process is in and of those around them, versions 2 and 1."""
    try:
        lines = (root / "proc/self/cgroup").read_text("ascii").splitlines()
    except OSError:  # another system
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / controllers
        for folder in [mount / path.lstrip("/"), *(mount / path.lstrip("/")).parents]:
            yield folder
            if folder == mount:
                break


def _words(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").split()
    except OSError:  # the group has no limit, or is not to be seen from inside its container
        return []
