"""When two documents are duplicates, and how they are numbered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.kernels.signatures import Matrix
from curate.shuffle import StageTables

#: The round whose tables hold a row for each document that can have duplicates, with its signature.
SIGNATURES = "signatures"


@dataclass(frozen=True)
class Matching:
    """When two documents are duplicates. Equal signatures always are.

    Attributes:
        bands, rows: shape of the signature for LSH; no bands, no matches but of equal signatures.
        min_candidate_agreement: positions in which candidates must agree to be united; 0 unites all candidates.
        min_survivor_agreement: positions in which a document must agree with its survivor; 0 asks nothing.
        within_source: whether only documents of one source can be duplicates.
    """

    bands: int
    rows: int
    min_candidate_agreement: int
    min_survivor_agreement: int
    within_source: bool


@dataclass(frozen=True)
class Knowledge:
    """What the rounds of deduplication have concluded so far, in files of `folder`.

    Documents are numbered part by part. A set of documents is a bitmap, `uint64` of shape (documents / 64,).
    """

    folder: Path

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The number of the first document of each part, and at last how many there are."""
        return np.concatenate([[0], np.cumsum(np.load(self.folder / "documents.npy"))]).astype(np.int64)

    @property
    def documents(self) -> int:
        """How many documents can have duplicates."""
        return int(self.starts[-1])

    @cached_property
    def repeats(self) -> NDArray[np.uint64]:
        """Those whose signature equals that of one with a lower number."""
        marks: NDArray[np.uint64] = self._mapped("repeats")
        return marks

    @cached_property
    def members(self) -> NDArray[np.uint64]:
        """Those in a cluster of two or more."""
        marks: NDArray[np.uint64] = self._mapped("members")
        return marks

    @cached_property
    def member_starts(self) -> NDArray[np.int64]:
        """How many of `members` come before each part."""
        numbers: NDArray[np.int64] = self._mapped("member_starts")
        return numbers

    @cached_property
    def roots(self) -> NDArray[np.int64]:
        """The cluster of each of `members`: the place among them of its lowest one."""
        numbers: NDArray[np.int64] = self._mapped("roots")
        return numbers

    def _mapped(self, name: str) -> Any:
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")


def signature_chunks(tables: StageTables, part: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The documents of a part in batches, each with the row that it begins at; mapped, so look and let go."""
    first = 0
    for batch in tables.summary(SIGNATURES, part).mapped().to_batches():
        yield first, batch
        first += len(batch)


def signature_values(tables: StageTables) -> int:
    """Values in a signature."""
    return int(tables.summary(SIGNATURES, 0).schema.field("signature").type.list_size)


def gather_signatures(tables: StageTables, starts: NDArray[np.int64], numbers: NDArray[np.uint64]) -> Matrix:
    """The signatures of some documents: `uint32` of shape (n, values).

    Args:
        tables: with the signatures of all parts.
        starts: as of `Knowledge`.
        numbers: `uint64` of shape (n,), in any order.
    """
    order = np.argsort(numbers)
    wanted = numbers[order].astype(np.int64)
    found = np.empty((len(wanted), signature_values(tables)), np.uint32)
    edges = np.searchsorted(wanted, starts)
    for part in np.flatnonzero(np.diff(edges)):
        span = slice(edges[part], edges[part + 1])
        tables.summary(SIGNATURES, int(part)).read_lists("signature", wanted[span] - starts[part], found, order[span])
    return found


def batch_rows(max_memory_bytes: int, values: int) -> int:
    """Signatures that are gathered at once: an eighth of the memory, for there are other arrays."""
    return max(1024, max_memory_bytes // (8 * max(1, 4 * values)))
