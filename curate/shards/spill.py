"""Sorting more pieces than fit into memory: they are divided by position into files until each file fits.

Positions are spread evenly over [0, 1), so the files of a division are of like size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.tables import gathered

#: Bytes that are sorted at once.
SORTED_BYTES = 1 << 21
#: Files of a division: one division serves 0.1 GB of pieces, two 8 GB, three 0.5 TB.
_FILES = 64
#: Ranges of positions narrower than this are not divided any more: so many pieces of one position are one document.
_NARROWEST = 2.0**-48


def by_position(tables: Iterable[pa.Table], scratch: Path, low: float = 0.0, width: float = 1.0) -> Iterator[pa.Table]:
    """Rows in tables of about `SORTED_BYTES`, each with the rows of a range of positions; the ranges ascend.

    Args:
        tables: of one schema with a column `position`, `float64` from `low` up to `low + width`.
        scratch: a folder for files, which are removed when they have been read.

    Returns:
        Tables whose rows are in no particular order. Rows of one position are in one table.
    """
    rest = gathered(tables, SORTED_BYTES)
    begin = list(islice(rest, 2))
    if len(begin) < 2 or width < _NARROWEST:
        yield from [pa.concat_tables(chain(begin, rest))] if begin else []
    else:
        yield from _divided(chain(begin, rest), scratch, low, width / _FILES)


def _divided(tables: Iterable[pa.Table], scratch: Path, low: float, narrow: float) -> Iterator[pa.Table]:
    """The rows by way of files, each for a range of positions that is `narrow` wide."""
    paths = [scratch / f"{narrow.hex()}-{low.hex()}-{number:02}.arrow" for number in range(_FILES)]
    _write(tables, paths, low, narrow)
    for number, path in enumerate(paths):
        if path.exists():
            yield from by_position(_read(path), scratch, low + number * narrow, narrow)
            path.unlink()


def _write(tables: Iterable[pa.Table], paths: list[Path], low: float, narrow: float) -> None:
    writers: dict[int, pa.RecordBatchStreamWriter] = {}
    with ExitStack() as stack:
        for table in tables:
            number = _file_numbers(table["position"].to_numpy(), low, narrow)
            order = np.argsort(number, kind="stable")
            ordered, edges = table.take(pa.array(order)), np.searchsorted(number[order], np.arange(_FILES + 1))
            for at in np.unique(number).tolist():
                if at not in writers:
                    writers[at] = stack.enter_context(pa.ipc.new_stream(str(paths[at]), table.schema))
                writers[at].write_table(ordered.slice(edges[at], edges[at + 1] - edges[at]))


def _file_numbers(positions: NDArray[np.float64], low: float, narrow: float) -> NDArray[np.int64]:
    """The file of each position. It ascends with the position, so rounding moves no row out of order."""
    return np.clip(((positions - low) / narrow).astype(np.int64), 0, _FILES - 1)


def _read(path: Path) -> Iterator[pa.Table]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])
