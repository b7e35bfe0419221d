"""How well the tokenizer fits each source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pyarrow as pa

_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        *((name, pa.int64()) for name in ("documents", "text_bytes", "tokens")),
        ("bytes_per_token", pa.float64()),
    ]
)


def bytes_per_token(totals: Iterable[tuple[str, str, int]]) -> pa.Table:
    """Bytes of text per token for each source: higher is better compressed.

    Args:
        totals: source, what was counted (`documents`, `tokens` or `text_bytes`) and how many there were, of each part.

    Returns:
        `source`, `documents`, `text_bytes`, `tokens` (one end-of-text token for each piece included) and
        `bytes_per_token`, by name of source.

    >>> counted = [("a", "documents", 2), ("a", "tokens", 2), ("a", "tokens", 3), ("a", "text_bytes", 20)]
    >>> bytes_per_token(counted).to_pylist()
    [{'source': 'a', 'documents': 2, 'text_bytes': 20, 'tokens': 5, 'bytes_per_token': 4.0}]
    """
    sums: dict[str, Counter[str]] = {}
    for source, name, total in totals:
        sums.setdefault(source, Counter())[name] += total
    rows = [
        {"source": source, **counted, "bytes_per_token": counted["text_bytes"] / counted["tokens"]}
        for source, counted in sorted(sums.items())
    ]
    return pa.Table.from_pylist(rows, _SCHEMA)
