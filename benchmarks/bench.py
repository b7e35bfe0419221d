"""Every text stage against the libraries that people use for it today, side by side in one run.

    python benchmarks/bench.py --data ../shared/data [--only 'BPE encode'] [--rounds 3]

Prints a table and writes `benchmarks/results.json`. Each job runs alone, in a process of its own on one core, first
ours, then the others, and again; medians are compared. Rates are per second of processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from environments import python_of
from inputs import FOLDER as INPUTS
from inputs import make_inputs
from rich.console import Console
from rich.table import Table
from works import WORKS, Peer, Work

from curate.engines.child import ENVIRONMENT

#: Cores on which a process is alone, in turn with two at once: other programs of the machine may share the cache.
TURNS = (0, 1, 0, 1, 0, 1)

JOBS = Path(__file__).parent / "jobs"
RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    """Make what is missing, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of text, crawl, dedup, evals")
    parser.add_argument("--only", action="append", choices=[work.name for work in WORKS], help="measure only this work")
    parser.add_argument("--rounds", type=int, help="runs of each side [default: 3, whole chain 1]")
    options = parser.parse_args()
    if not (options.data / "text").is_dir():
        sys.exit(f"error: {options.data} has no folder 'text'; say --data FOLDER, see benchmarks/README.md")
    about = make_inputs(options.data)
    rows = [] if options.only is None else _earlier_rows(options.only)
    for work in WORKS:
        if options.only is None or work.name in options.only:
            rows += measure_work(work, options.rounds or work.rounds)
    order = [work.name for work in WORKS]
    rows.sort(key=lambda row: order.index(row["work"]))
    results = {"machine": machine(), "inputs": about, "rows": rows}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    RESULTS.with_suffix(".md").write_text(as_markdown(results), "utf-8")
    print_table(rows)


def measure_work(work: Work, rounds: int) -> list[dict[str, Any]]:
    """A row for each peer."""
    pythons = {peer.name: python_of(peer) for peer in work.peers}
    ours: list[dict[str, Any]] = []
    theirs: dict[str, list[dict[str, Any]]] = {peer.name: [] for peer in work.peers}
    for number in range(rounds):
        print(f"{work.name}: round {number + 1} of {rounds}", flush=True)
        ours.append(run_job(Path(sys.executable), work.job, work.arguments))
        for peer in work.peers:
            theirs[peer.name].append(run_job(pythons[peer.name], peer.job, peer.arguments))
    scaling = two_processes(work)
    return [row(work, peer, ours, theirs[peer.name], scaling) for peer in work.peers]


def row(
    work: Work, peer: Peer, ours: list[dict[str, Any]], theirs: list[dict[str, Any]], scaling: float
) -> dict[str, Any]:
    """What `results.json` holds of a comparison: medians, and the ratio of the medians."""
    our_rate, their_rate = (statistics.median(run["rate"] for run in runs) for runs in (ours, theirs))
    same = ours[0]["digest"] == theirs[0]["digest"] if peer.identical else None
    return {
        "work": work.name,
        "peer": peer.name,
        "unit": ours[0]["unit"],
        "ours_mb_s": round(our_rate, 3),
        "peer_mb_s": round(their_rate, 3),
        "ratio": round(our_rate / their_rate, 2),
        "bar": peer.bar,
        "peak_mb": round(max(run["peak_mb"] for run in ours)),
        "peer_peak_mb": round(max(run["peak_mb"] for run in theirs)),
        "two_processes": round(scaling, 2),
        "same_result": same,
        "documents": ours[0]["documents"],
        "peer_documents": theirs[0]["documents"],
        "rounds": len(ours),
        "versions": ours[0]["versions"] | theirs[0]["versions"],
        "note": work.note,
    }


def run_job(python: Path, job: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    """The line that a job prints.

    Raises:
        SystemExit: the job failed; its output is shown.
    """
    return _result(_start(python, job, arguments, core=0), job)


def two_processes(work: Work) -> float:
    """How many times the work of one process two do at once, each on a core of its own: less than 2 if they wait for
    the same memory. One and two are measured in turn, and medians compared."""
    alone: list[float] = []
    together: list[float] = []
    for core in TURNS:
        alone += _rates(work, core)
        together += _rates(work, 0, 1)
    return 2 * statistics.median(together) / statistics.median(alone)


def _rates(work: Work, *cores: int) -> list[float]:
    """The rates of as many processes at once as cores are given."""
    arguments = (*work.arguments, "--passes", str(work.passes))
    processes = [_start(Path(sys.executable), work.job, arguments, core) for core in cores]
    return [_result(process, work.job)["rate"] for process in processes]


def _start(python: Path, job: str, arguments: tuple[str, ...], core: int) -> subprocess.Popen[str]:
    command = [python, JOBS / f"{job}.py", INPUTS, *arguments, "--core", str(core)]
    environment = os.environ | ENVIRONMENT
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def _result(process: subprocess.Popen[str], job: str) -> dict[str, Any]:
    out, problems = process.communicate()
    if process.returncode:
        sys.exit(f"error: {job} failed:\n{problems[-4000:]}")
    return dict(json.loads(out.strip().splitlines()[-1]))


def machine() -> dict[str, object]:
    """What it ran on."""
    names = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def _cpu_lines() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text("utf-8").splitlines() if file.exists() else []


def _earlier_rows(measured_now: list[str]) -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    return [row for row in json.loads(RESULTS.read_text("utf-8"))["rows"] if row["work"] not in measured_now]


def as_markdown(results: dict[str, Any]) -> str:
    """What `results.md` holds: the table, and what each row compares."""
    about, where = results["inputs"], results["machine"]
    lines = [
        "# Results",
        "",
        f"{about['mb']} MB of English in {about['documents']:,} documents, {about['distinct_mb']} MB of it distinct; "
        f"one core of {where['processor']}, Python {where['python']}. `make bench` measures again; README.md says how.",
        "",
        "| work | peer | unit | curate | peer | ratio | bar | peak MB | peer's peak MB | two processes | same result |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for each in results["rows"]:
        versions = ", ".join(f"{name} {number}" for name, number in each["versions"].items() if name != "curate")
        same = {True: "yes", False: "no", None: ""}[each["same_result"]]
        lines.append(
            f"| {each['work']} | {versions} | {each['unit']} | {each['ours_mb_s']:,.1f} | {each['peer_mb_s']:,.2f} "
            f"| {each['ratio']:,.1f} | {each['bar']:g} | {each['peak_mb']:,} | {each['peer_peak_mb']:,} "
            f"| {each['two_processes']:.2f} | {same} |"
        )
    notes = dict((each["work"], each["note"]) for each in results["rows"])
    return "\n".join([*lines, "", *(f"- {work}: {note}." for work, note in notes.items()), ""])


def print_table(rows: list[dict[str, Any]]) -> None:
    """The rows, with those that miss their bar marked."""
    table = Table("work", "peer", "unit", "ours", "peer", "ratio", "bar", "peak MB", "peer's", "two", "same")
    for each in rows:
        met = each["ratio"] >= each["bar"]
        same = {True: "yes", False: "no", None: ""}[each["same_result"]]
        table.add_row(
            each["work"],
            each["peer"],
            each["unit"],
            f"{each['ours_mb_s']:,.1f}",
            f"{each['peer_mb_s']:,.2f}",
            f"[{'green' if met else 'red'}]{each['ratio']:,.1f} x[/]",
            f"{each['bar']:g} x",
            f"{each['peak_mb']:,}",
            f"{each['peer_peak_mb']:,}",
            f"{each['two_processes']:.2f} x",
            same,
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
