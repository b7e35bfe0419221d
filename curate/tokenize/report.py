"""How well the tokenizer fits each source."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def bytes_per_token(index: pa.Table) -> pa.Table:
    """Bytes of text per token for each source: higher is better compressed.

    Args:
        index: one row for each document with the columns `source`, and `tokens` and `text_bytes` of a tokenizer
            stage, bare or with the stage's name before them (`train_tokenizer.tokens`), as `Corpus.index` gives.

    Returns:
        `source`, `documents`, `text_bytes`, `tokens` (one end-of-text token for each piece included) and
        `bytes_per_token`, by name of source.

    >>> index = pa.table({"source": ["a", "a", "b"], "tokens": [3, 2, 4], "text_bytes": [12, 8, 8]})
    >>> bytes_per_token(index).select(["source", "bytes_per_token"]).to_pylist()
    [{'source': 'a', 'bytes_per_token': 4.0}, {'source': 'b', 'bytes_per_token': 2.0}]
    """
    counts = pa.table({name: index.column(_find(index, name)) for name in ("source", "text_bytes", "tokens")})
    sums = counts.group_by("source").aggregate([("source", "count"), ("text_bytes", "sum"), ("tokens", "sum")])
    sums = sums.select(["source", "source_count", "text_bytes_sum", "tokens_sum"]).sort_by("source")
    report = sums.rename_columns(["source", "documents", "text_bytes", "tokens"])
    ratio = pc.divide(report["text_bytes"].cast(pa.float64()), report["tokens"].cast(pa.float64()))
    return report.append_column("bytes_per_token", ratio)


def _find(index: pa.Table, name: str) -> str:
    names: list[str] = index.column_names
    return [column for column in names if column == name or column.endswith(f"_tokenizer.{name}")][-1]
