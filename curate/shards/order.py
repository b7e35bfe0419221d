"""The pieces of the corpus in the order in which they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.corpus import Corpus
from curate.documents import ID, Documents, find_ids, id_words, sort_ids
from curate.draws import uniform
from curate.errors import InputError, InternalError
from curate.shards.spill import by_position

TOKENS = "_tokenizer.tokens"
POSITIONS = "mix.positions"

#: One row for each piece of each copy of a document; `row` is that of the tokenizer's side table of `part`, `length`
#: is in tokens, without the end-of-text token.
PIECE_SCHEMA = pa.schema(
    [
        ("position", pa.float64()),
        ("document", ID),
        ("source", pa.string()),
        ("copy", pa.int32()),
        ("piece", pa.int32()),
        ("part", pa.int32()),
        ("row", pa.int64()),
        ("length", pa.int64()),
    ]
)


def ordered_pieces(corpus: Corpus, seed: int, scratch: Path) -> Iterator[pa.RecordBatch]:
    """Every piece of every copy of every document that is left, in writing order.

    Copies are sorted by the position that the mix gave them, then by copy, then by id; where there was no mix, each
    document is written once, at a random place.

    Args:
        corpus: with the tokenizer's column and table, and the mix's column if there was one.
        seed: of the random places.
        scratch: a folder for what does not fit into memory at once.

    Returns:
        Batches of `PIECE_SCHEMA`, none of them empty; all pieces of a copy are in one.

    Raises:
        InputError: no document is left, or some were never tokenized.
    """
    tables = (_pieces_of_part(corpus, part, seed) for part in range(corpus.parts))
    found = False
    for table in by_position(tables, scratch):
        found = True
        batch = table.combine_chunks().to_batches()[0]
        yield batch.take(pa.array(_order(batch)))
    if not found:
        raise InputError("write_tokens: no document is left to write. Look in the funnel for the stage that drops them")


def _order(pieces: pa.RecordBatch) -> NDArray[np.int64]:
    """By position, then copy, then document, then piece."""
    high, low = id_words(pieces["document"]).T
    return np.lexsort((pieces["piece"], low, high, pieces["copy"], pieces["position"]))


@dataclass(frozen=True)
class _Kept:
    """The documents of a part that are left.

    Attributes:
        ids: `uint64` of shape (n, 2), and as Arrow array; `source`: of each.
        tokens: how many the tokenizer counted; null where it did not see the document.
        counted: the column that says so.
        positions: of the copies of each; null where there was no mix.
    """

    ids: NDArray[np.uint64]
    id: pa.Array
    source: pa.Array
    tokens: pa.Array
    counted: str
    positions: pa.ListArray


def _pieces_of_part(corpus: Corpus, part: int, seed: int) -> pa.Table:
    kept = _kept(corpus, part)
    if not len(kept.ids):
        return PIECE_SCHEMA.empty_table()
    table = corpus.side_table("tokens", part)
    order = sort_ids(kept.ids)
    at = find_ids(kept.ids[order], id_words(_one(table["id"])))
    row = np.flatnonzero(at >= 0)  # documents that were dropped since are passed over
    document, length = order[at[row]], pc.list_value_length(table["tokens"]).to_numpy()[row].astype(np.int64)
    _check_counts(kept, document, length)
    copied, copy, position = _copies(kept, seed)
    by_document = np.argsort(document, kind="stable")
    counts = np.bincount(document, minlength=len(kept.ids))
    piece_of = by_document[_ranges((np.cumsum(counts) - counts)[copied], counts[copied])]
    times = counts[copied]
    columns = {
        "position": np.repeat(position, times),
        "document": kept.id.take(pa.array(np.repeat(copied, times))),
        "source": kept.source.take(pa.array(np.repeat(copied, times))),
        "copy": np.repeat(copy, times),
        "piece": table["piece"].to_numpy()[row][piece_of],
        "part": np.full(len(piece_of), part, np.int32),
        "row": row[piece_of],
        "length": length[piece_of],
    }
    return pa.table(columns, schema=PIECE_SCHEMA)


def _kept(corpus: Corpus, part: int) -> _Kept:
    batches = [docs for _, docs in corpus.batches(part, text=False)]
    counted = _tokens_column(batches[0])
    lists = [docs.scores.get(POSITIONS, pa.nulls(len(docs), pa.list_(pa.float64()))) for docs in batches]
    ids, source = (pa.concat_arrays([getattr(docs, name) for docs in batches]) for name in ("id", "source"))
    tokens = pa.concat_arrays([docs.scores[counted] for docs in batches])
    return _Kept(id_words(ids), ids, source, tokens, counted, pa.concat_arrays(lists))


def _tokens_column(docs: Documents) -> str:
    names = [name for name in docs.scores if name.endswith(TOKENS)]
    if not names:
        raise InputError("write_tokens: no tokens to write. Put train_tokenizer or load_tokenizer before it")
    return names[-1]


def _check_counts(kept: _Kept, document: NDArray[np.int64], length: NDArray[np.int64]) -> None:
    """Every document has just the tokens that its tokenizer stage counted."""
    expected = np.asarray(pc.fill_null(kept.tokens, 0))
    missing = np.flatnonzero(expected <= 0)
    if len(missing):
        source = str(kept.source[int(missing[0])])
        raise InputError(
            f"write_tokens: documents of source {source!r} have no tokens. Expected that "
            f"{kept.counted.partition('.')[0]} applies to every source (see its parameter sources)"
        )
    found = np.bincount(document, weights=length + 1, minlength=len(expected))
    if wrong := int(np.count_nonzero(found != expected)):
        raise InternalError(f"write_tokens: {wrong} documents do not have the tokens that {kept.counted} says")


def _copies(kept: _Kept, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """For each copy of a document: its document, its number among the copies, and its position."""
    once = np.flatnonzero(kept.positions.is_null())
    document = np.concatenate([pc.list_parent_indices(kept.positions).to_numpy(), once])
    lengths = np.asarray(pc.fill_null(pc.list_value_length(kept.positions), 0), np.int64)
    copy = np.concatenate([_ranges(np.zeros(len(lengths), np.int64), lengths), np.zeros(len(once), np.int64)])
    places = [kept.positions.flatten().to_numpy(), uniform(seed, "write_tokens", kept.ids[once])]
    return document, copy.astype(np.int32), np.concatenate(places)


def _ranges(begins: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """`begins[0]` and the numbers after it, `lengths[0]` in all, then those from `begins[1]` on, and so forth."""
    ends = np.cumsum(lengths)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) + np.repeat(begins - (ends - lengths), lengths))


def _one(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
