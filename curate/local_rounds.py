"""Running all rounds of a corpus stage in one process, their tables in memory or in a folder."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from curate.corpus import Corpus
from curate.rounds import Counts, Summaries, range_edges, reduce_range, save_summary, summary_of_part
from curate.shuffle import StageTables
from curate.stored_table import MemoryTable, StoredTable, TableFile
from curate.tables import write_tables

if TYPE_CHECKING:
    from curate.stage import CorpusStage, Round


class LocalTables(StageTables):
    """The tables of one stage, all in the reach of this process.

    Args:
        own_parts: parts of documents.
        earlier: the tables of earlier runs.
    """

    def __init__(self, own_parts: int, earlier: Sequence[LocalTables] = ()):
        super().__init__(own_parts, [tables.own_parts for tables in earlier])
        self.earlier = earlier
        self.counts: dict[str, list[Counts]] = {}  # of the rounds that summarise documents
        self.edges: dict[str, list[int]] = {}

    @abstractmethod
    def save(self, name: str, batches: Iterable[pa.RecordBatch]) -> None:
        """Keep a table."""

    @abstractmethod
    def stored(self, name: str) -> StoredTable:
        """A table that was saved."""

    def summary(self, round_name: str, part: int) -> StoredTable:
        """What a round said of a part."""
        if part >= self.own_parts and round_name in self.counts:
            run, number = self._earlier(part)
            return self.earlier[run].summary(round_name, number)
        return self.stored(summary_name(round_name, part))

    def reduced(self, round_name: str, name: str) -> list[StoredTable]:
        """The tables of a name that a round's reduces wrote."""
        ranges = range(len(self.edges[round_name]) - 1)
        return [self.stored(_reduced_name(round_name, number, name)) for number in ranges]

    def rows(self, round_name: str) -> list[int]:
        """How many rows a round's summary of each part has."""
        return [counts["rows"] for run in (self, *self.earlier) for counts in run.counts[round_name]]


class MemoryTables(LocalTables):
    """Tables in memory: where the documents are in memory too."""

    def __init__(self, own_parts: int, earlier: Sequence[LocalTables] = ()):
        super().__init__(own_parts, earlier)
        self._held: dict[str, MemoryTable] = {}

    def save(self, name: str, batches: Iterable[pa.RecordBatch]) -> None:
        """Keep a table."""
        self._held[name] = MemoryTable(list(batches))

    def stored(self, name: str) -> MemoryTable:
        """A table that was saved."""
        return self._held[name]


class FolderTables(LocalTables):
    """Tables in files of a folder."""

    def __init__(self, folder: Path, own_parts: int, earlier: Sequence[LocalTables] = ()):
        super().__init__(own_parts, earlier)
        self.folder = folder

    def save(self, name: str, batches: Iterable[pa.RecordBatch]) -> None:
        """Write a file."""
        write_tables(self.folder / f"{name}.arrow", batches)

    def stored(self, name: str) -> TableFile:
        """The file."""
        return TableFile(self.folder / f"{name}.arrow")


def summary_name(round_name: str, part: int) -> str:
    """The name of what a round says of a part."""
    return f"{round_name}-{part:05}"


def _reduced_name(round_name: str, number: int, name: str) -> str:
    return f"{round_name}.{name}-{number:05}"


def run_rounds(
    stage: CorpusStage,
    corpus: Corpus,
    tables: LocalTables,
    state: Path,
    slots: int = 1,
    done: int = 0,
    last: str | None = None,
) -> None:
    """Run the rounds of a stage in this process, and load what they conclude.

    Args:
        corpus: whose `tables` are these.
        state: the folder for what the rounds conclude.
        slots: that shuffles are cut into, a power of two.
        done: rounds at the start whose summaries are among the tables already, and counted.
        last: the round to end with; None runs all.
    """
    reduced: dict[str, list[Counts]] = {}
    for number, one in enumerate(stage.rounds()):
        counts = [] if number < done else list(_summarize_all(stage, one, corpus, tables, slots))
        if counts and one.summarize:
            tables.counts[one.name] = counts
        if one.reduce:
            counts = reduced[one.reduces[0]] if one.reduces else counts
            reduced[one.name] = list(_reduce_all(stage, one, corpus, tables, counts, state))
        if one.conclude:
            one.conclude(corpus, Summaries(tables, one.name) if one.summarize else (), state)
        stage.load(state)
        if one.name == last:
            break


def _summarize_all(stage: CorpusStage, one: Round, corpus: Corpus, tables: LocalTables, slots: int) -> Iterator[Counts]:
    parts = tables.parts if one.regroup else tables.own_parts if one.summarize else 0
    for part in range(parts):
        save = partial(tables.save, summary_name(one.name, part))
        yield save_summary(one, save, summary_of_part(stage, one, corpus, part), slots)


def _reduce_all(
    stage: CorpusStage, one: Round, corpus: Corpus, tables: LocalTables, counts: Sequence[Counts], scratch: Path
) -> Iterator[Counts]:
    edges = tables.edges[one.name] = range_edges(stage, one, counts, corpus.max_memory_bytes)
    for number in range(len(edges) - 1):
        save = partial(_save_reduced, tables, one.name, number)
        yield reduce_range(stage, one, corpus, edges, number, save, scratch)[1]


def _save_reduced(tables: LocalTables, round_name: str, number: int, name: str) -> partial[None]:
    return partial(tables.save, _reduced_name(round_name, number, name))
