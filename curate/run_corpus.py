"""The corpus of a run directory, as it stands before one of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.corpus import Corpus
from curate.documents import Documents
from curate.earlier import open_earlier
from curate.plan import Plan, Step
from curate.run_paths import round_task_name
from curate.rundir import RunDirectory
from curate.shuffle import StageTables
from curate.stage import Writer
from curate.stored_table import StoredTable, TableFile


@dataclass(frozen=True)
class _Earlier:
    """What earlier steps say of a part: who is still kept, which cuts to make in which order, wanted columns."""

    kept: NDArray[np.bool_]
    cuts: list[pa.ListArray]
    columns: dict[str, pa.Array]


@dataclass(frozen=True)
class RunTableFile(TableFile):
    """A table of a run, fetched when it is opened."""

    run: RunDirectory

    def present(self) -> Path:
        """The file on this machine."""
        return self.run.fetch(self.path)


class RunTables(StageTables):
    """The tables of a step of a run."""

    def __init__(self, run: RunDirectory, plan: Plan, step: Step):
        super().__init__(len(plan.parts), [len(earlier.rows) for earlier in step.earlier])
        self.run, self.step = run, step
        self._regrouped = {one.name for one in plan.rounds(step.index) if one.regroup}

    def summary(self, round_name: str, part: int) -> StoredTable:
        """What a round said of a part."""
        if part >= self.own_parts and round_name not in self._regrouped:
            run, number = self._earlier(part)
            earlier = self.step.earlier[run]
            home = open_earlier(earlier.root)
            return RunTableFile(home.summary(earlier.folder, round_name, number), home)
        return RunTableFile(self.run.summary(self.step.folder, round_name, part), self.run)

    def reduced(self, round_name: str, name: str) -> list[StoredTable]:
        """The tables of a name that a round's reduces wrote, in the order of their ranges."""
        ranges = range(len(self.edges(round_name)) - 1)
        paths = (self.run.reduced(self.step.folder, round_name, name, number) for number in ranges)
        return [RunTableFile(path, self.run) for path in paths]

    def rows(self, round_name: str) -> list[int]:
        """How many rows a round's summary of each part has."""
        own = [counts["rows"] for counts in self.counts(round_name)]
        return own + [rows for earlier in self.step.earlier for rows in earlier.rows]

    def counts(self, round_name: str) -> Iterator[dict[str, Any]]:
        """What the summaries of a round counted."""
        return self._counts_of(round_name, "summarize", self.parts if round_name in self._regrouped else self.own_parts)

    def reduce_counts(self, round_name: str) -> Iterator[dict[str, Any]]:
        """What the reduces of a round counted."""
        return self._counts_of(round_name, "reduce", len(self.edges(round_name)) - 1)

    def _counts_of(self, round_name: str, kind: str, tasks: int) -> Iterator[dict[str, Any]]:
        return self.run.counts(self.step.folder, (round_task_name(round_name, kind, number) for number in range(tasks)))

    def edges(self, round_name: str) -> list[int]:
        """The slots where the ranges of a round begin, and the number of slots."""
        [counts] = self.run.counts(self.step.folder, [round_task_name(round_name, "divide", 0)])
        edges: list[int] = counts["edges"]
        return edges


class RunCorpus(Corpus):
    """Documents that reached a step, read from the parts and annotations of the steps before it.

    Args:
        run: the run directory.
        plan: its plan.
        step: index of the step that will see the corpus; one past the last sees what is left at the end.
        needs: columns of earlier stages to load, as patterns of `stage.column`; and `url`, if that is needed.
    """

    def __init__(self, run: RunDirectory, plan: Plan, step: int, needs: tuple[str, ...] = ()):
        self.run, self.plan, self.needs = run, plan, needs
        self.parts = len(plan.parts)
        self.earlier: tuple[Step, ...] = plan.steps[: step - 1]
        self.step = step
        self.max_memory_bytes = plan.pipeline.settings.max_memory_bytes

    @property
    def tables(self) -> RunTables:
        """What the rounds of the step itself have written so far."""
        return RunTables(self.run, self.plan, self.plan.step(self.step))

    def batches(self, part: int, *, text: bool = True) -> Iterator[tuple[NDArray[np.int64], Documents]]:
        """The kept documents, one batch for each row group of the part; one empty batch if none is kept."""
        wanted = ["id", "source", *(["url"] if self._wants("url") else []), *(["text"] if text else [])]
        with pq.ParquetFile(self.run.fetch(self.run.document_part(part)), memory_map=True) as file:
            earlier = self._earlier(part, file.metadata.num_rows, text)
            start, empty = 0, True
            for group in range(file.num_row_groups):
                stop = start + file.metadata.row_group(group).num_rows
                rows = np.flatnonzero(earlier.kept[start:stop])
                if len(rows) or (empty and group == file.num_row_groups - 1):
                    empty = False
                    table = file.read_row_group(group, columns=wanted, use_threads=False)
                    yield rows + start, _batch(table, earlier, rows, start, text)
                start = stop

    def side_table(self, name: str, part: int) -> pa.Table:
        """The newest table of that name, memory-mapped."""
        for step in reversed(self.earlier):
            path = self.run.side_table(step.folder, name, part)
            if not isinstance(step.stage, Writer) and self.run.has(path):
                return RunTableFile(path, self.run).mapped()
        raise KeyError(f"no stage before this one has written a table {name!r}")

    def state(self, pattern: str) -> Path:
        """The state folder of the last earlier stage of that name."""
        for step in reversed(self.earlier):
            if fnmatch(step.stage.name, pattern):
                return fetch_state(self.run, self.plan, step)
        raise KeyError(f"no stage before this one is named {pattern!r}")

    def _earlier(self, part: int, rows: int, text: bool) -> _Earlier:
        """What earlier steps said of a part, of those alone that are asked for it.

        The last one says what is kept of all: where an earlier one dropped a document it says nothing.
        """
        kept, cuts = np.ones(rows, bool), []
        columns: dict[str, pa.Array] = {}
        annotating = [(step, step.stage) for step in self.earlier if not isinstance(step.stage, Writer)]
        for step, stage in annotating:
            last, edits = step is annotating[-1][0], text and stage.edits
            if not (last or edits or self._wants_of(step.label)):
                continue
            path = self.run.fetch(self.run.annotations(step.folder, part))
            with pq.ParquetFile(path, memory_map=True) as file:
                names = file.schema_arrow.names
                wanted = {name: f"{step.label}.{name}" for name in names if self._wants(f"{step.label}.{name}")}
                edits = edits and "cuts" in names
                read = [*(["keep"] if last else []), *wanted, *(["cuts"] if edits else [])]
                table = file.read(columns=read, use_threads=False).combine_chunks()
            if last:
                kept = pc.fill_null(table["keep"], False).to_numpy(zero_copy_only=False)
            columns |= {full: _one_array(table[name]) for name, full in wanted.items()}
            if edits:
                cuts.append(_one_array(table["cuts"]))
        return _Earlier(kept, cuts, columns)

    def _wants_of(self, label: str) -> bool:
        """Whether any column of a stage may be wanted."""
        return any(fnmatch(label, pattern.rpartition(".")[0]) for pattern in self.needs)

    def _wants(self, column: str) -> bool:
        return any(fnmatch(column, pattern) for pattern in self.needs)


def fetch_state(run: RunDirectory, plan: Plan, step: Step, rounds: int | None = None) -> Path:
    """The folder of a step's state on this machine, as its first `rounds` rounds left it, or all of them."""
    task = plan.state_task(step, rounds)
    return run.fetch_state(run.state(step.folder), [run.commit(step.folder, task)] if task else [])


def _batch(table: pa.Table, earlier: _Earlier, rows: NDArray[np.int64], start: int, text: bool) -> Documents:
    indices = pa.array(rows)
    columns = {name: _one_array(table[name]).take(indices) for name in table.column_names}
    if not text:
        columns["text"] = pa.repeat(pa.scalar(""), len(rows))
    at = pa.array(rows + start)
    scores = {name: column.take(at) for name, column in earlier.columns.items()}
    docs = Documents(pa.RecordBatch.from_pydict(columns), scores)
    if text:
        for cuts in earlier.cuts:
            docs = docs.with_cuts(cuts.take(at))
    return docs


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return (
        combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks or [pa.array([], column.type)])
    )
