"""The corpus as a stage sees it: the documents that reached it, with every earlier cut made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.documents import Documents
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
