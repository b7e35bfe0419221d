"""What goes where: every piece of every copy of every document, in the order in which it is written.

The tokens of all pieces, each followed by one end-of-text token, form one long sequence. It is cut into rows of
`sequence_length` tokens and the rows into shards; what is left at the end and fills no row is dropped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.errors import InputError

PIECES_FILE = "pieces.arrow"
LAYOUT_FILE = "layout.json"


@dataclass(frozen=True)
class Layout:
    """The sizes of everything, and the pieces in order.

    Attributes:
        sequence_length: tokens in a row.
        rows: in all shards.
        rows_per_shard: of every shard but the last, which may have fewer.
        tail_tokens: tokens at the end that fill no row and are not written.
        pieces: one row for each piece, memory-mapped: `start` (`int64`, its first token in the whole sequence),
            `length` (`int64`, without the end-of-text token), `part` and `row` (of the tokenizer's side table),
            `ordinal` (`int64`, the number of its document's copy in writing order), `document`, `source`, `piece`,
            `copy`.
    """

    sequence_length: int
    rows: int
    rows_per_shard: int
    tail_tokens: int
    pieces: pa.RecordBatch

    @property
    def shards(self) -> int:
        """How many there are."""
        return -(-self.rows // self.rows_per_shard)

    @property
    def tokens(self) -> int:
        """Tokens in all shards."""
        return self.rows * self.sequence_length

    def column(self, name: str) -> NDArray[Any]:
        """A column of numbers of the pieces, without copying it."""
        return np.asarray(self.pieces.column(name).to_numpy())

    def span(self, shard: int) -> tuple[int, int]:
        """The first token of a shard in the whole sequence, and the one after its last."""
        first = shard * self.rows_per_shard
        last = min(first + self.rows_per_shard, self.rows)
        return first * self.sequence_length, last * self.sequence_length

    def pieces_within(self, begin: int, end: int) -> slice:
        """The pieces that have a token, or their end-of-text token, in a span of the whole sequence."""
        starts = self.column("start")
        return slice(int(np.searchsorted(starts, begin, "right")) - 1, int(np.searchsorted(starts, end)))

    def documents_beginning(self, begin: int, end: int) -> int:
        """Copies of documents whose first token is in a span of the whole sequence."""
        starts, ordinals = self.column("start"), self.column("ordinal")
        before, until = np.searchsorted(starts, [begin, end])
        return int((ordinals[until - 1] if until else -1) - (ordinals[before - 1] if before else -1))

    def save(self, state: Path) -> None:
        """Write the layout into a folder."""
        with pa.ipc.new_file(str(state / PIECES_FILE), self.pieces.schema) as writer:
            writer.write_batch(self.pieces)
        sizes = {name: value for name, value in vars(self).items() if name != "pieces"}
        (state / LAYOUT_FILE).write_text(json.dumps(sizes, indent=2) + "\n", "utf-8")

    @classmethod
    def load(cls, state: Path) -> Layout:
        """Read what `save` wrote; the pieces are mapped, not read."""
        sizes = json.loads((state / LAYOUT_FILE).read_text("utf-8"))
        pieces = pa.ipc.open_file(pa.memory_map(str(state / PIECES_FILE))).get_batch(0)
        return cls(**sizes, pieces=pieces)


def lay_out(pieces: pa.RecordBatch, sequence_length: int, shard_tokens: int) -> Layout:
    """Cut the sequence of all pieces into rows and shards.

    Args:
        pieces: in writing order, as in `Layout` but for `start`.
        sequence_length: tokens in a row.
        shard_tokens: the most tokens in a shard, at least one row.

    Raises:
        InputError: there are not enough tokens for one row.
    """
    length = pieces.column("length").to_numpy()
    ends = np.cumsum(length + 1)
    total = int(ends[-1]) if len(ends) else 0
    rows = total // sequence_length
    if rows == 0:
        raise InputError(
            f"write_tokens: {total} tokens are left, fewer than the {sequence_length} of one row (sequence_length). "
            "Look in the funnel for what drops them, give the pipeline more text, or lower sequence_length"
        )
    pieces = pieces.append_column("start", pa.array(ends - length - 1))
    return Layout(sequence_length, rows, shard_tokens // sequence_length, total - rows * sequence_length, pieces)


def source_totals(layout: Layout) -> list[dict[str, Any]]:
    """What is written of each source, by name, the dropped tail left out.

    Returns:
        `source`; `documents`, each counted once; `copies` of them; and `tokens`, end-of-text tokens included. Those
        of all sources sum to `layout.tokens`.
    """
    pieces = layout.pieces.slice(0, layout.pieces_within(0, layout.tokens).stop)
    start, length = pieces.column("start").to_numpy(), pieces.column("length").to_numpy()
    columns = {
        "source": pieces.column("source").cast(pa.string()),
        "documents": pieces.column("document"),
        "copies": pieces.column("ordinal"),
        "tokens": np.minimum(length + 1, layout.tokens - start),
    }
    aggregates = [("documents", "count_distinct"), ("copies", "count_distinct"), ("tokens", "sum")]
    totals = pa.table(columns).group_by("source").aggregate(aggregates)
    rows: list[dict[str, Any]] = totals.select([0, 1, 2, 3]).rename_columns(list(columns)).sort_by("source").to_pylist()
    return rows
