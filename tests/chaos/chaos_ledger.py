"""What the trials of the chaos suite cost: a row of its table for each test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from outputs import output_hashes

BEGIN, END = "<!-- chaos table: begin -->", "<!-- chaos table: end -->"


@dataclass
class Ledger:
    """Counts trials: how many ended as an undisturbed run does, and how many rows were lost.

    Attributes:
        undisturbed: the run that others are compared with.
        record: pytest's `record_property`.
    """

    undisturbed: Path
    record: Callable[[str, Any], None]
    trials: int = 0
    survived: int = 0
    lost_rows: int = 0
    problems: list[str] = field(default_factory=list)

    def same_bytes(self, run: Path, what: str, folders: tuple[str, ...] = ("",)) -> None:
        """A trial that survives if `is_same`."""
        self.trial(self.is_same(run, folders), f"{what}: the files of {run} are not those of an undisturbed run")

    def is_same(self, run: Path, folders: tuple[str, ...] = ("",)) -> bool:
        """Whether a run's published files are those of the undisturbed one, byte for byte; rows it lacks are counted.

        Args:
            folders: compare only these; by default documents, quarantine, reports and tokens.
        """
        expected, found = (_of_folders(output_hashes(path), folders) for path in (self.undisturbed, run))
        differing = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
        self.lost_rows += sum(lost_rows(self.undisturbed / name, run / name) for name in differing)
        return not differing

    def trial(self, survived: bool, problem: str) -> None:
        """A trial with another bar; the problem is shown where it failed."""
        self.trials += 1
        self.survived += survived
        if not survived:
            self.problems.append(problem)

    def close(self, test: str, what: str) -> None:
        """Record the row and fail the test if a trial did not survive."""
        self.record("chaos", [test, what, self.trials, self.survived, self.lost_rows])
        assert not self.problems, "\n".join(self.problems)
        assert self.trials and self.lost_rows == 0


def lost_rows(expected: Path, found: Path) -> int:
    """How many rows of a table another lacks; 0 for other files."""
    return max(0, _rows(expected) - _rows(found))


def _rows(path: Path) -> int:
    if not path.exists() or path.suffix not in (".parquet", ".arrow"):
        return 0
    if path.suffix == ".parquet":
        return pq.read_metadata(path).num_rows
    with pa.ipc.open_stream(path) as stream:
        return sum(batch.num_rows for batch in stream)


def _of_folders(hashes: dict[str, str], folders: tuple[str, ...]) -> dict[str, str]:
    return {name: digest for name, digest in hashes.items() if name.startswith(folders)}


def gathered(stats: dict[str, list[Any]]) -> list[list[Any]]:
    """The rows that tests have recorded, in the order of their names; those of a name are added up."""
    rows: dict[tuple[str, str], list[int]] = {}
    for report in stats.get("passed", []) + stats.get("failed", []):
        for name, value in report.user_properties:
            if name == "chaos":
                total = rows.setdefault((value[0], value[1]), [0, 0, 0])
                total[:] = [a + b for a, b in zip(total, value[2:], strict=True)]
    return [[*key, *rows[key]] for key in sorted(rows, key=lambda key: (int(key[0].split(" ")[0][1:]), key))]


def as_markdown(rows: list[list[Any]], trials: int) -> list[str]:
    """The table as lines of Markdown."""
    head = "| test | what is done | trials | survived | lost rows |"
    cells = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    body = ["| " + " | ".join(row) + " |" for row in cells]
    return [f"`--trials {trials}`", "", head, "|---|---|---:|---:|---:|", *body]


def write_between_markers(document: Path, lines: list[str]) -> None:
    """Replace what stands between the markers of a document."""
    before, rest = document.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    document.write_text("\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"]), encoding="utf-8")
