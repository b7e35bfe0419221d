"""What the rounds of a corpus stage do with files: the same for a call in a script and for the tasks of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curate.corpus import Corpus
from curate.shuffle import KeyRange, StageTables, TableFile, divide, write_slots
from curate.tables import write_tables

if TYPE_CHECKING:
    from curate.stage import CorpusStage, Round

#: What a task counts, to be committed with its files.
Counts = dict[str, Any]


class Summaries(Sequence[pa.Table]):
    """The tables of all parts, those of earlier runs last; each is opened when it is asked for."""

    def __init__(self, tables: StageTables, round_name: str):
        self._tables, self._name = tables, round_name

    def __len__(self) -> int:
        return self._tables.parts

    def __getitem__(self, part: Any) -> Any:
        if not 0 <= part < len(self):
            raise IndexError(part)
        return self._tables.summary(self._name, part).mapped()


def summary_of_part(stage: CorpusStage, one: Round, corpus: Corpus, part: int) -> list[pa.Table]:
    """The table of a part, in pieces: of each batch of its documents, or regrouped from earlier tables."""
    if one.regroup:
        return [one.regroup(corpus, part)]
    assert one.summarize is not None
    sources = None if one.all_sources else stage.sources
    return [one.summarize(docs.of_sources(sources)) for _, docs in corpus.batches(part, text=one.text)]


def write_summary(one: Round, path: Path, tables: Sequence[pa.Table], slots: int) -> Counts:
    """Write a part's table, in slots if the round reduces; count its rows, and the bytes of each slot."""
    rows = sum(len(table) for table in tables)
    if not one.reduce:
        write_tables(path, tables)
        return {"rows": rows}
    return {"rows": rows, "slot_bytes": write_slots(path, pa.concat_tables(tables), one.key, slots)}


def range_edges(stage: CorpusStage, one: Round, counts: Sequence[Counts], max_memory_bytes: int) -> list[int]:
    """The slots where the ranges of a round begin, and the number of slots, from what the writers of slots counted."""
    sizes = [each["slot_bytes"][one.reduces[1]] if one.reduces else each["slot_bytes"] for each in counts]
    slot_bytes = np.sum([np.array(of_file, np.int64) for of_file in sizes], axis=0)
    return divide(slot_bytes, int(max_memory_bytes / one.reduce_memory), f"{stage.name}, round '{one.name}'")


def reduce_range(
    stage: CorpusStage, one: Round, corpus: Corpus, edges: Sequence[int], number: int, path: Callable[[str], Path]
) -> tuple[list[Path], Counts]:
    """Reduce the range of that number and write each of its tables to `path(name)`, in slots if a round reduces it."""
    tables = corpus.tables
    if one.reduces:
        files = tables.reduced(*one.reduces)
    else:
        files = [tables.summary(one.name, part) for part in range(tables.parts if one.regroup else tables.own_parts)]
    assert one.reduce is not None
    reduced = one.reduce(corpus, KeyRange(files, edges[number], edges[number + 1]))
    keys = {later.reduces[1]: later.key for later in stage.rounds() if later.reduces and later.reduces[0] == one.name}
    slot_bytes = {}
    for name, table in reduced.items():
        if name in keys:
            slot_bytes[name] = write_slots(path(name), table, keys[name], edges[-1])
        else:
            write_tables(path(name), [table])
    return [path(name) for name in reduced], {"slot_bytes": slot_bytes}


class FolderTables(StageTables):
    """The tables of one stage in one folder, all in this process.

    Args:
        folder: where the files are.
        own_parts: parts of documents.
        earlier: the tables of earlier runs.
    """

    def __init__(self, folder: Path, own_parts: int, earlier: Sequence[FolderTables] = ()):
        super().__init__(own_parts, [tables.own_parts for tables in earlier])
        self.folder, self.earlier = folder, earlier
        self.counts: dict[str, list[Counts]] = {}  # of the rounds that summarise documents
        self.edges: dict[str, list[int]] = {}

    def summary(self, round_name: str, part: int) -> TableFile:
        """What a round said of a part."""
        if part >= self.own_parts and round_name in self.counts:
            run, number = self._earlier(part)
            return self.earlier[run].summary(round_name, number)
        return TableFile(self.folder / f"{round_name}-{part:05}.arrow")

    def reduced(self, round_name: str, name: str) -> list[TableFile]:
        """The tables of a name that a round's reduces wrote."""
        ranges = range(len(self.edges[round_name]) - 1)
        return [TableFile(self.reduced_path(round_name, number, name)) for number in ranges]

    def reduced_path(self, round_name: str, number: int, name: str) -> Path:
        """Where a reduce writes a table of that name."""
        return self.folder / f"{round_name}.{name}-{number:05}.arrow"

    def rows(self, round_name: str) -> list[int]:
        """How many rows a round's summary of each part has."""
        return [counts["rows"] for run in (self, *self.earlier) for counts in run.counts[round_name]]


def run_rounds(
    stage: CorpusStage, corpus: Corpus, tables: FolderTables, state: Path, slots: int = 1, done: int = 0
) -> None:
    """Run every round of a stage in this process, and load what it concludes.

    Args:
        corpus: whose `tables` are these.
        state: the folder for what the rounds conclude.
        slots: that shuffles are cut into, a power of two.
        done: rounds at the start whose summaries are in the folder already, and counted.
    """
    reduced: dict[str, list[Counts]] = {}
    for number, one in enumerate(stage.rounds()):
        counts = [] if number < done else list(_summarize_all(stage, one, corpus, tables, slots))
        if counts and one.summarize:
            tables.counts[one.name] = counts
        if one.reduce:
            counts = reduced[one.reduces[0]] if one.reduces else counts
            reduced[one.name] = list(_reduce_all(stage, one, corpus, tables, counts))
        if one.conclude:
            one.conclude(corpus, Summaries(tables, one.name) if one.summarize else (), state)
        stage.load(state)


def _summarize_all(
    stage: CorpusStage, one: Round, corpus: Corpus, tables: FolderTables, slots: int
) -> Iterator[Counts]:
    parts = tables.parts if one.regroup else tables.own_parts if one.summarize else 0
    for part in range(parts):
        path = tables.folder / f"{one.name}-{part:05}.arrow"
        yield write_summary(one, path, summary_of_part(stage, one, corpus, part), slots)


def _reduce_all(
    stage: CorpusStage, one: Round, corpus: Corpus, tables: FolderTables, counts: Sequence[Counts]
) -> Iterator[Counts]:
    edges = tables.edges[one.name] = range_edges(stage, one, counts, corpus.max_memory_bytes)
    for number in range(len(edges) - 1):
        path = partial(tables.reduced_path, one.name, number)
        yield reduce_range(stage, one, corpus, edges, number, path)[1]
