"""How many cores a process may use, whoever says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curate.engines.cores import available_cores


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "50000 100000\n"},
        {"proc/self/cgroup": "0::/job/step\n", "sys/fs/cgroup/job/cpu.max": "90000 100000\n"},
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"},
        {"proc/self/cgroup": "0::/seen/outside/only\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"},
        {
            "proc/self/cgroup": "4:memory:/\n2:cpu,cpuacct:/job\n",
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
        },
    ],
)
def test_a_quota_of_processor_time_counts(tmp_path, files) -> None:
    """Of the group itself or of one around it, in either version of control groups."""
    _write(tmp_path, files)
    assert available_cores(tmp_path) == 1


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/self/cgroup": "0::/job\n"},
        {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "max 100000\n"},
        {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "6400000 100000\n"},
        {"proc/self/cgroup": "1:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"},
    ],
)
def test_without_a_quota_the_affinity_counts(tmp_path, files) -> None:
    """No control groups, no limit, or one above the cores that the process may run on."""
    _write(tmp_path, files)
    assert available_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_affinity_counts() -> None:
    """A process that is bound to one core has one."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
