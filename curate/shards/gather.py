"""Collecting the tokens of a span of the sequence from the tables in which the tokenizer left them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.corpus import Corpus
from curate.errors import InternalError
from curate.shards.layout import Layout


def gather(
    corpus: Corpus, layout: Layout, begin: int, end: int, end_of_text_id: int, dtype: str
) -> NDArray[np.generic]:
    """The tokens from `begin` up to `end` of the whole sequence, end-of-text tokens in their places.

    Tokens are copied run by run straight from the memory-mapped tables, so only the pages that hold them are read.

    Returns:
        `uint16` or `uint32`, as `dtype` says, of shape (end - begin,).
    """
    out = np.empty(end - begin, dtype)
    filled = 0
    for batch in layout.pieces_within(begin, end):
        filled += _gather_batch(corpus, batch, begin, end, end_of_text_id, out)
    if filled != len(out):
        raise InternalError(f"write_tokens: the layout does not fill the tokens {begin} to {end}")
    return out


def _gather_batch(
    corpus: Corpus, batch: pa.RecordBatch, begin: int, end: int, end_of_text_id: int, out: NDArray[np.generic]
) -> int:
    """Fill in the tokens of some pieces; how many they are."""
    starts, lengths, parts, rows = (batch[name].to_numpy() for name in ("start", "length", "part", "row"))
    closing = (starts + lengths)[(starts + lengths >= begin) & (starts + lengths < end)]
    out[closing - begin] = end_of_text_id
    skipped = np.maximum(begin - starts, 0)
    runs = np.maximum(np.minimum(lengths, end - starts) - skipped, 0)
    targets = starts + skipped - begin
    for part in np.unique(parts):
        mine = np.flatnonzero((parts == part) & (runs > 0))
        tokens = corpus.side_table("tokens", int(part)).column("tokens")
        _copy_part(tokens, rows[mine], skipped[mine], runs[mine], targets[mine], out)
    return len(closing) + int(runs.sum())


def _copy_part(
    tokens: pa.ChunkedArray,
    rows: NDArray[np.int64],
    skipped: NDArray[np.int64],
    runs: NDArray[np.int64],
    targets: NDArray[np.int64],
    out: NDArray[np.generic],
) -> None:
    """Copy runs of tokens of one table, batch by batch of the table, without joining the batches."""
    edges = np.cumsum([0] + [len(chunk) for chunk in tokens.chunks])
    for first, chunk in zip(edges, tokens.chunks, strict=False):
        mine = np.flatnonzero((rows >= first) & (rows < first + len(chunk)))
        offsets, values = chunk.offsets.to_numpy(), chunk.values.to_numpy()
        begins = offsets[rows[mine] - first].astype(np.int64) + skipped[mine]
        if (begins + runs[mine] > offsets[rows[mine] - first + 1]).any() or values.dtype != out.dtype:
            raise InternalError("write_tokens: the tokenizer's table is not the one that the layout was made from")
        _copy_runs(values, begins, runs[mine], targets[mine], out)


@njit(cache=True, nogil=True)
def _copy_runs(values, begins, runs, targets, out):  # type: ignore[no-untyped-def]
    for run in range(len(runs)):
        begin, target = begins[run], targets[run]
        for at in range(runs[run]):
            out[target + at] = values[begin + at]
