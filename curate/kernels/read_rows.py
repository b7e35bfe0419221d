"""Reading scattered rows of a file of numbers by system calls, so that none of its pages count as memory."""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit

#: `ssize_t pread(int descriptor, void *target, size_t bytes, off_t offset)` of the C library.
_PREAD = types.ExternalFunction("pread", types.intp(types.int32, types.uintp, types.uintp, types.int64))

#: Bytes that are read at once at most.
_BLOCK_BYTES = 1 << 20
#: Rows so near to each other are read at once, with what lies between: a system call takes longer.
_MAX_GAP = 16


def read_rows(
    descriptor: int,
    offset: int,
    rows: NDArray[np.int64],
    target: NDArray[np.uint32],
    places: NDArray[np.int64],
) -> None:
    """Read rows of a matrix that lies in a file, those that lie near each other together.

    Args:
        descriptor: of the open file.
        offset: of the matrix in the file, in bytes.
        rows: `int64` of shape (n,): which rows, quickest if ascending.
        target: `uint32` of shape (m, values), C order: row `rows[i]` is written to its row `places[i]`.
        places: `int64` of shape (n,).

    Raises:
        OSError: the file ends before a row does, or cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     np.arange(8, dtype=np.uint32).tofile(file)
    ...     found = np.empty((2, 2), np.uint32)
    ...     read_rows(file.fileno(), 0, np.array([0, 3]), found, np.array([1, 0]))
    >>> found.tolist()
    [[6, 7], [0, 1]]
    """
    values = max(1, target.shape[1])
    block = np.empty((max(1, _BLOCK_BYTES // (4 * values)), values), np.uint32)
    if not _read_rows(descriptor, offset, rows, target, places, block):
        raise OSError(f"a file of signatures ends before row {rows.max()} does, or cannot be read")


@bare_njit
def copy_rows(source, first, rows, target, places):  # type: ignore[no-untyped-def]
    """Copy row `rows[i] - first` of a matrix to row `places[i]` of another."""
    for at in range(len(rows)):
        for value in range(source.shape[1]):
            target[places[at], value] = source[rows[at] - first, value]


@bare_njit
def _read_rows(descriptor, offset, rows, target, places, block):  # type: ignore[no-untyped-def]
    size, begin = 4 * block.shape[1], 0
    while begin < len(rows):
        first, end = rows[begin], begin + 1
        while end < len(rows) and 0 <= rows[end] - rows[end - 1] <= _MAX_GAP and rows[end] - first < len(block):
            end += 1
        wanted = (rows[end - 1] - first + 1) * size
        if _PREAD(np.int32(descriptor), block.ctypes.data, np.uint64(wanted), offset + first * size) != wanted:
            return False
        copy_rows(block, first, rows[begin:end], target, places[begin:end])
        begin = end
    return True
