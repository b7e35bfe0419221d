"""Ids are unique: checked on every run, in memory that does not grow with the corpus.

An id is a hash of source, file and offset (`document_id`), so two documents share one only if they share these. Within
a part the ids themselves are compared, by the worker that reads it. Between parts it is enough that no two read the
same place of a file: that no file is whole in two, and that the offsets of its pieces do not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.documents import id_words, sort_ids
from curate.errors import InternalError
from curate.ingest.split import Split
from curate.plan import Part

#: Name of a file within its source, and the first and last offset of a document that a part has of it.
OffsetRow = list[Any]


class PartIds:
    """The ids of the documents of a part: 16 bytes each."""

    def __init__(self) -> None:
        self._ids: list[NDArray[np.uint64]] = []

    def noted(self, documents: pa.Table) -> pa.Table:
        """The same table, once its ids are remembered."""
        self._ids += [id_words(chunk).copy() for chunk in documents["id"].chunks]
        return documents

    def check(self) -> None:
        """Raise an `InternalError` if two are equal."""
        ids = np.concatenate([np.empty((0, 2), np.uint64), *self._ids])
        ascending = ids[sort_ids(ids)]
        if (ascending[1:] == ascending[:-1]).all(axis=1).any():
            raise InternalError("two documents of a part have the same id; please report this")


class Offsets:
    """The first and last offset of a document in each piece of a file."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[int, int]] = {}

    def note(self, split: Split, offset: int) -> None:
        """A document begins there; whole files are passed over, since no other part reads them."""
        if split.stop - split.start < split.size:
            first, last = self._ends.get(split.name, (offset, offset))
            self._ends[split.name] = min(first, offset), max(last, offset)

    def rows(self) -> list[OffsetRow]:
        """What was noted, by file."""
        return [[name, first, last] for name, (first, last) in sorted(self._ends.items())]


def check_parts_apart(parts: Sequence[Part], offsets: Sequence[Sequence[OffsetRow]]) -> None:
    """Raise an `InternalError` if two parts may hold a document of one id.

    Args:
        parts: of the plan.
        offsets: of each part, the rows of its `Offsets`.
    """
    begins = [(part.source, split.name, split.start) for part in parts for split in part.splits]
    pieces = [(part.source, *row) for part, rows in zip(parts, offsets, strict=True) for row in rows]
    overlapping = [one for one, other in pairwise(sorted(pieces)) if one[:2] == other[:2] and one[3] >= other[2]]
    if len(set(begins)) < len(begins) or overlapping:
        raise InternalError(f"two parts read the same place of a file {overlapping[:1]}; please report this")
