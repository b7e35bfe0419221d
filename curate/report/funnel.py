"""The funnel: how many documents each stage was given, kept and dropped, and whether that adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from curate.errors import InternalError

SCHEMA = pa.schema(
    [
        ("stage", pa.string()),
        ("source", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("documents", pa.int64()),
        ("text_bytes", pa.int64()),
    ]
)

#: source, outcome, reason, documents, bytes of text
Row = Sequence[Any]
#: Documents and bytes of text by source, outcome and reason.
Totals = dict[tuple[str, str, str], list[int]]


def add_up(totals: Totals, tally: Iterable[Row]) -> None:
    """Add the counts of a part to those of others."""
    for source, outcome, reason, documents, text_bytes in tally:
        total = totals.setdefault((source, outcome, reason), [0, 0])
        total[0] += documents
        total[1] += text_bytes


class Funnel:
    """Counts of a run, stage by stage, checked as they are added.

    A row's outcome is documents, quarantined or skipped for ingestion, kept or dropped for a stage.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str, int, int]] = []
        self._left: dict[str, int] = {}

    def add(self, stage: str, totals: Totals) -> None:
        """Add the counts of a stage, of all its parts together.

        Raises:
            InternalError: the stage did not account for exactly the documents that reached it.
        """
        given = _sum(totals, {"kept", "dropped"})
        if given and given != {source: count for source, count in self._left.items() if count}:
            raise InternalError(f"{stage} accounts for {given}, but {self._left} documents reached it; please report")
        self._left = _sum(totals, {"kept", "documents"})
        for key in sorted(totals, key=lambda key: (key[1] == "dropped", key)):
            documents, text_bytes = totals[key]
            self.rows.append((stage, *key, documents, text_bytes))

    def table(self) -> pa.Table:
        """The counts as an Arrow table of `SCHEMA`."""
        return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in self.rows], SCHEMA)

    def stages(self) -> list[str]:
        """The stages in order."""
        return list(dict.fromkeys(row[0] for row in self.rows))

    def count(self, stage: str, *outcomes: str) -> tuple[int, int]:
        """Documents and bytes of a stage with one of the outcomes."""
        rows = [row for row in self.rows if row[0] == stage and row[2] in outcomes]
        return sum(row[4] for row in rows), sum(row[5] for row in rows)

    def reasons(self, stage: str) -> list[tuple[str, int]]:
        """Why a stage dropped or could not read documents, most frequent first."""
        counts: dict[str, int] = defaultdict(int)
        for row in self.rows:
            if row[0] == stage and row[2] in ("dropped", "quarantined"):
                counts[row[3]] += row[4]
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _sum(totals: Totals, outcomes: set[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for (source, outcome, _), (documents, _) in totals.items():
        if outcome in outcomes and documents:
            counts[source] += documents
    return dict(counts)
