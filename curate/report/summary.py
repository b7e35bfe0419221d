"""What `curate run` prints at the end: the funnel, the main reasons for drops, where the outputs are."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from curate.report.funnel import Funnel
from curate.runner import RunResult
from curate.stage import Writer


def print_summary(console: Console, result: RunResult) -> None:
    """Print the funnel of a run, its outputs and what to look at next."""
    console.print(funnel_table(result.funnel))
    for line in _lines(result):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def funnel_table(funnel: Funnel) -> Table:
    """The funnel as a table: documents in, kept and dropped for each stage, with the commonest reasons."""
    table = Table(title="Funnel", title_justify="left")
    table.add_column("stage")
    for name in ("in", "kept", "kept %", "MB kept"):
        table.add_column(name, justify="right")
    table.add_column("dropped because", overflow="fold")
    for stage in funnel.stages():
        ingest = stage == "ingest"
        given, _ = funnel.count(stage, *(("documents", "quarantined") if ingest else ("kept", "dropped")))
        kept, text_bytes = funnel.count(stage, "documents" if ingest else "kept")
        share = f"{100 * kept / given:.1f}" if given else "-"
        table.add_row(stage, f"{given:,}", f"{kept:,}", share, f"{text_bytes / 1e6:.2f}", _reasons(funnel, stage))
    return table


def _reasons(funnel: Funnel, stage: str) -> str:
    reasons = [f"{reason.removeprefix(stage + '.')} {count:,}" for reason, count in funnel.reasons(stage)[:3]]
    skipped = funnel.count(stage, "skipped")[0]
    return ", ".join(reasons + ([f"(no documents by nature: {skipped:,})"] if skipped else []))


def _lines(result: RunResult) -> list[str]:
    tasks = f"{result.tasks_run:,} tasks run" + (f", {result.tasks_reused:,} reused" if result.tasks_reused else "")
    peak = f", at most {result.peak_memory_bytes / 1e6:,.0f} MB in a process" if result.peak_memory_bytes else ""
    lines = [f"{result.seconds:.1f} s, {tasks}{peak}; every record is accounted for"]
    run = result.directory
    lines.append(f"reports  {run.name}/reports/*.parquet ({', '.join(result.reports)})")
    if any(isinstance(step.stage, Writer) for step in result.steps):
        lines.append(f"tokens   {run.name}/tokens/ (README.md describes them)")
    return lines
