"""What `curate verify` prints: a line for each finding, and how much was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from curate.verification import Finding, Verification

#: Findings that do no harm are named up to this many; the rest are counted.
_MOST_NOTES = 10


def print_verification(console: Console, found: Verification) -> None:
    """Print the findings of a verification as a table, and a summary."""
    notes = [finding for finding in found.findings if not finding.damage]
    if found.findings:
        console.print(_table([*found.damage, *notes[:_MOST_NOTES]]))
    lines = [f"… and {len(notes) - _MOST_NOTES:,} more that do no harm"] if len(notes) > _MOST_NOTES else []
    for line in [*lines, *_summary(found)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_repair(console: Console, commits: Iterable[Path]) -> None:
    """Print which commits were taken back."""
    for commit in commits:
        console.print(f"taken back: {commit}", markup=False, highlight=False, soft_wrap=True)


def _table(findings: Iterable[Finding]) -> Table:
    table = Table(title="Findings", title_justify="left")
    for name in ("file", "expected", "found", "what to do"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        style = "red" if finding.damage else "dim"
        table.add_row(finding.file, finding.expected, finding.found, finding.advice, style=style)
    return table


def _summary(found: Verification) -> Iterable[str]:
    size = f"{found.file_bytes / 1e6:,.1f} MB"
    yield f"{found.commits:,} commits, {found.files:,} files, {size}: {len(found.damage):,} damaged"
    if not found.finished:
        yield "the run is not finished: what it has not done yet was not looked for; `curate run` goes on"
    if found.counted:
        yield "documents and tokens were counted again from the tables" + (": every one is there" if found.ok else "")
    else:
        yield "documents and tokens were not counted again, because something they are counted from is damaged"
