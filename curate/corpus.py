"""The corpus as a stage sees it: the documents that reached it, with every earlier cut made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.documents import Documents
from curate.draws import uniform
from curate.shuffle import StageTables


class Corpus(ABC):
    """Every document that is still kept, in a fixed order, part by part.

    Parts are set when the run is planned, so `(part, row)` names a document whatever the number of workers.
    """

    #: How many parts there are.
    parts: int
    #: What a task may hold in memory at once, beside what the program itself takes.
    max_memory_bytes: int = 2_000_000_000

    @abstractmethod
    def batches(self, part: int, *, text: bool = True) -> Iterator[tuple[NDArray[np.int64], Documents]]:
        """The kept documents of a part in batches, each with the `int64` row numbers of its documents.

        Without `text` the texts are left empty, and nothing is read for them.
        """

    @abstractmethod
    def side_table(self, name: str, part: int) -> pa.Table:
        """A table that an earlier stage wrote beside its annotations of a part, memory-mapped."""

    @abstractmethod
    def state(self, pattern: str) -> Path:
        """The state folder of the last earlier stage whose name matches a shell pattern, such as `*_tokenizer`.

        Raises:
            KeyError: there is no such stage.
        """

    @property
    def tables(self) -> StageTables:
        """What the rounds of the stage itself have written so far."""
        raise KeyError("this corpus keeps no tables of the rounds of a stage")

    def index(self, columns: Sequence[str] = ()) -> pa.Table:
        """One row for each kept document, without its text: `part`, `row`, `id`, `source`, and earlier columns.

        Args:
            columns: columns of earlier stages among those that the stage names in `needs`.
        """
        fields = [("part", pa.int32()), ("row", pa.int64()), ("id", pa.binary(16)), ("source", pa.string())]
        tables = [pa.schema(fields).empty_table()]
        for part in range(self.parts):
            for rows, docs in self.batches(part, text=False):
                arrays = [pa.array(np.full(len(docs), part, np.int32)), pa.array(rows), docs.id, docs.source]
                arrays += [docs.scores[name] for name in columns]
                tables.append(pa.table(arrays, names=[name for name, _ in fields] + list(columns)))
        return pa.concat_tables(tables if len(tables) == 1 else tables[1:])

    def sample(
        self,
        seed: int,
        purpose: str,
        *,
        sources: Collection[str] | None = None,
        max_documents: int | None = None,
        max_bytes: int | None = None,
    ) -> Iterator[Documents]:
        """A random sample of the documents, the same for the same seed and purpose, in corpus order.

        Documents are taken by ascending draw until the next one would exceed a budget.

        Args:
            sources: sample only these; None samples all.
            max_documents, max_bytes: budgets, the second in bytes of text; None is no limit.
        """
        threshold = self._sample_threshold(seed, purpose, sources, max_documents, max_bytes)
        for part in range(self.parts):
            for _, docs in self.batches(part):
                docs = docs.of_sources(sources)
                picked = docs.filter(uniform(seed, purpose, docs.id_words) < threshold)
                if len(picked):
                    yield picked

    def _sample_threshold(
        self,
        seed: int,
        purpose: str,
        sources: Collection[str] | None,
        max_documents: int | None,
        max_bytes: int | None,
    ) -> float:
        """The draw below which documents are in the sample: the smallest draw that is left out, or 1."""
        if max_documents is None and max_bytes is None:
            return 1.0
        draws, sizes = [np.empty(0)], [np.empty(0, np.int64)]
        for part in range(self.parts):
            for _, docs in self.batches(part, text=max_bytes is not None):
                docs = docs.of_sources(sources)
                draws.append(uniform(seed, purpose, docs.id_words))
                sizes.append(docs.text_bytes)
        draw, size = np.concatenate(draws), np.concatenate(sizes)
        order = np.argsort(draw, kind="stable")
        within = np.ones(len(order), bool)
        if max_documents is not None:
            within &= np.arange(len(order)) < max_documents
        if max_bytes is not None:
            within &= np.cumsum(size[order]) <= max_bytes
        left_out = np.flatnonzero(~within)
        return float(draw[order[left_out[0]]]) if len(left_out) else 1.0


class MemoryCorpus(Corpus):
    """A corpus that is already in memory: what stages get when called from a script.

    Args:
        documents: of each part.
        tables: where the rounds of a stage write; None where it has none that need it.
    """

    def __init__(self, *documents: Documents, tables: StageTables | None = None):
        self.documents, self._tables = documents, tables
        self.parts = len(documents)

    @property
    def tables(self) -> StageTables:
        """What the rounds of the stage have written so far, if there is a folder for it."""
        return super().tables if self._tables is None else self._tables

    def batches(self, part: int, *, text: bool = True) -> Iterator[tuple[NDArray[np.int64], Documents]]:
        """The documents of a part, as one batch."""
        docs = self.documents[part]
        yield np.arange(len(docs), dtype=np.int64), docs

    def side_table(self, name: str, part: int) -> pa.Table:
        """Nothing has been written: always an error."""
        raise KeyError(f"no earlier stage has written a table {name!r}")

    def state(self, pattern: str) -> Path:
        """No stage has run before: always an error."""
        raise KeyError(f"no earlier stage is named {pattern!r}")
