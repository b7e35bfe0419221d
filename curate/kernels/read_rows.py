"""Reading scattered rows of a file of numbers, a system call each, so that none of its pages count as memory."""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

#: `ssize_t pread(int descriptor, void *target, size_t bytes, off_t offset)` of the C library.
_PREAD = types.ExternalFunction("pread", types.intp(types.int32, types.uintp, types.uintp, types.int64))


def read_rows(
    descriptor: int,
    offset: int,
    rows: NDArray[np.int64],
    target: NDArray[np.uint32],
    places: NDArray[np.int64],
) -> None:
    """Read rows of a matrix that lies in a file; rows that follow each other, to places that do, are read at once.

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
    if not _read_rows(descriptor, offset, 4 * target.shape[1], rows, np.uint64(target.ctypes.data), places):
        raise OSError(f"a file of signatures ends before row {rows.max()} does, or cannot be read")


@njit(cache=True, nogil=True)
def _read_rows(descriptor, offset, size, rows, address, places):  # type: ignore[no-untyped-def]
    begin = 0
    while begin < len(rows):
        end = begin + 1
        while end < len(rows) and rows[end] == rows[end - 1] + 1 and places[end] == places[end - 1] + 1:
            end += 1
        wanted = np.uint64((end - begin) * size)
        start = np.uint64(address) + np.uint64(places[begin] * size)
        if _PREAD(np.int32(descriptor), start, wanted, offset + rows[begin] * size) != np.int64(wanted):
            return False
        begin = end
    return True
