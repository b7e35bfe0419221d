"""What the rounds of deduplication do with one key that has more rows than a task may hold.

A million copies of one page are such a key: of its signature, of its cluster, and in the report. Each function here
does what its round does with a range, but meets the rows in order, a piece at a time, and remembers what is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.corpus import Corpus
from curate.dedup.candidates import edge_table, no_pairs, pair_edges
from curate.dedup.clusters import choose, of_this_run, outcome_tables, report_rows, survivor_search
from curate.dedup.matching import Knowledge, Matching, batch_rows, gather_signatures, signature_values
from curate.dedup.ranking import RankedMembers, Removal, rank_columns
from curate.documents import id_words
from curate.hot_keys import in_order
from curate.kernels.lsh import LeaderSearch
from curate.kernels.signatures import whole_hashes
from curate.kernels.survivors import SURVIVES, Chosen
from curate.shuffle import KeyRange, Reduced

_RANKS = [f"rank{number}" for number in range(5)]
#: What a piece holds at most: there are several copies of it while it is looked at.
_SHARE = 16


def stream_equal_edges(corpus: Corpus, knowledge: Knowledge, keys: KeyRange) -> Iterator[Reduced]:
    """As `equal_edges`; two signatures that share half of their hash are told apart by the other half."""
    yield from _stars(_numbered(keys, knowledge, "check"), ["check", "number"], corpus)


def stream_band_matches(corpus: Corpus, matching: Matching, knowledge: Knowledge, keys: KeyRange) -> Iterator[Reduced]:
    """As `band_matches` for one large bucket."""
    numbered = _numbered(keys, knowledge)
    if not matching.min_candidate_agreement:
        yield from _stars(numbered, ["number"], corpus)
        return
    values = signature_values(corpus.tables)
    at_once = batch_rows(corpus.max_memory_bytes, values)

    def hashed() -> Iterator[pa.Table]:
        for table in numbered():
            for begin in range(0, len(table), at_once):
                some = table.slice(begin, at_once)
                signatures = gather_signatures(corpus.tables, knowledge.starts, some["number"].to_numpy())
                yield some.append_column("hash", pa.array(whole_hashes(signatures, np.empty(0, np.uint64))[0]))

    search = LeaderSearch(values, matching.min_candidate_agreement)
    for table in in_order(hashed, ["hash", "number"], _piece_bytes(corpus)):
        numbers = table["number"].to_numpy()[np.argsort(table["hash"].to_numpy(), kind="stable")]
        for begin in range(0, len(numbers), at_once):
            some = numbers[begin : begin + at_once]
            signatures = gather_signatures(corpus.tables, knowledge.starts, some)
            edges = search.edges(np.zeros(len(some), np.int64), some, signatures)
            yield {"pairs": no_pairs(), "edges": edge_table(edges)}


def stream_pair_edges(corpus: Corpus, matching: Matching, knowledge: Knowledge, keys: KeyRange) -> Iterator[Reduced]:
    """As `pair_edges`: what is equal comes together."""

    def read() -> Iterator[pa.Table]:
        for _, batch in keys.batches():
            yield pa.Table.from_batches([batch])

    for table in in_order(read, ["key", "right"], _piece_bytes(corpus)):
        yield pair_edges(corpus, matching, knowledge, table)


def stream_survivors(
    corpus: Corpus, matching: Matching, removal: Removal, knowledge: Knowledge, keys: KeyRange
) -> Iterator[Reduced]:
    """As `choose_survivors` for one cluster: best documents first, as there."""
    cluster = _smallest_id(keys)
    search, before = survivor_search(corpus, matching), 0
    known, places = RankedMembers.of_table(_none_of(keys), removal), np.empty(0, np.int64)
    for table in in_order(lambda: _ranked_tables(keys, removal), _RANKS, _piece_bytes(corpus)):
        ranked = RankedMembers.of_table(table.drop_columns(_RANKS), removal)
        ranked.clusters[:] = cluster
        chosen = choose(search, corpus, knowledge, ranked)
        together = known.followed_by(ranked)
        earlier = np.searchsorted(places, chosen.survivor)
        survivor = np.where(chosen.survivor < before, earlier, chosen.survivor - before + len(known.numbers))
        survivor[chosen.survivor == SURVIVES] = SURVIVES
        own = of_this_run(corpus, knowledge, ranked)
        yield outcome_tables(together, _after(len(known.numbers), chosen, survivor), _padded(len(known.numbers), own))
        at = np.where(search.places < before, np.searchsorted(places, search.places), search.places - before)
        at += np.where(search.places < before, 0, len(known.numbers))
        known, places, before = together.rows(at), search.places, before + len(ranked.numbers)


def stream_report_rows(corpus: Corpus, matching: Matching, values: int, keys: KeyRange) -> Iterator[Reduced]:
    """As `report_rows`, cluster by cluster and document by document."""
    names = ["cluster0", "cluster1", "document0", "document1"]

    def read() -> Iterator[pa.Table]:
        for _, batch in keys.batches():
            words = [column for name in ("cluster", "document") for column in id_words(batch[name]).byteswap().T]
            yield _with_columns(pa.Table.from_batches([batch]), names, words)

    for table in in_order(read, names, _piece_bytes(corpus)):
        yield report_rows(matching, values, table.drop_columns(names))


def _stars(read: Callable[[], Iterator[pa.Table]], columns: Sequence[str], corpus: Corpus) -> Iterator[Reduced]:
    """Edges from the lowest number to each other one, of those rows that agree in the columns before it."""
    group, head = None, np.uint64(0)
    for table in in_order(read, columns, _piece_bytes(corpus)):
        values = np.stack([table[name].to_numpy() for name in columns], axis=1)
        values = values[np.lexsort(values.T[::-1])]
        numbers, groups = values[:, -1], values[:, :-1]
        new = np.append(True, (groups[1:] != groups[:-1]).any(axis=1))[: len(values)]
        first = numbers[np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))]
        if len(values) and group is not None and (groups[0] == group).all():  # it goes on from the piece before
            first[: np.append(np.flatnonzero(new)[1:], len(new))[0]] = head
        others = numbers != first
        yield {"edges": edge_table((first[others], numbers[others]))}
        if len(values):
            group, head = groups[-1], first[-1]


def _numbered(keys: KeyRange, knowledge: Knowledge, *names: str) -> Callable[[], Iterator[pa.Table]]:
    """The rows with the number of each document, and further columns."""

    def read() -> Iterator[pa.Table]:
        for part, batch in keys.batches():
            number = batch["row"].to_numpy().astype(np.uint64) + np.uint64(knowledge.starts[part])
            yield pa.table({name: batch[name] for name in names} | {"number": pa.array(number)})

    return read


def _ranked_tables(keys: KeyRange, removal: Removal) -> Iterator[pa.Table]:
    for _, batch in keys.batches():
        yield rank_columns(pa.Table.from_batches([batch]), removal)


def _none_of(keys: KeyRange) -> pa.Table:
    return keys.files[0].schema.empty_table()


def _smallest_id(keys: KeyRange) -> NDArray[np.uint64]:
    """Of all rows, compared as bytes."""
    smallest = np.full((1, 2), 2**64 - 1, np.uint64)
    for _, batch in keys.batches():
        words = np.concatenate([smallest, id_words(batch["id"])])
        high, low = words.byteswap().T
        smallest = words[np.lexsort((low, high))[:1]]
    found: NDArray[np.uint64] = smallest[0]
    return found


def _after(known: int, chosen: Chosen, survivor: NDArray[np.int64]) -> Chosen:
    """The outcome of documents that come after `known` others, of which nothing is said."""
    padded = np.concatenate([np.full(known, SURVIVES), survivor])
    return Chosen(padded, *(np.append(np.zeros(known, np.int32), each) for each in (chosen.agreement, chosen.bands)))


def _padded(known: int, own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.append(np.zeros(known, bool), own)


def _with_columns(table: pa.Table, names: Sequence[str], columns: Sequence[NDArray[np.uint64]]) -> pa.Table:
    for name, column in zip(names, columns, strict=True):
        table = table.append_column(name, pa.array(np.ascontiguousarray(column)))
    return table


def _piece_bytes(corpus: Corpus) -> int:
    return max(1, corpus.max_memory_bytes // _SHARE)
