"""From signatures to clusters, survivors and the report of duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.dedup.ranking import REASONS, RankedDocuments
from curate.documents import ID, sort_ids
from curate.kernels.buckets import number_bits
from curate.kernels.components import components, smallest_members
from curate.kernels.lsh import unite_buckets
from curate.kernels.survivors import SURVIVES, choose_survivors
from curate.tables import write_parquet, write_tables

#: What a stage keeps as its state: every document of a cluster of two or more; no survivor if it survives itself.
STATE_SCHEMA = pa.schema([("id", ID), ("cluster", ID), ("survivor", ID)])

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

#: Bands whose entries are made in one pass over the signatures: up to 256 bytes for a document.
_BANDS_AT_ONCE = 32


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
class Clusters:
    """The outcome for the ranked documents, by their numbers.

    Attributes:
        members: `int64` of shape (m,), ascending: the documents that are in a cluster of two or more.
        cluster: `uint64` of shape (m, 2): the smallest id in the cluster, compared byte by byte.
        survivor: `int64` of shape (m,): the document that each makes way for, or `SURVIVES`.
    """

    members: NDArray[np.int64]
    cluster: NDArray[np.uint64]
    survivor: NDArray[np.int64]


def find_clusters(ranked: RankedDocuments, matching: Matching) -> Clusters:
    """Group duplicates and choose the survivors."""
    roots = _connect(ranked, matching)
    sizes = np.bincount(roots, minlength=len(roots))
    survivors = choose_survivors(
        roots, ranked.signatures, ranked.removable, ranked.witness, matching.min_survivor_agreement
    )
    members = np.flatnonzero(sizes[roots] > 1)
    smallest = smallest_members(roots, ranked.ids.byteswap(), members)
    return Clusters(members, ranked.ids[smallest], survivors[members])


def write_state(path: Path, ranked: RankedDocuments, clusters: Clusters) -> None:
    """Write the clusters as an Arrow file of `STATE_SCHEMA`, sorted for `find_ids`."""
    ids = ranked.ids[clusters.members]
    survives = clusters.survivor == SURVIVES
    survivor_ids = ranked.ids[np.where(survives, clusters.members, clusters.survivor)]
    order = sort_ids(ids)
    survivor = id_array(survivor_ids[order], null=survives[order])
    columns = [id_array(ids[order]), id_array(clusters.cluster[order]), survivor]
    write_tables(path, [pa.table(columns, schema=STATE_SCHEMA)])


def write_report(path: Path, ranked: RankedDocuments, clusters: Clusters, matching: Matching) -> None:
    """Write who was removed, for whom, and why, as a Parquet file of `REPORT_SCHEMA`."""
    gone = clusters.survivor != SURVIVES
    removed, survivors, cluster = clusters.members[gone], clusters.survivor[gone], clusters.cluster[gone]
    high, low = ranked.ids[removed].byteswap().T
    cluster_high, cluster_low = cluster.byteswap().T
    order = np.lexsort((low, high, cluster_low, cluster_high))
    removed, survivors, cluster = removed[order], survivors[order], cluster[order]
    signatures = ranked.signatures
    matched = signatures.bands_matched(removed, survivors, matching.bands, matching.rows)
    columns = [
        _hex(ranked.ids[removed]),
        ranked.source_names(removed),
        _hex(cluster),
        _hex(ranked.ids[survivors]),
        ranked.source_names(survivors),
        pa.array(signatures.agreement(removed, survivors) / signatures.num_perm),
        pa.array(matched.astype(np.int32)) if matching.bands else pa.nulls(len(removed), pa.int32()),
        pa.array(REASONS).take(pa.array(ranked.reasons(removed, survivors))),
    ]
    write_parquet(path, pa.table(columns, schema=REPORT_SCHEMA))


def id_array(ids: NDArray[np.uint64], null: NDArray[np.bool_] | None = None) -> pa.FixedSizeBinaryArray:
    """Ids of shape (n, 2) as an Arrow array, some of them null."""
    valid = None if null is None else pa.array(~null).buffers()[1]
    return pa.FixedSizeBinaryArray.from_buffers(ID, len(ids), [valid, pa.py_buffer(np.ascontiguousarray(ids))])


def _connect(ranked: RankedDocuments, matching: Matching) -> NDArray[np.int64]:
    """The root of each document's cluster: first equal signatures, then band by band the distinct ones."""
    signatures, values = ranked.signatures, ranked.signatures.num_perm
    groups = ranked.sources.astype(np.uint64) if matching.within_source else None
    bits, every = number_bits(len(signatures)), np.arange(len(signatures))
    parent = every.copy()
    [entries] = signatures.band_entries(0, values, 1, every, bits, groups)
    unite_buckets(parent, entries, signatures, (0, values), values)
    distinct = np.flatnonzero(parent == every)
    some, groups = signatures.take(distinct), groups if groups is None else groups[distinct]
    for band in range(0, matching.bands, _BANDS_AT_ONCE):
        first, bands = band * matching.rows, min(_BANDS_AT_ONCE, matching.bands - band)
        for entries in some.band_entries(first, matching.rows, bands, distinct, bits, groups):
            unite_buckets(parent, entries, signatures, (first, first + matching.rows), matching.min_candidate_agreement)
            first += matching.rows
    return components(parent)


def _hex(ids: NDArray[np.uint64]) -> pa.StringArray:
    digits = np.frombuffer(ids.tobytes().hex().encode(), dtype="S32")
    return pa.array(digits.astype("U32"), pa.string())
