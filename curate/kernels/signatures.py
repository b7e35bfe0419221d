"""Signatures read where they lie: compiled loops over addresses, so that memory-mapped files are never copied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from llvmlite import ir
from numba import carray, njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from curate.kernels.hashing import U64, fmix64

_STEP = U64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Signatures:
    """Signatures where they lie, such as in memory-mapped files, by document number.

    Attributes:
        addresses: `uint64` of shape (n,), of the first value of each document's signature.
        num_perm: `uint32` values per signature.
        owners: what keeps the memory alive.
    """

    addresses: NDArray[np.uint64]
    num_perm: int
    owners: tuple[pa.Array, ...]

    @classmethod
    def of_column(cls, column: pa.ChunkedArray) -> Signatures:
        """The signatures of a column of type `fixed_size_list<uint32>`, without copying them."""
        num_perm = column.type.list_size
        addresses, owners = [np.empty(0, np.uint64)], []
        for chunk in column.chunks:
            values = chunk.flatten()
            start = np.uint64(values.to_numpy().ctypes.data)
            addresses.append(start + np.arange(len(chunk), dtype=np.uint64) * np.uint64(4 * num_perm))
            owners.append(values)
        return cls(np.concatenate(addresses), num_perm, tuple(owners))

    @cached_property
    def _in_storage_order(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        order = np.argsort(self.addresses)
        return order, self.addresses[order]

    def __len__(self) -> int:
        return len(self.addresses)

    def take(self, order: NDArray[np.int64]) -> Signatures:
        """The same signatures in another order."""
        return Signatures(self.addresses[order], self.num_perm, self.owners)

    def agreement(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        """In how many positions the documents `left[i]` and `right[i]` agree: `int64`."""
        counts = np.empty(len(left), np.int64)
        _agreements(self.addresses, self.num_perm, left, right, counts)
        return counts

    def bands_matched(
        self, left: NDArray[np.int64], right: NDArray[np.int64], bands: int, rows: int
    ) -> NDArray[np.int64]:
        """How many bands the documents `left[i]` and `right[i]` share: `int64`."""
        counts = np.empty(len(left), np.int64)
        _matched_bands(self.addresses, self.num_perm, left, right, bands, rows, counts)
        return counts

    def band_entries(
        self,
        first: int,
        rows: int,
        bands: int,
        nodes: NDArray[np.int64],
        bits: int,
        groups: NDArray[np.uint64] | None = None,
    ) -> NDArray[np.uint64]:
        """Entries for `curate.kernels.buckets`, by the values of each signature, `rows` at a time from `first` on.

        Reads the signatures once, in the order in which they lie, which is several times faster than any other.

        Args:
            first, rows, bands: which values; band k has those from `first + k * rows` on.
            nodes: `int64` of shape (n,): the number that each document has in its entries.
            bits: of an entry, for that number.
            groups: `uint64` of shape (n,), below 2**16: documents of different groups never share a key.

        Returns:
            `uint64` of shape (bands, n), in no particular order.

        Raises:
            ValueError: a group is 2**16 or more.
        """
        if groups is not None and len(groups) and groups.max() >= 1 << 16:
            raise ValueError(f"{int(groups.max()) + 1} groups cannot be told apart; at most 65536 can")
        order, addresses = self._in_storage_order
        salts = np.empty(0, np.uint64) if groups is None else groups[order] << np.uint64(48)
        entries = np.empty((bands, len(self)), np.uint64)
        _band_entries(addresses, nodes[order], salts, self.num_perm, first, rows, np.uint64(bits), entries)
        return entries


@intrinsic
def _pointer(_context, address):  # type: ignore[no-untyped-def]
    """A pointer to `uint32` from an address, for `carray`."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.inttoptr(arguments[0], ir.IntType(32).as_pointer())

    return types.CPointer(types.uint32)(types.uint64), generate


@njit(cache=True, nogil=True, inline="always")
def _signature(addresses, num_perm, node):  # type: ignore[no-untyped-def]
    return carray(_pointer(addresses[node]), num_perm)


@njit(cache=True, nogil=True)
def agree(addresses, num_perm, left, right):  # type: ignore[no-untyped-def]
    """In how many positions two signatures agree."""
    a, b = _signature(addresses, num_perm, left), _signature(addresses, num_perm, right)
    count = np.uint32(0)
    for k in range(num_perm):
        count += np.uint32(a[k] == b[k])
    return np.int64(count)


@njit(cache=True, nogil=True)
def _agreements(addresses, num_perm, left, right, counts):  # type: ignore[no-untyped-def]
    for at in range(len(left)):
        counts[at] = agree(addresses, num_perm, left[at], right[at])


@njit(cache=True, nogil=True)
def _matched_bands(addresses, num_perm, left, right, bands, rows, counts):  # type: ignore[no-untyped-def]
    for at in range(len(left)):
        a, b = _signature(addresses, num_perm, left[at]), _signature(addresses, num_perm, right[at])
        counts[at] = 0
        for band in range(bands):
            equal = True
            for k in range(band * rows, (band + 1) * rows):
                equal &= a[k] == b[k]
            counts[at] += equal


@njit(cache=True, nogil=True)
def same_values(addresses, num_perm, left, right, first, stop):  # type: ignore[no-untyped-def]
    """Whether two signatures agree in all positions from `first` up to `stop`."""
    a, b = _signature(addresses, num_perm, left), _signature(addresses, num_perm, right)
    equal = True
    for k in range(first, stop):
        equal &= a[k] == b[k]
    return equal


@njit(cache=True, nogil=True)
def _band_entries(addresses, nodes, salts, num_perm, first, rows, bits, entries):  # type: ignore[no-untyped-def]
    for at in range(len(addresses)):
        signature = _signature(addresses, num_perm, at)
        for band in range(len(entries)):
            begin = first + band * rows
            h = U64(0)
            for k in range(begin, begin + rows - 1, 2):  # sums of independent terms, which overlap in the processor
                h += fmix64((U64(signature[k]) | (U64(signature[k + 1]) << U64(32))) ^ (U64(k) * _STEP))
            if rows % 2:
                h += fmix64(U64(signature[begin + rows - 1]) ^ (U64(begin + rows) * _STEP))
            h = fmix64(h)
            if len(salts):
                h ^= salts[at]
            entries[band, at] = ((h >> bits) << bits) | U64(nodes[at])
