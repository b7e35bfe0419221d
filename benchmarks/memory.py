"""Peak memory of every process of the GPT-3 pipeline, for a corpus of 1, 4 and 16 times a size.

    python benchmarks/memory.py [--text-mb 48] [--scales 1,4,16] [--memory 2GB] [--scratch DIR] [--json FILE]

Each phase of each stage (summarize, conclude, annotate …) is done by a worker process of its own, whose peak resident
memory is then read from the kernel (`VmHWM`: anonymous and file pages, so memory-mapped files count as far as they
were touched). The row `runner` is the process that hands out the tasks and publishes. The sample of each stage that
takes one (`sample_bytes`, `max_documents_per_class`) is set so that the smallest corpus fills it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from curate import runner
from curate.engines.local import LocalEngine
from curate.memory import parse_size
from curate.own_process import slim_down
from curate.plan import Task
from curate.storage import Commit
from curate.warm import warm

sys.path.insert(0, str(Path(__file__).parent / "scale"))
from corpus import sources, write_corpus

PIPELINE = Path(__file__).parents[1] / "pipelines" / "gpt3_mix.yaml"
#: So that parts are full, samples are filled and shards are several at the smallest corpus.
SETTINGS = (
    "part_bytes=400_000",
    "batch_bytes=1_000_000",
    "stages.quality_filter.alpha=0.5",
    "stages.quality_filter.max_documents_per_class=1000",
    "stages.train_tokenizer.sample_bytes=6e6",
    "stages.write_tokens.shard_tokens=1e6",
)
#: How much more the largest corpus may take than the smallest.
BAR = 1.10


def main() -> None:
    """Measure each corpus in a process of its own, print the table, say whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text-mb", type=float, default=48, help="text of the smallest corpus, MB")
    parser.add_argument("--scales", default="1,4,16", help="sizes, as multiples of it")
    parser.add_argument("--memory", help="budget, as of `curate run --memory`")
    parser.add_argument("--scratch", type=Path, help="folder for corpora and runs; kept [default: a temporary one]")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.memory)))
        return
    warm()  # compiling a loop takes memory too, once
    scales = [int(scale) for scale in options.scales.split(",")]
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        found = {scale: _measure_apart(Path(scratch), scale, options) for scale in scales}
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print_table(found)


def measure(corpus: Path, memory: str | None) -> dict[str, int]:
    """Run the pipeline over a corpus; peak bytes by stage and phase, the most of all workers, and of this process."""
    slim_down()
    engine = _FreshWorkers()
    runner.choose_engine = lambda *_: engine  # type: ignore[assignment]
    result = runner.run(
        PIPELINE,
        output=corpus.parent / f"{corpus.name}-run",
        workers=1,
        overrides=SETTINGS,
        source_paths=tuple(sources(corpus)),
        memory_bytes=parse_size(memory) if memory else None,
    )
    labels = ["ingest", *(step.label for step in result.plan.steps)]
    found: dict[str, int] = {}
    for task, peak in engine.peaks:
        round_number = f" {task.round + 1}" if task.kind in ("summarize", "divide", "reduce", "conclude") else ""
        name = labels[task.step] if task.kind == "ingest" else f"{labels[task.step]}: {task.kind}{round_number}"
        found[name] = max(found.get(name, 0), peak)
    return found | {"runner": peak_bytes("self")}


class _FreshWorkers:
    """An engine with a new worker process for each phase, so that what one phase leaves behind burdens no other."""

    def __init__(self) -> None:
        self.peaks: list[tuple[Task, int]] = []

    def run(self, root: str, tasks: list[Task]) -> Iterator[tuple[Task, Commit]]:
        """Do the tasks one after another, and note the peak memory of the process that did."""
        engine = LocalEngine(1)
        try:
            yield from engine.run(root, tasks)
            self.peaks += [(tasks[0], peak_bytes(child.process.pid)) for child in engine._idle]
        finally:
            engine.close()

    def peak_memory_bytes(self) -> int:
        """The most of all."""
        return max((peak for _, peak in self.peaks), default=0)

    def close(self) -> None:
        """Nothing is held."""


def peak_bytes(process: int | str) -> int:
    """The largest resident memory that a process has had since it began (not its parent, as of `ru_maxrss`)."""
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def print_table(found: dict[int, dict[str, int]]) -> None:
    """Phases down, sizes across."""
    scales = sorted(found)
    table = Table(title="peak resident memory, MB")
    table.add_column("phase")
    for scale in scales:
        table.add_column(f"{scale}x", justify="right")
    table.add_column("growth", justify="right")
    for phase in found[scales[-1]]:
        peaks = [found[scale][phase] for scale in scales]
        growth = peaks[-1] / peaks[0]
        table.add_row(phase, *(f"{peak / 1e6:.0f}" for peak in peaks), f"{growth:.2f}{'' if growth <= BAR else ' !'}")
    Console().print(table)


def _measure_apart(scratch: Path, scale: int, options: Any) -> dict[str, int]:
    corpus = scratch / f"corpus-{scale}"
    write_corpus(corpus, round(scale * options.text_mb * 1e6))
    command = [
        sys.executable,
        __file__,
        "--one",
        str(corpus),
        *(["--memory", options.memory] if options.memory else []),
    ]
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}  # as the command has it
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    for folder in (corpus, scratch / f"{corpus.name}-run"):
        shutil.rmtree(folder)
    return dict(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
