"""Deduplication of documents whose signatures are made already, without their text and in one process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.corpus import MemoryCorpus
from curate.dedup.base import CONNECTING, Dedup
from curate.dedup.matching import SIGNATURES, Knowledge
from curate.kernels.components import list_marks
from curate.local_rounds import FolderTables, LocalTables, MemoryTables, run_rounds, summary_name
from curate.stored_table import batches_of

#: A folder with a file `signatures-00000.arrow` and so on for each part, or a table for each part; all of
#: `curate.dedup.ranking.summary_schema`. The tables of the rounds are written to the folder too, or stay in memory.
Signatures = Path | Sequence[pa.Table]


def cluster_signatures(
    stage: Dedup, signatures: Signatures, state: Path, *, slots: int = 512, max_memory_bytes: int = 2_000_000_000
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Find the clusters of duplicates; nothing is chosen or reported.

    Args:
        stage: says when documents are duplicates.
        signatures: see `Signatures`.
        state: a folder for what the rounds conclude.
        slots: that the shuffles are cut into, a power of two.
        max_memory_bytes: what one step may hold beside the program itself and tables in memory.

    Returns:
        The documents of a cluster of two or more, as numbers counted part by part, ascending: `uint64` of shape (n,).
        And the cluster of each: `int64` of shape (n,), the place among them of its lowest-numbered document.

    Raises:
        ResourceError: a key range, or the clusters, do not fit into the memory.

    >>> import tempfile
    >>> from curate.dedup import FuzzyDedup
    >>> from curate.documents import Documents
    >>> stage = FuzzyDedup()
    >>> songs = ["la la la " * 30, "do re mi fa so la ti do " * 9, "do re mi fa so la ti do " * 9]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clusters = cluster_signatures(stage, [stage.summarize(Documents.from_texts(songs))], Path(folder))
    >>> [found.tolist() for found in clusters]
    [[1, 2], [0, 0]]
    """
    connect = next(one.name for one in reversed(stage.rounds()) if one.name in CONNECTING and one.conclude)
    _run(stage, signatures, state, slots, max_memory_bytes, connect)
    known = Knowledge(state)
    return list_marks(known.members, 0, known.documents), known.roots


def deduplicate_signatures(
    stage: Dedup, signatures: Signatures, state: Path, *, slots: int = 512, max_memory_bytes: int = 2_000_000_000
) -> LocalTables:
    """Find clusters, survivors and the report of duplicates.

    Args:
        stage: says when documents are duplicates and which survive.
        signatures, slots, max_memory_bytes: as of `cluster_signatures`.
        state: a folder for what the rounds conclude; `reports/duplicates.parquet` in it lists every removal.

    Returns:
        The tables; `reduced("survivors", "outcome")` has a row for each document of a cluster of two or more, with
        its `number` (counted part by part), `id`, `cluster` and `survivor`.

    Raises:
        ResourceError: a key range, or the clusters, do not fit into the memory.
    """
    return _run(stage, signatures, state, slots, max_memory_bytes, None)


def _run(
    stage: Dedup, signatures: Signatures, state: Path, slots: int, max_memory_bytes: int, last: str | None
) -> LocalTables:
    tables = _in_folder(signatures) if isinstance(signatures, Path) else _in_memory(signatures)
    parts = (tables.summary(SIGNATURES, part).mapped() for part in range(tables.own_parts))
    tables.counts[SIGNATURES] = [{"rows": len(part)} for part in parts]
    corpus = MemoryCorpus(tables=tables)
    corpus.max_memory_bytes = max_memory_bytes
    state.mkdir(parents=True, exist_ok=True)
    run_rounds(stage, corpus, tables, state, slots, done=1, last=last)
    return tables


def _in_folder(folder: Path) -> LocalTables:
    return FolderTables(folder, len(list(folder.glob(f"{SIGNATURES}-*.arrow"))))


def _in_memory(parts: Sequence[pa.Table]) -> LocalTables:
    tables = MemoryTables(len(parts))
    for number, part in enumerate(parts):
        tables.save(summary_name(SIGNATURES, number), batches_of(part))
    return tables
