"""What `curate doctor` prints."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from curate.doctor import examine


def print_findings(console: Console) -> None:
    """A line for each finding; those with advice in yellow."""
    table = Table("what", "found", "to do", box=None)
    for finding in examine():
        table.add_row(finding.name, finding.value, finding.advice, style="yellow" if finding.advice else "")
    console.print(table)
