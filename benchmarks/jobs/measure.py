"""Times one job in a process of its own, and prints what it saw as a line of JSON.

Every job imports this and runs in the environment of the library it measures, so nothing but the standard library is
used here. A job calls `measure(prepare, …)`; `prepare(texts, inputs)` does what is not to be timed (start-up, the
library's own form of input) and returns the work, a function whose result is digested after the clock has stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

Work = Callable[[], Any]

_WARM_UP_TEXTS = 50


def measure(
    prepare: Callable[[list[str], Path], Work],
    packages: Sequence[str],
    digest: Callable[[Any], str | int] = int,
    repeats: bool = False,
) -> None:
    """Run a job: once on a few texts to warm up, then timed on all, as often as is asked; the median counts.

    Args:
        prepare: makes the work from texts and the folder of further inputs.
        packages: whose versions to state.
        digest: what identifies the result, so that the harness can say whether two libraries agree.
        repeats: the work begins anew each time it is done, so it is prepared once. Else a process that is compared
            with another at its side would spend half of the time with preparing, which takes memory from the other.
    """
    options = job_options("max-mb")
    texts, megabytes = read_texts(options.inputs / "texts.jsonl", options.max_mb)
    prepare(texts[:_WARM_UP_TEXTS], options.inputs)()
    passes: list[list[float]] = []
    work = result = None
    for _ in range(options.passes):
        result = None  # else each pass would take memory that is new to the process
        work = work if work and repeats else prepare(texts, options.inputs)
        result, *seconds = timed(work)
        passes.append(seconds)
    median = sorted(passes, key=lambda seconds: seconds[1])[len(passes) // 2]
    report(megabytes, "MB", *median, packages, digest=digest(result), documents=len(texts))


def timed(work: Work) -> tuple[Any, float, float]:
    """Do a work; its result, the seconds on the clock, and those of the processor."""
    before, start = _processor_seconds(), time.perf_counter()
    result = work()
    return result, time.perf_counter() - start, _processor_seconds() - before


def _processor_seconds() -> float:
    """Processor time of this process and of those it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def report(
    amount: float, unit: str, seconds: float, cpu_seconds: float, packages: Sequence[str], **more: object
) -> None:
    """Print the line that the harness reads. The rate is by processor time, which other programs hardly change."""
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = {
        "rate": amount / cpu_seconds,
        "unit": f"{unit}/s",
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": peak_kib * 1024 / 1e6,
        "versions": {name: version(name) for name in packages},
        **more,
    }
    print(json.dumps(line), flush=True)


def read_texts(path: Path, max_mb: float) -> tuple[list[str], float]:
    """The texts of a JSONL file up to a size, and that size in MB of UTF-8."""
    texts, size = [], 0
    with path.open(encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)["text"]
            texts.append(text)
            size += len(text.encode())
            if size >= max_mb * 1e6:
                break
    return texts, size / 1e6


def job_options(amount: str | None = None) -> argparse.Namespace:
    """The folder of inputs, the core, on which this process stays from now on, and how much there is to do."""
    parser = argparse.ArgumentParser()
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--passes", type=int, default=1)
    if amount:
        parser.add_argument(f"--{amount}", type=float, required=True)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    return options
