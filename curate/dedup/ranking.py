"""The order in which documents survive: a total order, so that the outcome depends on nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.documents import ID, id_words

#: The rules that prefer one document to another, in their order.
REASONS = ("source", "quality", "length", "id")


def summary_schema(signature_values: int) -> pa.Schema:
    """What `summarize` says of each document that can have duplicates."""
    return pa.schema(
        [
            ("id", ID),
            ("source", pa.string()),
            ("signature", pa.list_(pa.uint32(), signature_values)),
            ("text_bytes", pa.int64()),
            ("quality", pa.float64()),
        ]
    )


@dataclass(frozen=True)
class Removal:
    """Which documents may be removed, and because of which.

    Attributes:
        prefer: sources in the order in which their documents survive; the others come last.
        remove_from: sources whose documents may be removed; None is all.
        found_in: sources that a document must be found in to be removed; None is all.
    """

    prefer: Sequence[str] = ()
    remove_from: Collection[str] | None = None
    found_in: Collection[str] | None = None

    def places(self, names: Sequence[str]) -> NDArray[np.int64]:
        """The place of each source: the lower, the sooner its documents survive.

        Sources that lose nothing come first, then those that others are found in: only so does the one greedy
        pass over the documents, best first, meet every possible survivor before what has to make way for it.
        """
        last = len(self.prefer)
        place = {name: number for number, name in enumerate(self.prefer)}
        groups = self.removable(names) * (2 - self.witness(names).astype(np.int64))
        return groups * (last + 1) + np.array([place.get(name, last) for name in names], np.int64)

    def removable(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Whether documents of each source may be removed."""
        return np.array([self.remove_from is None or name in self.remove_from for name in names], bool)

    def witness(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Whether documents of each source may be the reason to remove another."""
        return np.array([self.found_in is None or name in self.found_in for name in names], bool)


@dataclass(frozen=True)
class RankedMembers:
    """The documents of some clusters, cluster by cluster and by rank in each, best first.

    Attributes:
        roots: `int64` of shape (n,), equal within a cluster.
        numbers: `uint64` of shape (n,), of the documents.
        ids, clusters: `uint64` of shape (n, 2): of each document, and the smallest of its cluster, compared as bytes.
        names: the sources, sorted; `sources`, `int64` of shape (n,), counts in them.
        keys: `float64` of shape (n, 3), lower is better: place of run and source, minus quality, minus bytes.
        removable, witness: `bool` of shape (n,); see `Removal`.
    """

    roots: NDArray[np.int64]
    numbers: NDArray[np.uint64]
    ids: NDArray[np.uint64]
    clusters: NDArray[np.uint64]
    names: list[str]
    sources: NDArray[np.int64]
    keys: NDArray[np.float64]
    removable: NDArray[np.bool_]
    witness: NDArray[np.bool_]

    @classmethod
    def of_table(cls, members: pa.Table, removal: Removal) -> RankedMembers:
        """Rank documents of whole clusters, in whatever order the table lists them.

        Args:
            members: the columns of `summary_schema` but the signature, and `root`, `number` and `run`.
            removal: who may be removed. Documents of an earlier run come before those of a later one.
        """
        ids = np.concatenate([np.empty((0, 2), np.uint64), *map(id_words, members["id"].chunks)])
        names, sources = _encode(members["source"])
        roots = members["root"].to_numpy()
        keys = _keys(members, removal, names, sources)
        by_id = _order_by_id(ids)
        rank = by_id
        for key in keys.T[::-1]:
            rank = _stable_order(_sortable(key), rank)
        rank = _stable_order(roots.view(np.uint64), rank)
        clusters = ids[_smallest(roots, rank, by_id)]
        sources = sources[rank]
        removable, witness = removal.removable(names)[sources], removal.witness(names)[sources]
        numbers = members["number"].to_numpy()[rank]
        return cls(roots[rank], numbers, ids[rank], clusters, names, sources, keys[rank], removable, witness)

    def rows(self, at: NDArray[np.int64]) -> RankedMembers:
        """Some of them."""
        arrays = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "names"}
        return replace(self, **{name: array[at] for name, array in arrays.items()})

    def followed_by(self, later: RankedMembers) -> RankedMembers:
        """These, then others."""
        names = sorted({*self.names, *later.names})
        number = {name: at for at, name in enumerate(names)}
        both = [
            replace(each, sources=np.array([number[name] for name in each.names], np.int64)[each.sources])
            for each in (self, later)
        ]
        arrays = [each.name for each in fields(self) if each.name != "names"]
        joined = {name: np.concatenate([getattr(each, name) for each in both]) for name in arrays}
        return replace(self, names=names, **joined)

    def reasons(self, removed: NDArray[np.int64], survivors: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of `REASONS` prefers `survivors[i]` to `removed[i]`: `int64`."""
        differ = self.keys[removed] != self.keys[survivors]
        return np.where(differ.any(axis=1), differ.argmax(axis=1), len(REASONS) - 1)

    def source_names(self, documents: NDArray[np.int64]) -> pa.StringArray:
        """The sources of some documents."""
        return pa.array(self.names, pa.string()).take(pa.array(self.sources[documents]))


def rank_columns(members: pa.Table, removal: Removal) -> pa.Table:
    """The same table with columns `rank0` to `rank4`, `uint64`: by these, documents of a cluster are ranked."""
    ids = np.concatenate([np.empty((0, 2), np.uint64), *map(id_words, members["id"].chunks)])
    keys = _keys(members, removal, *_encode(members["source"]))
    for number, column in enumerate([*map(_sortable, keys.T), *ids.byteswap().T]):
        members = members.append_column(f"rank{number}", pa.array(np.ascontiguousarray(column)))
    return members


def _keys(members: pa.Table, removal: Removal, names: Sequence[str], sources: NDArray[np.int64]) -> NDArray[np.float64]:
    """As of `RankedMembers`."""
    place = members["run"].to_numpy() * np.float64(3 * (len(removal.prefer) + 1)) + removal.places(names)[sources]
    return np.stack(
        [place, -members["quality"].to_numpy(), -members["text_bytes"].to_numpy().astype(np.float64)], axis=1
    )


def _smallest(roots: NDArray[np.int64], rank: NDArray[np.int64], by_id: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each document, in the order of `rank`, the one of its cluster that comes first by id."""
    place = np.empty_like(by_id)
    place[by_id] = np.arange(len(by_id))
    new = np.diff(roots[rank], prepend=-1) != 0
    first = np.minimum.reduceat(place[rank], np.flatnonzero(new)) if len(rank) else rank
    smallest: NDArray[np.int64] = by_id[first[np.cumsum(new) - 1]]
    return smallest


def _encode(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """The names in a column, sorted, and each value as a number of a name."""
    encoded = column.combine_chunks().dictionary_encode()
    found = encoded.dictionary.to_pylist()
    names = sorted(found)
    number = np.array([names.index(name) for name in found], np.int64)
    return names, number[encoded.indices.to_numpy()]


def _order_by_id(ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The order that sorts ids as bytes, first byte first. Their first halves are nearly always enough."""
    high, low = ids.byteswap().T
    order = np.argsort(high)
    ascending = high[order]
    return np.lexsort((low, high)) if (ascending[1:] == ascending[:-1]).any() else order


def _sortable(key: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Numbers in the order of the floats."""
    bits = (key + 0.0).view(np.uint64)  # no negative zero
    return np.where(bits >> np.uint64(63), ~bits, bits | np.uint64(1 << 63))


def _stable_order(key: NDArray[np.uint64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """`order` sorted by `key`, what is equal as it was: by 16-bit digits, of which numpy's stable sort is linear."""
    for shift in range(0, 64, 16):
        digit = (key >> np.uint64(shift)).astype(np.uint16)
        if len(digit) and digit.min() < digit.max():
            order = order[np.argsort(digit[order], kind="stable")]
    return order
