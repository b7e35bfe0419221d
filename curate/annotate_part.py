"""Annotating one part: the stage sees the documents that reached it, the file has a row for every document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.documents import SPLIT, Documents
from curate.errors import InternalError
from curate.kernels.buffers import text_buffers
from curate.plan import Step
from curate.run_corpus import RunCorpus
from curate.stage import Annotations, Stage, annotation_table
from curate.tables import write_parquet, write_tables

#: (source, outcome, reason) -> documents and bytes of text, as JSON rows.
Tally = list[list[Any]]


def annotate_part(corpus: RunCorpus, step: Step, stage: Stage, part: int) -> tuple[list[Path], dict[str, Any]]:
    """Run a stage over a part and write what it says.

    Returns:
        The files written, and `{"tally": …}`: documents and bytes kept and dropped, by source and reason; of a stage
        with totals also `{"totals": …}`: of what it kept, documents and the sum of each of these columns, by source.
    """
    said_tables, positions = [], []
    side_tables: dict[str, list[pa.Table]] = {}
    tally: Counter[tuple[str, str, str]] = Counter()
    sizes: Counter[tuple[str, str, str]] = Counter()
    totals: Counter[tuple[str, str]] = Counter()
    for rows, docs in corpus.batches(part):
        applies = docs.in_sources(stage.sources) if stage.sources is not None else np.ones(len(docs), bool)
        own = docs.filter(applies)
        said = stage.annotate(own)
        if len(said.keep) != len(own):
            raise InternalError(f"{step.label} answered for {len(said.keep)} of {len(own)} documents")
        if said.cuts is not None and not stage.edits:
            raise InternalError(f"{step.label} cuts texts, but its class does not say `edits = True`")
        _add_up(own, said, stage.totals, totals)
        table = _spread(_prefixed(said, step.label), applies)
        said_tables.append(table)
        positions.append(rows)
        for name, side in said.tables.items():
            side_tables.setdefault(name, []).append(side)
        _count(docs, table, tally, sizes)
    output = corpus.run.annotations(step.folder, part)
    write_parquet(output, _aligned(said_tables, positions, _rows_of(corpus, part)))
    outputs = [output]
    for name, tables in side_tables.items():
        outputs.append(corpus.run.side_table(step.folder, name, part))
        write_tables(outputs[-1], tables)
    counts: dict[str, Any] = {"tally": [[*key, tally[key], sizes[key]] for key in sorted(tally)]}
    if stage.totals:
        counts["totals"] = [[*key, totals[key]] for key in sorted(totals)]
    return outputs, counts


def _add_up(docs: Documents, said: Annotations, names: Sequence[str], totals: Counter[tuple[str, str]]) -> None:
    """Count the documents that stay, and add up columns of theirs, by source."""
    if not names:
        return
    columns = {"source": docs.source, **{name: said.columns[name] for name in names}}
    kept = pa.table(columns).filter(pa.array(said.keep))
    sums = kept.group_by("source").aggregate([("source", "count"), *((name, "sum") for name in names)])
    for row in sums.to_pylist():
        totals[row["source"], "documents"] += row["source_count"]
        for name in names:
            totals[row["source"], name] += row[f"{name}_sum"]


def _prefixed(said: Annotations, label: str) -> pa.Table:
    table = annotation_table(said)
    column = pc.binary_join_element_wise(f"{label}.", table["reason"], "")
    return table.set_column(table.schema.get_field_index("reason"), "reason", column)


def _spread(table: pa.Table, applies: NDArray[np.bool_]) -> pa.Table:
    """A row for every document of the batch; those of other sources are kept and have no scores."""
    if applies.all():
        return table
    at = np.cumsum(applies) - 1
    spread = table.take(pa.array(np.where(applies, at, 0), mask=~applies))
    return spread.set_column(0, "keep", pc.fill_null(spread["keep"], True))


def _aligned(tables: list[pa.Table], positions: list[NDArray[np.int64]], rows: int) -> pa.Table:
    """A row for every document of the part; null where an earlier stage dropped it."""
    at = np.full(rows, -1, np.int64)
    kept = np.concatenate(positions)
    at[kept] = np.arange(len(kept))
    return pa.concat_tables(tables).take(pa.array(np.where(at < 0, 0, at), mask=at < 0))


def _rows_of(corpus: RunCorpus, part: int) -> int:
    return int(pq.read_metadata(corpus.run.fetch(corpus.run.document_part(part))).num_rows)


def _count(
    docs: Documents, table: pa.Table, tally: Counter[tuple[str, str, str]], sizes: Counter[tuple[str, str, str]]
) -> None:
    text_bytes = (
        docs.text_bytes - _marks(docs.text) - (_cut_bytes(table["cuts"]) if "cuts" in table.column_names else 0)
    )
    keep, reasons = table["keep"].to_pylist(), table["reason"].to_pylist()
    for source, kept, reason, size in zip(docs.source.to_pylist(), keep, reasons, text_bytes.tolist(), strict=True):
        key = (source, "kept" if kept else "dropped", reason or "")
        tally[key] += 1
        sizes[key] += size


def _marks(texts: pa.StringArray) -> NDArray[np.int32] | int:
    """How many marks of splits are in each text: those are of the pipeline, not of the text."""
    data, _ = text_buffers(texts)
    if data.min(initial=255):  # as nearly always, no byte is 0
        return 0
    marks: NDArray[np.int32] = pc.count_substring(texts, SPLIT).to_numpy(zero_copy_only=False)
    return marks


def _cut_bytes(cuts: pa.ChunkedArray) -> NDArray[np.int64]:
    """How many bytes the cuts take out of each document."""
    removed = np.zeros(len(cuts), np.int64)
    combined = cuts.combine_chunks()
    spans, parents = pc.list_flatten(combined), pc.list_parent_indices(combined)
    if len(spans):
        lengths = pc.subtract(pc.struct_field(spans, "stop"), pc.struct_field(spans, "start"))
        np.add.at(removed, np.asarray(parents), np.asarray(lengths))
    return removed
