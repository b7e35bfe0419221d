"""Signatures as rows of a matrix: hashes of the whole and of each band, and in how many values two of them agree."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.hashing import U64, fmix64

_STEP = U64(0x9E3779B97F4A7C15)
_FACTOR = U64(0xD6E8FEB86659FD93)

Matrix = NDArray[np.uint32]
Hashes = NDArray[np.uint64]


def signature_matrix(column: pa.Array) -> Matrix:
    """A `fixed_size_list<uint32>` column as `uint32` of shape (n, values), without copying it."""
    values: Matrix = column.flatten().to_numpy().reshape(len(column), column.type.list_size)
    return values


def whole_hashes(signatures: Matrix, groups: Hashes) -> tuple[Hashes, Hashes]:
    """128 bits of hash of each signature, as two `uint64` of shape (n,).

    Args:
        signatures: `uint32` of shape (n, values).
        groups: `uint64` of shape (n,): signatures of different groups have different hashes; of shape (0,): no groups.

    >>> hashes = whole_hashes(np.array([[1, 2], [1, 2], [2, 1]], np.uint32), np.empty(0, np.uint64))
    >>> [bool(one[0] == one[1] != one[2]) for one in hashes]
    [True, True]
    """
    first, second = np.empty((2, len(signatures)), np.uint64)
    _whole_hashes(_read_only(signatures), groups, first, second)
    return first, second


def _read_only(signatures: Matrix) -> Matrix:
    """As views of Arrow buffers are: numba compiles a loop once more for arrays that can be written."""
    view = signatures.view()
    view.flags.writeable = False
    return view


def band_hashes(signatures: Matrix, bands: int, rows: int, groups: Hashes) -> Hashes:
    """A hash of each band of each signature: `uint64` of shape (n, bands); those of different bands differ.

    Args:
        signatures: `uint32` of shape (n, values); band k has the values from `k * rows` on.
        groups: as of `whole_hashes`.
    """
    hashes = np.empty((len(signatures), bands), np.uint64)
    _band_hashes(_read_only(signatures), rows, groups, hashes)
    return hashes


def agreements(signatures: Matrix, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int32]:
    """In how many positions the rows `left[i]` and `right[i]` agree: `int32`.

    >>> agreements(np.array([[1, 2, 3], [1, 5, 3]], np.uint32), np.array([0]), np.array([1])).tolist()
    [2]
    """
    counts = np.empty(len(left), np.int32)
    _agreements(signatures, left, right, counts)
    return counts


@inner_njit
def agree(a, b):  # type: ignore[no-untyped-def]
    """In how many positions two signatures agree."""
    count = np.uint32(0)
    for k in range(len(a)):
        count += np.uint32(a[k] == b[k])
    return np.int64(count)


@inner_njit
def copy_row(source, target):  # type: ignore[no-untyped-def]
    """Copy a signature; numba's own assignment of arrays takes two seconds to compile, for its error message."""
    for k in range(len(source)):
        target[k] = source[k]


@inner_njit
def shared_bands(a, b, bands, rows):  # type: ignore[no-untyped-def]
    """In how many bands two signatures agree in all rows."""
    count = 0
    for band in range(bands):
        equal = True
        for k in range(band * rows, (band + 1) * rows):
            equal &= a[k] == b[k]
        count += equal
    return count


@bare_njit
def _agreements(signatures, left, right, counts):  # type: ignore[no-untyped-def]
    for at in range(len(left)):
        counts[at] = agree(signatures[left[at]], signatures[right[at]])


@inner_njit
def _pair(signatures, at, k):  # type: ignore[no-untyped-def]
    """Two values and their position, spread over 64 bits."""
    both = U64(signatures[at, k]) | (U64(signatures[at, k + 1]) << U64(32))
    return fmix64(both ^ (U64(k) * _STEP))


@inner_njit
def _last(signatures, at, end):  # type: ignore[no-untyped-def]
    return fmix64(U64(signatures[at, end - 1]) ^ (U64(end) * _STEP))


@bare_njit
def _band_hashes(signatures, rows, groups, hashes):  # type: ignore[no-untyped-def]
    """Sums of independent terms, which overlap in the processor."""
    for at in range(len(signatures)):
        salt = groups[at] if len(groups) else U64(0)
        for band in range(hashes.shape[1]):
            begin, h = band * rows, salt
            for k in range(begin, begin + rows - 1, 2):
                h += _pair(signatures, at, k)
            if rows % 2:
                h += _last(signatures, at, begin + rows)
            hashes[at, band] = fmix64(h)


@bare_njit
def _whole_hashes(signatures, groups, first, second):  # type: ignore[no-untyped-def]
    values = signatures.shape[1]
    for at in range(len(signatures)):
        h = g = groups[at] if len(groups) else U64(0)
        for k in range(0, values - 1, 2):
            x = _pair(signatures, at, k)
            h += x
            g = (((g << U64(29)) | (g >> U64(35))) ^ x) * _FACTOR
        if values % 2:
            x = _last(signatures, at, values)
            h += x
            g = (((g << U64(29)) | (g >> U64(35))) ^ x) * _FACTOR
        first[at] = fmix64(h)
        second[at] = fmix64(g)
