"""What goes where: every piece of every copy of every document, in the order in which it is written.

The tokens of all pieces, each followed by one end-of-text token, form one long sequence. It is cut into rows of
`sequence_length` tokens and the rows into shards; what is left at the end and fills no row is dropped.

A layout is a file of pieces, in batches, and knows where each batch begins: a shard reads the batches it needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.documents import id_words
from curate.errors import InputError
from curate.shards.order import PIECE_SCHEMA

PIECES_FILE = "pieces.arrow"
LAYOUT_FILE = "layout.json"

#: What the layout says of each piece: `start` is its first token in the whole sequence, `ordinal` the number of its
#: document's copy in writing order.
LAYOUT_SCHEMA = pa.schema([("start", pa.int64()), ("ordinal", pa.int64()), *list(PIECE_SCHEMA)[1:]])


@dataclass(frozen=True)
class Layout:
    """The sizes of everything, and the pieces in order.

    Attributes:
        folder: where the file of pieces is.
        sequence_length: tokens in a row.
        rows: in all shards.
        rows_per_shard: of every shard but the last, which may have fewer.
        tail_tokens: tokens at the end that fill no row and are not written.
        copies: of documents, whole or in part, those in the tail included.
        batches: the first token of each batch of pieces in the whole sequence.
    """

    folder: Path
    sequence_length: int
    rows: int
    rows_per_shard: int
    tail_tokens: int
    copies: int
    batches: list[int]

    @property
    def shards(self) -> int:
        """How many there are."""
        return -(-self.rows // self.rows_per_shard)

    @property
    def tokens(self) -> int:
        """Tokens in all shards."""
        return self.rows * self.sequence_length

    def span(self, shard: int) -> tuple[int, int]:
        """The first token of a shard in the whole sequence, and the one after its last."""
        first = shard * self.rows_per_shard
        last = min(first + self.rows_per_shard, self.rows)
        return first * self.sequence_length, last * self.sequence_length

    def pieces_within(self, begin: int, end: int) -> Iterator[pa.RecordBatch]:
        """The pieces that have a token, or their end-of-text token, in a span of the whole sequence.

        Returns:
            Batches of `LAYOUT_SCHEMA`, in order, none of them empty; few are in memory at once.
        """
        first = max(int(np.searchsorted(self.batches, begin, "right")) - 1, 0)
        last = int(np.searchsorted(self.batches, end))
        with pa.OSFile(str(self.folder / PIECES_FILE)) as file:  # not mapped: pages count while the file is open
            reader = pa.ipc.open_file(file)
            for number in range(first, last):
                batch = reader.get_batch(number)
                starts = batch["start"].to_numpy()
                start = max(int(np.searchsorted(starts, begin, "right")) - 1, 0)
                yield batch.slice(start, int(np.searchsorted(starts, end)) - start)

    def copies_before(self, token: int) -> int:
        """Copies of documents whose first token is before a place in the whole sequence."""
        if token >= self.tokens + self.tail_tokens:
            return self.copies
        *_, batch = self.pieces_within(max(token - 1, 0), max(token, 1))
        return int(batch["ordinal"][-1].as_py()) + 1 if token else 0

    @classmethod
    def load(cls, folder: Path) -> Layout:
        """Read what `lay_out` wrote."""
        return cls(folder, **json.loads((folder / LAYOUT_FILE).read_text("utf-8")))


def lay_out(pieces: Iterable[pa.RecordBatch], sequence_length: int, shard_tokens: int, folder: Path) -> Layout:
    """Cut the sequence of all pieces into rows and shards, and write the layout into a folder.

    Args:
        pieces: in writing order, as of `ordered_pieces`.
        sequence_length: tokens in a row.
        shard_tokens: the most tokens in a shard, at least one row.

    Raises:
        InputError: there are not enough tokens for one row.
    """
    total = copies = 0
    batches: list[int] = []
    with pa.ipc.new_file(str(folder / PIECES_FILE), LAYOUT_SCHEMA) as writer:
        for batch in pieces:
            batches.append(total)
            ends = total + np.cumsum(batch["length"].to_numpy() + 1)
            ordinals = copies + np.cumsum(_begins_copy(batch)) - 1
            starts = ends - batch["length"].to_numpy() - 1
            writer.write_batch(pa.record_batch([starts, ordinals, *batch.columns[1:]], schema=LAYOUT_SCHEMA))
            total, copies = int(ends[-1]), int(ordinals[-1]) + 1
    rows = total // sequence_length
    if rows == 0:
        raise InputError(
            f"write_tokens: {total} tokens are left, fewer than the {sequence_length} of one row (sequence_length). "
            "Look in the funnel for what drops them, give the pipeline more text, or lower sequence_length"
        )
    tail = total - rows * sequence_length
    layout = Layout(folder, sequence_length, rows, shard_tokens // sequence_length, tail, copies, batches)
    sizes = {name: value for name, value in asdict(layout).items() if name != "folder"}
    (folder / LAYOUT_FILE).write_text(json.dumps(sizes) + "\n", "utf-8")
    return layout


def _begins_copy(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Whether each piece is the first of its copy; all pieces of a copy follow one another."""
    ids, copy = id_words(batch["document"]), batch["copy"].to_numpy()
    first = np.ones(len(copy), bool)
    first[1:] = (ids[1:] != ids[:-1]).any(axis=1) | (copy[1:] != copy[:-1])
    return first


def source_totals(layout: Layout) -> list[dict[str, Any]]:
    """What is written of each source, by name, the dropped tail left out.

    Returns:
        `source`; `documents`, each counted once; `copies` of them; and `tokens`, end-of-text tokens included. Those
        of all sources sum to `layout.tokens`.
    """
    totals: dict[str, dict[str, Any]] = {}
    ordinal = -1
    for batch in layout.pieces_within(0, layout.tokens):
        ordinals, copy = batch["ordinal"].to_numpy(), batch["copy"].to_numpy()
        begins = np.diff(ordinals, prepend=ordinal) > 0
        ordinal = int(ordinals[-1])
        tokens = np.minimum(batch["length"].to_numpy() + 1, layout.tokens - batch["start"].to_numpy())
        # The first copy of a document comes before its others, so documents are counted once where it begins.
        columns = {"documents": begins & (copy == 0), "copies": begins, "tokens": tokens}
        table = pa.table(
            {"source": batch["source"]} | {name: values.astype(np.int64) for name, values in columns.items()}
        )
        for row in table.group_by("source").aggregate([(name, "sum") for name in columns]).to_pylist():
            total = totals.setdefault(row["source"], {"source": row["source"]} | dict.fromkeys(columns, 0))
            for name in columns:
                total[name] += row[f"{name}_sum"]
    return [totals[source] for source in sorted(totals)]
