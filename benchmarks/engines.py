"""What Ray costs over the local engine: the same run by both, one after the other.

    python benchmarks/engines.py ../shared/data [--copies 24] [--rounds 1] [--workers 2]

The run reads copies of one crawl, filters and deduplicates them; 24 copies take about two minutes on two idle cores.
Processor time is that of all processes of the command, Ray's own included, and memory is theirs at its peak, with what
they share counted once (PSS). On a busy machine the time on the clock says little; the processor time holds.
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
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
ENGINES = ("local", "ray")
#: How much more Ray may take, on the clock of an idle machine.
BAR = 1.15
TICK_SECONDS = 0.5

PIPELINE = """
name: engines
sources:
  crawl: {{read: warc, paths: "{folder}/*.warc.gz"}}
stages:
  - language_filter: {{keep: [en], min_score: 0.65}}
  - gopher_quality
  - fuzzy_dedup
"""


def main() -> None:
    """Run each engine in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with crawl/crawl-wcxb.warc.gz")
    parser.add_argument("--copies", type=int, default=24, help="of that crawl, 1,011 pages each")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    found: dict[str, list[tuple[float, float, float]]] = {engine: [] for engine in ENGINES}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, options.data / "crawl" / "crawl-wcxb.warc.gz", options.copies)
        for number in range(options.rounds):
            for engine in ENGINES if number % 2 == 0 else reversed(ENGINES):
                found[engine].append(measure(folder, engine, options.workers))
    print_table(found)
    print(f"load average when it began: {load:.1f}" + ("; the machine was busy" if load > 0.5 else ""))


def write_inputs(folder: Path, crawl: Path, copies: int) -> None:
    """A pipeline and the files it reads."""
    first = folder / "crawl-000.warc.gz"
    shutil.copyfile(crawl, first)
    for number in range(1, copies):
        os.link(first, folder / f"crawl-{number:03}.warc.gz")
    (folder / "engines.yaml").write_text(PIPELINE.format(folder=folder), "utf-8")


def measure(folder: Path, engine: str, workers: int) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of processors, and peak bytes of a run."""
    output = folder / "run"
    command = [sys.executable, "-m", "cli", "run", str(folder / "engines.yaml"), "--output", str(output)]
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--engine", engine, "--workers", str(workers)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    seconds: dict[int, float] = {}
    peak = 0
    while process.poll() is None:
        own = [process.pid, *descendants(process.pid)]
        seconds.update({pid: used for pid in own if (used := processor_seconds(pid)) is not None})
        peak = max(peak, sum(map(resident_share_bytes, own)))
        time.sleep(TICK_SECONDS)
    if process.returncode:
        sys.exit(f"error: the run with the engine {engine} failed")
    shutil.rmtree(output)
    return time.perf_counter() - start, sum(seconds.values()), peak


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


def print_table(found: dict[str, list[tuple[float, float, float]]]) -> None:
    """Engines down, medians across."""
    medians = {engine: [statistics.median(each) for each in zip(*runs, strict=True)] for engine, runs in found.items()}
    table = Table("engine", "clock, s", "processors, s", "peak memory, MB", title="the same run by each engine")
    for engine, (clock, processors, peak) in medians.items():
        table.add_row(engine, f"{clock:.1f}", f"{processors:.1f}", f"{peak / 1e6:.0f}")
    over = [ray / local for local, ray in zip(*(medians[engine] for engine in ENGINES), strict=True)]
    table.add_row("ray / local", *(f"{each:.2f}" for each in over))
    Console().print(table)
    print(f"bar: {BAR:.2f} on the clock of an idle machine")


def _listed(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(folder.iterdir())
    return []


if __name__ == "__main__":
    main()
