"""The pieces of the corpus in the order in which they are written."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.corpus import Corpus
from curate.documents import find_ids, id_words, sort_ids
from curate.draws import uniform
from curate.errors import InputError, InternalError

TOKENS = "_tokenizer.tokens"
POSITIONS = "mix.positions"


def ordered_pieces(corpus: Corpus, seed: int) -> pa.RecordBatch:
    """Every piece of every copy of every document that is left, in writing order.

    Copies are sorted by the position that the mix gave them; where there was no mix, each document is written once,
    at a random place.

    Args:
        corpus: with the tokenizer's column and table, and the mix's column if there was one.
        seed: of the random places.

    Returns:
        The columns of `Layout.pieces` but for `start`.

    Raises:
        InputError: no document is left, or some were never tokenized.
    """
    tokens, positions = _column_names(corpus)
    index = corpus.index([name for name in (tokens, positions) if name]).combine_chunks()
    ids = id_words(_one(index["id"]))
    pieces = _pieces(corpus, index, ids, tokens)
    document, copy = _ordered_copies(index, ids, positions, seed)
    counts = np.bincount(pieces.document, minlength=len(ids))
    first = np.cumsum(counts) - counts
    ordinal = np.repeat(np.arange(len(document)), counts[document])
    within = np.arange(len(ordinal)) - np.repeat(np.cumsum(counts[document]) - counts[document], counts[document])
    at, document, copy = first[document[ordinal]] + within, document[ordinal], copy[ordinal]
    columns = {
        "length": pieces.length[at],
        "part": pieces.part[at],
        "row": pieces.row[at],
        "ordinal": ordinal,
        "document": _one(index["id"]).take(pa.array(document)),
        "source": _one(index["source"]).dictionary_encode().take(pa.array(document)),
        "piece": pieces.piece[at],
        "copy": copy,
    }
    return pa.RecordBatch.from_pydict(columns)


@dataclass(frozen=True)
class _Pieces:
    """Pieces of the documents that are left, by document: where their tokens are, and how many."""

    document: NDArray[np.int64]
    part: NDArray[np.int32]
    row: NDArray[np.int64]
    piece: NDArray[np.int32]
    length: NDArray[np.int64]


def _column_names(corpus: Corpus) -> tuple[str, str | None]:
    """The tokenizer's column of counts and, if there was a mix, its column of positions."""
    for part in range(corpus.parts):
        for _, docs in corpus.batches(part, text=False):
            tokens = [name for name in docs.scores if name.endswith(TOKENS)]
            if not tokens:
                raise InputError("write_tokens: no tokens to write. Put train_tokenizer or load_tokenizer before it")
            if len(docs):
                return tokens[-1], POSITIONS if POSITIONS in docs.scores else None
    raise InputError("write_tokens: no document is left to write. Look in the funnel for the stage that drops them")


def _pieces(corpus: Corpus, index: pa.Table, ids: NDArray[np.uint64], tokens: str) -> _Pieces:
    edges = np.searchsorted(index["part"].to_numpy(), np.arange(corpus.parts + 1))
    found = [
        _pieces_of_part(corpus.side_table("tokens", part), part, ids[begin:end], begin)
        for part, (begin, end) in enumerate(pairwise(edges))
        if end > begin
    ]
    document, *columns = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.argsort(document, kind="stable")
    pieces = _Pieces(document[order], *(column[order] for column in columns))
    _check_counts(index, pieces, tokens)
    return pieces


def _pieces_of_part(
    table: pa.Table, part: int, ids: NDArray[np.uint64], first_document: int
) -> tuple[NDArray[np.generic], ...]:
    """Rows of a side table that belong to documents that are left; rows of those dropped since are passed over."""
    order = sort_ids(ids)
    at = find_ids(ids[order], id_words(_one(table["id"])))
    row = np.flatnonzero(at >= 0)
    lengths = pc.list_value_length(table["tokens"]).to_numpy().astype(np.int64)
    part_column = np.full(len(row), part, np.int32)
    return order[at[row]] + first_document, part_column, row, table["piece"].to_numpy()[row], lengths[row]


def _check_counts(index: pa.Table, pieces: _Pieces, tokens: str) -> None:
    """Every document has just the tokens that its tokenizer stage counted."""
    expected = index[tokens].to_numpy()
    missing = np.flatnonzero(~(expected > 0))
    if len(missing):
        source = index["source"][int(missing[0])]
        raise InputError(
            f"write_tokens: {len(missing)} documents have no tokens, the first of source {str(source)!r}. "
            f"Expected that {tokens.partition('.')[0]} applies to every source (see its parameter sources)"
        )
    counted = np.bincount(pieces.document, weights=pieces.length + 1, minlength=len(expected))
    if wrong := int(np.count_nonzero(counted != expected)):
        raise InternalError(f"write_tokens: {wrong} documents do not have the tokens that {tokens} says")


def _ordered_copies(
    index: pa.Table, ids: NDArray[np.uint64], positions: str | None, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The document of each copy and which copy of it it is, by position, then copy, then id."""
    if positions is None:
        lists = pa.nulls(len(ids), pa.list_(pa.float64()))
    else:
        lists = _one(index[positions])
    once = np.flatnonzero(lists.is_null())
    document = np.concatenate([pc.list_parent_indices(lists).to_numpy(), once])
    position = np.concatenate([lists.flatten().to_numpy(), uniform(seed, "write_tokens", ids[once])])
    copy = _number_within(document)
    order = np.lexsort((ids[document, 1], ids[document, 0], copy, position))
    return document[order], copy[order].astype(np.int32)


def _number_within(document: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each element, how many equal ones come before it."""
    order = np.argsort(document, kind="stable")
    counts = np.bincount(document)
    number = np.empty(len(document), np.int64)
    number[order] = np.arange(len(document)) - (np.cumsum(counts) - counts)[document[order]]
    return number


def _one(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
