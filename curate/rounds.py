"""What the rounds of a corpus stage do with tables: the same for a call in a script and for the tasks of a run."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curate.corpus import Corpus
from curate.hot_keys import Spool, cut_by_key, is_too_large
from curate.shuffle import KeyRange, StageTables, cut_slots, divide
from curate.stored_table import batches_of, slots_of

if TYPE_CHECKING:
    from curate.stage import CorpusStage, Round

#: What a task counts, to be committed with its files.
Counts = dict[str, Any]

#: Keeps a table, given as record batches.
Save = Callable[[Iterable[pa.RecordBatch]], None]


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


def save_summary(one: Round, save: Save, tables: Sequence[pa.Table], slots: int) -> Counts:
    """Save a part's table, in slots if the round reduces; count its rows, and the bytes of each slot."""
    rows = sum(len(table) for table in tables)
    if not one.reduce:
        save([batch for table in tables for batch in batches_of(table)])
        return {"rows": rows}
    return {"rows": rows, "slot_bytes": _save_slots(save, pa.concat_tables(tables), one.key, slots)}


def range_edges(stage: CorpusStage, one: Round, counts: Iterable[Counts], max_memory_bytes: int) -> list[int]:
    """The slots where the ranges of a round begin, and the number of slots, from what the writers of slots counted."""
    sizes = (each["slot_bytes"][one.reduces[1]] if one.reduces else each["slot_bytes"] for each in counts)
    slot_bytes = functools.reduce(np.add, (np.array(of_file, np.int64) for of_file in sizes))
    what = f"{stage.name}, round '{one.name}'"
    return divide(slot_bytes, _range_bytes(one, max_memory_bytes), what, streams=one.stream is not None)


def reduce_range(
    stage: CorpusStage,
    one: Round,
    corpus: Corpus,
    edges: Sequence[int],
    number: int,
    save: Callable[[str], Save],
    scratch: Path,
) -> tuple[list[str], Counts]:
    """Reduce the range of that number and save each of its tables, in slots if a round reduces it.

    Args:
        scratch: a folder in which there may be files meanwhile.

    Returns:
        The names of the tables, and the bytes of each slot of those in slots.
    """
    tables = corpus.tables
    if one.reduces:
        files = tables.reduced(*one.reduces)
    else:
        files = [tables.summary(one.name, part) for part in range(tables.parts if one.regroup else tables.own_parts)]
    assert one.reduce is not None
    keys = KeyRange(files, edges[number], edges[number + 1], one.key)
    later = {each.reduces[1]: each.key for each in stage.rounds() if each.reduces and each.reduces[0] == one.name}
    if one.stream and is_too_large(keys, _range_bytes(one, corpus.max_memory_bytes)):
        with tempfile.TemporaryDirectory(dir=scratch, suffix=".tmp") as folder:
            return _reduce_by_pieces(one, corpus, keys, Spool(Path(folder), later, edges[-1]), save)
    reduced, slot_bytes = one.reduce(corpus, keys), {}
    for name, table in reduced.items():
        if name in later:
            slot_bytes[name] = _save_slots(save(name), table, later[name], edges[-1])
        else:
            save(name)(batches_of(table))
    return list(reduced), {"slot_bytes": slot_bytes}


def _reduce_by_pieces(
    one: Round, corpus: Corpus, keys: KeyRange, spool: Spool, save: Callable[[str], Save]
) -> tuple[list[str], Counts]:
    """The same for a range that is more than a task may hold."""
    assert one.reduce is not None and one.stream is not None
    for piece, too_large in cut_by_key(keys, _range_bytes(one, corpus.max_memory_bytes)):
        for reduced in one.stream(corpus, piece) if too_large else [one.reduce(corpus, piece)]:
            spool.add(reduced)
    names = []
    for name, batches in spool.tables():
        save(name)(batches)
        names.append(name)
    return names, {"slot_bytes": {name: sizes.tolist() for name, sizes in spool.slot_bytes.items()}}


def _range_bytes(one: Round, max_memory_bytes: int) -> int:
    """What a range of a round may hold."""
    return int(max_memory_bytes / one.reduce_memory)


def _save_slots(save: Save, table: pa.Table, key: str, slots: int) -> list[int]:
    """Save a table in slots; the bytes of each, all rows taken to be of one size."""
    batches = cut_slots(table, key, slots)
    save(batches)
    slot_bytes = [0] * slots
    for slot, batch in zip(slots_of(batches[0].schema) or [], batches, strict=False):  # none has rows: one is empty
        slot_bytes[slot] = len(batch) * table.nbytes // len(table)
    return slot_bytes
