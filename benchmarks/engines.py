"""What Ray costs over the local engine: the same run by both, in turn.

    python benchmarks/engines.py ../shared/data [--seconds 120] [--rounds 3] [--workers 2]

The run reads copies of one crawl, filters and deduplicates them; as many as the local engine would do in the time that
is asked for on an idle machine, which two short runs tell. Processor time is that of all processes of the command, by
what they are for; memory is theirs at its peak, with what they share counted once (PSS). On a busy machine the time on
the clock says little; the processor time holds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
ENGINES = ("local", "ray")
#: How much more Ray may take, on the clock of an idle machine.
BAR = 1.15
TICK_SECONDS = 0.5
#: Copies that the two short runs read.
FEW = (1, 4)
#: What the processes of a run are for, by a word in their command line; the others are of Ray.
KINDS = {"curate.engines.worker": "tasks", "cli": "command"}
KINDS_OF_ALL = (*KINDS.values(), "Ray")

PIPELINE = """
name: engines
sources:
  crawl: {{read: warc, paths: "{folder}/*.warc.gz"}}
stages:
  - language_filter: {{keep: [en], min_score: 0.65}}
  - gopher_quality
  - fuzzy_dedup
"""


@dataclass
class Measured:
    """One run: seconds on the clock, processor seconds by what they were for, peak bytes."""

    clock: float
    processors: dict[str, float]
    peak: float

    @property
    def figures(self) -> list[float]:
        """Clock, all processor seconds, and those of tasks, of the command and of Ray."""
        return [self.clock, sum(self.processors.values()), *(self.processors[kind] for kind in KINDS_OF_ALL), self.peak]


def main() -> None:
    """Run each engine in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with crawl/crawl-wcxb.warc.gz")
    parser.add_argument("--seconds", type=float, default=120, help="that the local engine takes on an idle machine")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    found: dict[str, list[Measured]] = {engine: [] for engine in ENGINES}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copies = write_enough(folder, options.data / "crawl" / "crawl-wcxb.warc.gz", options.seconds * options.workers)
        print(f"{copies} copies of 1,011 pages", flush=True)
        for number in range(options.rounds):
            for engine in ENGINES if number % 2 == 0 else reversed(ENGINES):
                found[engine].append(measure(folder, engine, options.workers))
    print_table(found)
    print(f"load average when it began: {load:.1f}" + ("; the machine was busy" if load > 0.5 else ""))


def write_enough(folder: Path, crawl: Path, processor_seconds: float) -> int:
    """Inputs that take so many processor seconds; how many copies that is."""
    taken = []
    for copies in FEW:
        write_inputs(folder, crawl, copies)
        taken.append(sum(measure(folder, "local", 1).processors.values()))
    each = (taken[1] - taken[0]) / (FEW[1] - FEW[0])
    copies = max(FEW[1], round((processor_seconds - taken[0]) / each) + FEW[0])
    write_inputs(folder, crawl, copies)
    return copies


def write_inputs(folder: Path, crawl: Path, copies: int) -> None:
    """A pipeline and the files it reads."""
    for number in range(copies):
        link = folder / f"crawl-{number:04}.warc.gz"
        if not link.is_symlink():
            link.symlink_to(crawl.resolve())
    (folder / "engines.yaml").write_text(PIPELINE.format(folder=folder), "utf-8")


def measure(folder: Path, engine: str, workers: int) -> Measured:
    """Run an engine, and look at its processes until it ends."""
    output = folder / "run"
    command = [sys.executable, "-m", "cli", "run", str(folder / "engines.yaml"), "--output", str(output)]
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--engine", engine, "--workers", str(workers)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    seconds: dict[int, tuple[str, float]] = {}
    peak = 0
    while process.poll() is None:
        own = [process.pid, *descendants(process.pid)]
        for pid in own:
            kind, used = kind_of(pid) or seconds.get(pid, (KINDS_OF_ALL[-1],))[0], processor_seconds(pid)
            if used is not None:
                seconds[pid] = kind, used
        peak = max(peak, sum(map(resident_share_bytes, own)))
        time.sleep(TICK_SECONDS)
    clock = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"error: the run with the engine {engine} failed")
    shutil.rmtree(output)
    processors = dict.fromkeys(KINDS_OF_ALL, 0.0)
    for kind, used in seconds.values():
        processors[kind] += used
    return Measured(clock, processors, peak)


def kind_of(pid: int) -> str:
    """What a process is for; empty once it has ended."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text("utf-8").split("\0")
        kind = next((kind for word, kind in KINDS.items() if word in words), KINDS_OF_ALL[-1])
        return kind if any(words) else ""
    return ""


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    found = []
    for thread in _listed(Path(f"/proc/{pid}/task")):
        with contextlib.suppress(OSError):
            children = [int(child) for child in (thread / "children").read_text("ascii").split()]
            found += children + [each for child in children for each in descendants(child)]
    return found


def processor_seconds(pid: int) -> float | None:
    """User and system time of a process; None if it has ended."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return None


def resident_share_bytes(pid: int) -> int:
    """Memory of a process, of what it shares with others its share; 0 if it has ended."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return 0


def print_table(found: dict[str, list[Measured]]) -> None:
    """Engines down, medians across."""
    medians = {
        engine: [statistics.median(each) for each in zip(*(run.figures for run in runs), strict=True)]
        for engine, runs in found.items()
    }
    columns = ("clock", "processors", *(f"of {kind}" for kind in KINDS_OF_ALL), "peak MB")
    table = Table("engine", *columns, title="the same run by each engine: seconds, and memory")
    for engine, (*seconds, peak) in medians.items():
        table.add_row(engine, *(f"{each:.1f}" for each in seconds), f"{peak / 1e6:.0f}")
    local, ray = (medians[engine] for engine in ENGINES)
    table.add_row("ray / local", *(f"{more / less:.2f}" if less else "" for less, more in zip(local, ray, strict=True)))
    Console().print(table)
    print(f"bar: {BAR:.2f} on the clock of an idle machine")


def _listed(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(folder.iterdir())
    return []


if __name__ == "__main__":
    main()
