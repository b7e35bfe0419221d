"""From edges to clusters, survivors and the report of duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.corpus import Corpus
from curate.dedup.candidates import stored_edges
from curate.dedup.matching import (
    SIGNATURES,
    Knowledge,
    Matching,
    batch_rows,
    gather_signatures,
    signature_values,
)
from curate.dedup.ranking import REASONS, RankedMembers, Removal
from curate.documents import ID, hex_ids, id_words, sort_ids
from curate.errors import ResourceError
from curate.kernels.components import Components, count_marks, list_marks
from curate.kernels.survivors import SURVIVES, Chosen, SurvivorSearch
from curate.shuffle import KeyRange, Reduced, StageTables, even_tables
from curate.storage import atomic_file
from curate.tables import parquet_writer

#: What `annotate` looks documents up in: those of a cluster of two or more; no survivor if one survives itself.
OUTCOME_SCHEMA = pa.schema([("id", ID), ("cluster", ID), ("survivor", ID)])

#: `reports/duplicates.parquet`: every removed document, by cluster, then document. Ids are hexadecimal.
REPORT_SCHEMA = pa.schema(
    [
        ("document", pa.string()),
        ("source", pa.string()),
        ("cluster", pa.string()),
        ("survivor", pa.string()),
        ("survivor_source", pa.string()),
        ("estimated_jaccard", pa.float64()),
        ("bands_matched", pa.int32()),
        ("reason", pa.string()),
    ]
)

#: Bytes that finding the components takes for each document with an edge: its place, and the list of it.
_BYTES_PER_MEMBER = 16
#: Rows of a row group of the report.
_ROWS_PER_GROUP = 1 << 14


def write_clusters(corpus: Corpus, knowledge: Knowledge, rounds: Sequence[str], state: Path) -> None:
    """Connect what the edges of some rounds connect: an eighth of a byte a document, 16 for one with an edge.

    Raises:
        ResourceError: that is more than a task may hold.
    """
    found = Components(knowledge.documents)
    for edges in stored_edges(corpus, *rounds):
        found.mark(*edges)
    members = count_marks(found.marks)
    needed = knowledge.documents // 8 + _BYTES_PER_MEMBER * members
    if needed > corpus.max_memory_bytes:
        raise ResourceError(
            f"connecting {members:,} documents that have duplicates, of {knowledge.documents:,}, takes {needed:,} "
            f"bytes; max_memory_bytes is {corpus.max_memory_bytes:,}: raise it to that (--memory)"
        )
    for edges in stored_edges(corpus, *rounds):
        found.unite(*edges)
    inside = [
        len(list_marks(found.marks, *span)) for span in zip(knowledge.starts[:-1], knowledge.starts[1:], strict=True)
    ]
    np.save(state / "members.npy", found.marks)
    np.save(state / "member_starts.npy", np.concatenate([[0], np.cumsum(inside)]).astype(np.int64))
    np.save(state / "roots.npy", found.roots())


def cluster_members(corpus: Corpus, knowledge: Knowledge, part: int) -> pa.Table:
    """The documents of a part that are in a cluster, with all that decides who survives.

    `key` is of the cluster, in the order of its lowest number: so the signatures of a range lie near each other.
    """
    first, stop = knowledge.starts[part : part + 2].tolist()
    numbers = list_marks(knowledge.members, first, stop)
    roots = np.array(knowledge.roots[knowledge.member_starts[part] : knowledge.member_starts[part + 1]])
    own = corpus.tables.summary(SIGNATURES, part).mapped().select(["id", "source", "text_bytes", "quality"])
    columns = {
        "key": roots.view(np.uint64) << np.uint64(64 - max(1, (len(knowledge.roots) - 1).bit_length())),
        "root": roots,
        "number": numbers,
        "run": np.full(len(numbers), corpus.tables.run_of(part), np.int32),
    }
    rows = own.take(pa.array((numbers - np.uint64(first)).astype(np.int64)))
    return pa.table(
        {name: pa.array(values) for name, values in columns.items()}
        | dict(zip(rows.column_names, rows.columns, strict=True))
    )


def choose_survivors(
    corpus: Corpus, matching: Matching, removal: Removal, knowledge: Knowledge, keys: KeyRange
) -> Reduced:
    """The outcome of the clusters of a range: `outcome`, by document number, and `removed`, the rows of the report."""
    ranked = RankedMembers.of_table(keys.table(), removal)
    chosen = choose(survivor_search(corpus, matching), corpus, knowledge, ranked)
    return outcome_tables(ranked, chosen, of_this_run(corpus, knowledge, ranked))


def outcome_tables(ranked: RankedMembers, chosen: Chosen, own: NDArray[np.bool_]) -> Reduced:
    """`outcome` and `removed` of `choose_survivors`, for those documents that are `own`."""
    return {"outcome": _outcome(ranked, chosen, own), "removed": _removed(ranked, chosen, own)}


def of_this_run(corpus: Corpus, knowledge: Knowledge, ranked: RankedMembers) -> NDArray[np.bool_]:
    """Which documents are of this run and not of an earlier one."""
    own: NDArray[np.bool_] = ranked.numbers < np.uint64(knowledge.starts[corpus.tables.own_parts])
    return own


def report_rows(matching: Matching, values: int, removed: pa.Table) -> Reduced:
    """The rows of the report of some removed documents: as `REPORT_SCHEMA`, sorted."""
    rows = removed.combine_chunks()
    document, cluster = (_words(rows[name]).byteswap() for name in ("document", "cluster"))
    rows = rows.take(pa.array(np.lexsort((document[:, 1], document[:, 0], cluster[:, 1], cluster[:, 0]))))
    agreement = rows["agreement"].to_numpy() / values if matching.bands else np.ones(len(rows))
    columns = [
        hex_ids(rows["document"].combine_chunks()),
        rows["source"],
        hex_ids(rows["cluster"].combine_chunks()),
        hex_ids(rows["survivor"].combine_chunks()),
        rows["survivor_source"],
        pa.array(agreement, pa.float64()),
        rows["bands"] if matching.bands else pa.nulls(len(rows), pa.int32()),
        pa.array(REASONS).take(rows["reason"]),
    ]
    return {"rows": pa.table(columns, schema=REPORT_SCHEMA)}


def write_report(corpus: Corpus, state: Path) -> None:
    """Write who was removed, for whom, and why, as a Parquet file of `REPORT_SCHEMA`."""
    path = state / "reports" / "duplicates.parquet"
    with atomic_file(path, synced=False) as temporary, parquet_writer(temporary, REPORT_SCHEMA) as writer:
        for table in even_tables(corpus.tables.reduced("report", "rows"), REPORT_SCHEMA, _ROWS_PER_GROUP):
            writer.write_table(table)


def outcome_of_part(tables: StageTables, knowledge: Knowledge, part: int) -> pa.RecordBatch:
    """The outcome of the documents of a part, sorted for `find_ids`."""
    span = knowledge.starts[part : part + 2].astype(np.uint64)
    found = [OUTCOME_SCHEMA.empty_table()]
    for file in tables.reduced("survivors", "outcome"):
        for batch in file.mapped().to_batches():  # one, or in a range that was too large, several
            first, stop = np.searchsorted(batch["number"].to_numpy(), span)
            rows = batch.select(OUTCOME_SCHEMA.names).take(pa.array(np.arange(first, stop)))  # copied: lets the file go
            found.append(pa.Table.from_batches([rows]))
    together = pa.concat_tables(found)
    order = sort_ids(_words(together["id"]))
    [batch] = together.take(pa.array(order)).combine_chunks().to_batches() or [
        pa.RecordBatch.from_pylist([], OUTCOME_SCHEMA)
    ]
    return batch


def survivor_search(corpus: Corpus, matching: Matching) -> SurvivorSearch:
    """What `choose` asks; it remembers the cluster that it is in."""
    values = signature_values(corpus.tables) if matching.bands else 0
    return SurvivorSearch(values, matching.min_survivor_agreement, matching.bands, matching.rows)


def choose(search: SurvivorSearch, corpus: Corpus, knowledge: Knowledge, ranked: RankedMembers) -> Chosen:
    """Who makes way for whom; signatures are gathered a batch at a time, and not at all where all are equal."""
    values = search.values
    chosen = []
    at_once = batch_rows(corpus.max_memory_bytes, values)
    for begin in range(0, max(1, len(ranked.numbers)), at_once):
        some = slice(begin, begin + at_once)
        numbers = ranked.numbers[some]
        if values:
            signatures = gather_signatures(corpus.tables, knowledge.starts, numbers)
        else:
            signatures = np.empty((len(numbers), 0), np.uint32)
        chosen.append(search.choose(ranked.roots[some], signatures, ranked.removable[some], ranked.witness[some]))
    return Chosen(
        *(np.concatenate([getattr(each, name) for each in chosen]) for name in ("survivor", "agreement", "bands"))
    )


def _outcome(ranked: RankedMembers, chosen: Chosen, own: NDArray[np.bool_]) -> pa.Table:
    rows = np.flatnonzero(own)
    rows = rows[np.argsort(ranked.numbers[rows])]
    survivor = chosen.survivor[rows]
    survives = survivor == SURVIVES
    columns = {
        "number": pa.array(ranked.numbers[rows]),
        "id": id_array(ranked.ids[rows]),
        "cluster": id_array(ranked.clusters[rows]),
        "survivor": id_array(ranked.ids[np.where(survives, 0, survivor)], null=survives),
    }
    return pa.table(columns)


def _removed(ranked: RankedMembers, chosen: Chosen, own: NDArray[np.bool_]) -> pa.Table:
    """What the report says of each removed document; `key` is the beginning of the cluster's name."""
    rows = np.flatnonzero(own & (chosen.survivor != SURVIVES))
    survivors = chosen.survivor[rows]
    columns = {
        "key": pa.array(ranked.clusters[rows, 0].byteswap()),
        "document": id_array(ranked.ids[rows]),
        "source": ranked.source_names(rows),
        "cluster": id_array(ranked.clusters[rows]),
        "survivor": id_array(ranked.ids[survivors]),
        "survivor_source": ranked.source_names(survivors),
        "agreement": pa.array(chosen.agreement[rows]),
        "bands": pa.array(chosen.bands[rows]),
        "reason": pa.array(ranked.reasons(rows, survivors)),
    }
    return pa.table(columns)


def id_array(ids: NDArray[np.uint64], null: NDArray[np.bool_] | None = None) -> pa.FixedSizeBinaryArray:
    """Ids of shape (n, 2) as an Arrow array, some of them null."""
    valid = None if null is None else pa.array(~null).buffers()[1]
    return pa.FixedSizeBinaryArray.from_buffers(ID, len(ids), [valid, pa.py_buffer(np.ascontiguousarray(ids))])


def _words(column: pa.ChunkedArray) -> NDArray[np.uint64]:
    return np.concatenate([np.empty((0, 2), np.uint64), *map(id_words, column.chunks)])
