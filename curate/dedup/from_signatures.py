"""Deduplication of documents whose signatures are in files already, without their text and in one process."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from curate.corpus import MemoryCorpus
from curate.dedup.base import Dedup
from curate.dedup.matching import SIGNATURES
from curate.rounds import FolderTables, run_rounds
from curate.shuffle import TableFile


def deduplicate_signatures(
    stage: Dedup, folder: Path, state: Path, *, slots: int = 512, max_memory_bytes: int = 2_000_000_000
) -> FolderTables:
    """Find clusters, survivors and the report of duplicates from files of signatures.

    Args:
        stage: says when documents are duplicates and which survive.
        folder: with a file `signatures-00000.arrow` for each part, numbered from 0 without gaps, each of
            `curate.dedup.ranking.summary_schema`. The tables of the rounds are written beside them.
        state: a folder for what the rounds conclude; `reports/duplicates.parquet` in it lists every removal.
        slots: that the shuffles are cut into, a power of two.
        max_memory_bytes: what one step may hold beside the program itself.

    Returns:
        The tables; `reduced("survivors", "outcome")` has a row for each document of a cluster of two or more, with
        its `number` (counted part by part), `id`, `cluster` and `survivor`.

    Raises:
        ResourceError: a key range, or the clusters, do not fit into the memory.
    """
    files = sorted(folder.glob(f"{SIGNATURES}-*.arrow"))
    tables = FolderTables(folder, len(files))
    tables.counts[SIGNATURES] = [{"rows": _rows(TableFile(file))} for file in files]
    corpus = MemoryCorpus(tables=tables)
    corpus.max_memory_bytes = max_memory_bytes
    state.mkdir(parents=True, exist_ok=True)
    run_rounds(stage, corpus, tables, state, slots, done=1)
    return tables


def _rows(file: TableFile) -> int:
    table: pa.Table = file.mapped()
    return int(table.num_rows)
