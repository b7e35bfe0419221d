"""How well the tokenizer fits each source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SUMS = pa.schema([("source", pa.string()), *((name, pa.int64()) for name in ("documents", "text_bytes", "tokens"))])


def bytes_per_token(tables: Iterable[pa.Table]) -> pa.Table:
    """Bytes of text per token for each source: higher is better compressed.

    Args:
        tables: one row for each document with the columns `source`, and `tokens` and `text_bytes` of a tokenizer
            stage; some documents in each.

    Returns:
        `source`, `documents`, `text_bytes`, `tokens` (one end-of-text token for each piece included) and
        `bytes_per_token`, by name of source.

    >>> table = pa.table({"source": ["a", "a", "b"], "tokens": [3, 2, 4], "text_bytes": [12, 8, 8]})
    >>> bytes_per_token([table]).select(["source", "bytes_per_token"]).to_pylist()
    [{'source': 'a', 'bytes_per_token': 4.0}, {'source': 'b', 'bytes_per_token': 2.0}]
    """
    counted = [_SUMS.empty_table()]
    for table in tables:
        ones = table.append_column("documents", pa.array(np.ones(table.num_rows, np.int64)))
        counted = [_summed([*counted, ones.select(_SUMS.names).cast(_SUMS)])]
    report = counted[0].sort_by("source")
    ratio = pc.divide(report["text_bytes"].cast(pa.float64()), report["tokens"].cast(pa.float64()))
    return report.append_column("bytes_per_token", ratio)


def _summed(tables: Sequence[pa.Table]) -> pa.Table:
    """One row for each source."""
    columns = _SUMS.names[1:]
    sums = pa.concat_tables(tables).group_by("source").aggregate([(name, "sum") for name in columns])
    return sums.select(["source", *(f"{name}_sum" for name in columns)]).rename_columns(_SUMS.names)
