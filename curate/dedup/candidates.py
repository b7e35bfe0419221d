"""From signatures to edges: who equals whom, who shares a band, and who of these resembles each other.

equal   each part: a hash of every signature     each range: edges between equal ones
bands   each part: the bands of distinct ones    each range: pairs from small buckets, edges from large ones
pairs                                            each range: the pairs, once each, that agree enough are edges
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.corpus import Corpus
from curate.dedup.matching import (
    Knowledge,
    Matching,
    batch_rows,
    gather_signatures,
    signature_chunks,
    signature_values,
)
from curate.kernels.buckets import scatter_entries, sort_into_buckets
from curate.kernels.components import list_marks, set_marks
from curate.kernels.lsh import MAX_PAIRED, Edges, LeaderSearch, pairs_within, star_edges
from curate.kernels.signatures import agreements, band_hashes, signature_matrix, whole_hashes
from curate.shuffle import Gathered, KeyRange, Reduced

#: Groups that entries are sorted into before they are written, so that the shuffle finds them in the order of slots.
_GROUPS = 512


def equal_keys(corpus: Corpus, matching: Matching, part: int) -> pa.Table:
    """For each document of a part 128 bits of hash of its signature, `key` and `check`, and its row."""
    schema = pa.schema([("key", pa.uint64()), ("check", pa.uint64()), ("row", pa.uint32())])
    tables = [schema.empty_table()]
    for first, batch in signature_chunks(corpus.tables, part):
        key, check = whole_hashes(signature_matrix(batch["signature"]), _groups(batch, matching))
        row = np.arange(first, first + len(batch), dtype=np.uint32)
        tables.append(pa.table({"key": key, "check": check, "row": row}))
    return pa.concat_tables(tables)


def equal_edges(knowledge: Knowledge, keys: KeyRange) -> Reduced:
    """An edge from the lowest-numbered document with a signature to each other one with the same."""
    entries = Gathered(3)
    for part, batch in keys.batches():
        entries.add(batch["key"].to_numpy(), batch["check"].to_numpy(), _numbers(batch, knowledge.starts[part]))
    key, check, numbers = entries.columns()
    places, starts = sort_into_buckets(key)
    bucket, check = np.repeat(np.arange(len(starts) - 1), np.diff(starts)), check[places]
    if (check != check[starts[bucket]]).any():  # two signatures share half of their hash
        order = np.lexsort((check, bucket))
        places, bucket, check = places[order], bucket[order], check[order]
        new = (np.diff(bucket, prepend=-1) != 0) | (np.diff(check, prepend=~check[:1]) != 0)
        starts = np.append(np.flatnonzero(new), len(places))
    return {"edges": edge_table(star_edges(numbers[places], starts))}


def write_repeats(corpus: Corpus, knowledge: Knowledge, state: Path) -> None:
    """Mark every document whose signature equals that of one with a lower number."""
    repeats = np.zeros(-(-knowledge.documents // 64), np.uint64)
    for _, right in stored_edges(corpus, "equal"):
        set_marks(repeats, right)
    np.save(state / "repeats.npy", repeats)


def band_keys(corpus: Corpus, matching: Matching, knowledge: Knowledge, part: int) -> pa.Table:
    """For each band of each distinct signature of a part its hash, `key`, and the row of the document."""
    begin, end = knowledge.starts[part : part + 2].tolist()
    distinct = np.ones(end - begin, bool)
    distinct[(list_marks(knowledge.repeats, begin, end) - np.uint64(begin)).astype(np.int64)] = False
    hashes, rows = [np.empty((0, matching.bands), np.uint64)], [np.empty(0, np.int64)]
    for first, batch in signature_chunks(corpus.tables, part):
        own = np.flatnonzero(distinct[first : first + len(batch)])
        signatures, groups = signature_matrix(batch["signature"]), _groups(batch, matching)
        if len(own) < len(batch):
            signatures, groups = signatures[own], groups[own] if len(groups) else groups
        hashes.append(band_hashes(signatures, matching.bands, matching.rows, groups))
        rows.append(own + first)
    key, row = scatter_entries(np.concatenate(hashes), np.concatenate(rows).astype(np.uint32), _GROUPS)
    return pa.table({"key": key, "row": row})


def band_matches(corpus: Corpus, matching: Matching, knowledge: Knowledge, keys: KeyRange) -> Reduced:
    """Pairs of documents from small buckets, to be compared, and edges from the others, which are compared here.

    Without verification every bucket gives edges.
    """
    members, starts = _buckets(keys, knowledge.starts)
    if not matching.min_candidate_agreement:
        return {"edges": edge_table(star_edges(members, starts))}
    left, right = pairs_within(members, starts)
    pairs = {"key": left << _number_shift(knowledge), "right": right}
    large = np.diff(starts) > MAX_PAIRED
    bucket = np.repeat(np.arange(len(large)), np.diff(starts))
    some = large[bucket]
    edges = _large_bucket_edges(corpus, matching, knowledge, members[some], bucket[some])
    return {"pairs": pa.table(pairs), "edges": edge_table(edges)}


def pair_edges(corpus: Corpus, matching: Matching, knowledge: Knowledge, table: pa.Table) -> Reduced:
    """Edges between the documents of the pairs that agree in enough values; each pair is compared once."""
    shift = _number_shift(knowledge)
    left, right = _distinct_pairs(table["key"].to_numpy() >> shift, table["right"].to_numpy(), knowledge.documents)
    at_once = batch_rows(corpus.max_memory_bytes, signature_values(corpus.tables)) // 2
    alike = np.zeros(len(left), bool)
    for begin in range(0, len(left), at_once):
        some = slice(begin, begin + at_once)
        numbers = _distinct(np.concatenate([left[some], right[some]]))
        signatures = gather_signatures(corpus.tables, knowledge.starts, numbers)
        count = agreements(signatures, np.searchsorted(numbers, left[some]), np.searchsorted(numbers, right[some]))
        alike[some] = count >= matching.min_candidate_agreement
    return {"edges": edge_table((left[alike], right[alike]))}


def stored_edges(corpus: Corpus, *rounds: str) -> Iterator[Edges]:
    """The edges that the reduces of some rounds have written, file by file."""
    for name in rounds:
        for file in corpus.tables.reduced(name, "edges"):
            for batch in file.batches():
                yield batch["left"].to_numpy(), batch["right"].to_numpy()


def _large_bucket_edges(
    corpus: Corpus, matching: Matching, knowledge: Knowledge, members: NDArray[np.uint64], bucket: NDArray[np.int64]
) -> Edges:
    """Compare the documents of large buckets with leaders, in the order of a hash of the signature in each bucket."""
    values = signature_values(corpus.tables)
    batches = range(0, len(members), batch_rows(corpus.max_memory_bytes, values))
    hashes = np.empty(len(members), np.uint64)
    for begin in batches:
        some = slice(begin, begin + batches.step)
        signatures = gather_signatures(corpus.tables, knowledge.starts, members[some])
        hashes[some] = whole_hashes(signatures, np.empty(0, np.uint64))[0]
    order = np.lexsort((hashes, bucket))
    members, bucket = members[order], bucket[order]
    search, found = LeaderSearch(values, matching.min_candidate_agreement), [(members[:0], members[:0])]
    for begin in batches:
        some = slice(begin, begin + batches.step)
        signatures = gather_signatures(corpus.tables, knowledge.starts, members[some])
        found.append(search.edges(bucket[some], members[some], signatures))
    left, right = zip(*found, strict=True)
    return np.concatenate(left), np.concatenate(right)


def _distinct_pairs(left: NDArray[np.uint64], right: NDArray[np.uint64], documents: int) -> Edges:
    """The pairs sorted, each once: as single numbers, or if there are 2**32 documents or more, as pairs."""
    if documents < 1 << 32:
        pairs = _distinct(left << np.uint64(32) | right)
        return pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    new = np.append(True, (left[1:] != left[:-1]) | (right[1:] != right[:-1]))[: len(left)]
    return left[new], right[new]


def _distinct(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The values in order, each once: by a sort, which is several times faster than `np.unique`."""
    values = np.sort(values)
    once: NDArray[np.uint64] = values[np.append(True, values[1:] != values[:-1])[: len(values)]]
    return once


def _buckets(keys: KeyRange, starts: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The numbers of documents that share a key, bucket by bucket, and where buckets begin in them.

    Slot by slot: what is sorted at once fits the processor's cache.
    """
    slots = deque(Gathered(2) for _ in range(keys.first, keys.stop))
    for slot, part, batch in keys.slots():
        slots[slot].add(batch["key"].to_numpy(), _numbers(batch, starts[part]))
    members, edges, found = [np.empty(0, np.uint64)], [np.zeros(1, np.int64)], 0
    while slots:
        key, numbers = slots.popleft().columns()
        places, begins = sort_into_buckets(key)
        members.append(numbers[places])
        edges.append(begins[1:] + found)
        found += len(places)
    return np.concatenate(members), np.concatenate(edges)


def _numbers(batch: pa.RecordBatch, start: np.int64) -> NDArray[np.uint64]:
    """The numbers of the documents of a part, of whose rows a batch has some."""
    numbers: NDArray[np.uint64] = batch["row"].to_numpy().astype(np.uint64) + np.uint64(start)
    return numbers


def _number_shift(knowledge: Knowledge) -> np.uint64:
    """By how much a document's number is shifted to be a key, so that the keys fill all 64 bits."""
    return np.uint64(64 - max(1, (knowledge.documents - 1).bit_length()))


def edge_table(edges: Edges) -> pa.Table:
    """Edges as a round keeps them."""
    return pa.table({"left": edges[0], "right": edges[1]})


def no_pairs() -> pa.Table:
    """The pairs of a bucket that has none."""
    return pa.table({"key": pa.array([], pa.uint64()), "right": pa.array([], pa.uint64())})


def _groups(batch: pa.RecordBatch, matching: Matching) -> NDArray[np.uint64]:
    """What keeps documents apart that must not meet: a hash of their source; nothing where all may."""
    if not matching.within_source:
        return np.empty(0, np.uint64)
    names = batch["source"].dictionary_encode()
    digests = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names.dictionary.to_pylist()]
    hashes: NDArray[np.uint64] = np.array([int.from_bytes(digest, "little") for digest in digests], np.uint64)
    groups: NDArray[np.uint64] = hashes[names.indices.to_numpy()]
    return groups
