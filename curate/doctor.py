"""What a machine has of what curate needs."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from curate.engines.cores import available_cores
from curate.environment import describe_environment
from curate.memory import machine_bytes


@dataclass(frozen=True)
class Finding:
    """Something that was looked at.

    Attributes:
        name, value: what, and how it is.
        advice: what to do about it; empty if all is well.
    """

    name: str
    value: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at versions, processor, memory, disk, the cache of compiled loops, and optional extras.

    >>> [finding.name for finding in examine()][:2]
    ['curate', 'Python']
    """
    about = describe_environment()
    yield Finding("curate", str(about["curate"]))
    yield Finding("Python", f"{about['python']}, {sys.executable}")
    for name, found in dict(about["packages"]).items():  # type: ignore[call-overload]
        yield Finding(name, found or "absent", "" if found else f"run: pip install {name}")
    yield Finding("cores", str(available_cores()))
    yield _memory()
    yield _disk(Path.cwd())
    yield _compiled_loops()
    yield _trafilatura()


def _memory() -> Finding:
    gib = machine_bytes() / (1 << 30)
    advice = "" if gib >= 4 else "a worker may take 1.5 GiB: use few workers"
    return Finding("memory", f"{gib:.1f} GiB", advice)


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / (1 << 30)
    advice = "" if free >= 10 else "a run takes about three times the text it reads: write to another disk"
    return Finding("free disk", f"{free:.1f} GiB at {folder}", advice)


def _compiled_loops() -> Finding:
    """Where compiled loops are kept: numba's rule, beside the package if that can be written to."""
    beside = Path(__file__).parent / "kernels"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(chosen) if chosen else beside
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            kept = sum(1 for _ in folder.rglob("*.nbi"))
            return Finding("compiled loops", f"{kept} in {folder}", "" if kept else "run: curate doctor --warm")
    except OSError:
        return Finding("compiled loops", f"not in {folder}, in the user's cache", "run: curate doctor --warm")


def _trafilatura() -> Finding:
    """The extra that another extractor needs."""
    present = find_spec("trafilatura") is not None
    return Finding("trafilatura", "present" if present else "absent; only extract: {engine: trafilatura} needs it")
