"""Documents: the Arrow schemas, and the batch that every stage reads.

Documents are written once. A stage never rewrites text; it may mark byte spans to cut, and later stages see
the text with those cuts made. Where a cut splits a document in two, the text they see holds `SPLIT`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curate.kernels.lines import Units
    from curate.kernels.text_counts import TextCounts
    from curate.kernels.words import Words

#: Marks, inside a text, where one document ends and the next begins. Ingestion lets no NUL in, so it is free.
SPLIT = "\0"

ID = pa.binary(16)
#: The two hexadecimal digits of each byte.
_DIGITS = np.frombuffer(bytes(range(256)).hex().encode(), np.uint16)
ORIGIN = pa.struct([("file", pa.string()), ("offset", pa.int64()), ("length", pa.int64())])

DOCUMENT_SCHEMA = pa.schema(
    [
        pa.field("id", ID, nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("date", pa.string()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("origin", ORIGIN, nullable=False),
        pa.field("meta", pa.string()),
    ]
)

QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
        pa.field("first_bytes", pa.binary()),
    ]
)

#: Spans that a stage removes: bytes of the text as that stage saw it, ascending and disjoint.
CUTS = pa.list_(
    pa.struct([("start", pa.int32()), ("stop", pa.int32()), ("replacement", pa.string()), ("split", pa.bool_())])
)


def document_id(source: str, file: str, offset: int) -> bytes:
    """The 16-byte id of the record at `offset` (bytes or row) of `file`, a path relative to its source.

    >>> document_id("books1", "emma.txt", 0).hex()
    '8f3210a78927bcb1206d00bdcfd1f8c5'
    """
    return hashlib.blake2b(f"{source}\0{file}\0{offset}".encode(), digest_size=16).digest()


class Documents:
    """A batch of documents: an Arrow record batch, its words on demand, and what earlier stages said of it.

    Args:
        batch: at least the columns `id`, `source` and `text` of `DOCUMENT_SCHEMA`.
        scores: columns of earlier stages, by `stage.column`, aligned with the batch.

    >>> docs = Documents.from_texts(["Two words", "Three more words"])
    >>> len(docs), docs.words.counts.tolist()
    (2, [2, 3])
    """

    def __init__(self, batch: pa.RecordBatch, scores: Mapping[str, pa.Array] | None = None):
        self.batch = batch
        self.scores = dict(scores or {})

    @classmethod
    def from_texts(cls, texts: Sequence[str] | pa.Array, source: str = "text") -> Documents:
        """Documents of plain strings; an id is the hash of the text, so a draw depends on nothing else."""
        array = texts if isinstance(texts, pa.Array) else pa.array(list(texts), pa.string())
        array = pc.fill_null(array.cast(pa.string()), "")
        ids = [hashlib.blake2b(text.as_buffer(), digest_size=16).digest() for text in array]
        columns = {
            "id": pa.array(ids, ID),
            "source": pa.repeat(pa.scalar(source), len(array)),
            "text": array,
        }
        return cls(pa.RecordBatch.from_pydict(columns))

    @classmethod
    def from_batch(cls, batch: pa.RecordBatch) -> Documents:
        """Documents of any record batch with a `text` column; `id` and `source` are made where absent."""
        if "text" not in batch.schema.names:
            raise KeyError(f"no 'text' column among {batch.schema.names}; rename the column that holds the text")
        made = cls.from_texts(batch.column("text")).batch
        columns = {name: batch.column(name) for name in batch.schema.names} | {"text": made.column("text")}
        return cls(pa.RecordBatch.from_pydict({"id": made["id"], "source": made["source"]} | columns))

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    @property
    def id(self) -> pa.FixedSizeBinaryArray:
        """Document ids, 16 bytes each."""
        return self.batch.column("id")

    @property
    def source(self) -> pa.StringArray:
        """The name of the source that each document came from."""
        return self.batch.column("source")

    @property
    def text(self) -> pa.StringArray:
        """The texts, earlier cuts made."""
        return self.batch.column("text")

    @cached_property
    def id_words(self) -> NDArray[np.uint64]:
        """Ids as `uint64` of shape (n, 2): what `curate.draws` takes."""
        return id_words(self.id)

    @cached_property
    def buffers(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The bytes of the texts and their offsets, checked: what kernels take (see `text_buffers`)."""
        from curate.kernels.buffers import text_buffers

        return text_buffers(self.text)

    @cached_property
    def words(self) -> Words:
        """The words of the texts with their hashes; computed once per batch, on first use."""
        from curate.kernels.words import find_words

        return find_words(*self.buffers)

    @cached_property
    def text_counts(self) -> TextCounts:
        """Counts of characters and lines in each text; computed once per batch, on first use."""
        from curate.kernels.text_counts import count_text

        return count_text(*self.buffers)

    @cached_property
    def text_chars(self) -> NDArray[np.int64]:
        """The length of each text in characters."""
        from curate.kernels.text_counts import text_chars

        return text_chars(*self.buffers)

    @cached_property
    def lines(self) -> Units:
        """The lines of the texts, with a hash of each; computed once per batch, on first use."""
        from curate.kernels.lines import split_lines

        return split_lines(*self.buffers)

    @cached_property
    def text_bytes(self) -> NDArray[np.int64]:
        """The length of each text in bytes."""
        lengths = pc.binary_length(self.text).to_numpy(zero_copy_only=False)
        return np.asarray(lengths, dtype=np.int64)

    def filter(self, mask: NDArray[np.bool_]) -> Documents:
        """The documents where `mask` is true, in the same order."""
        if mask.all():
            return self
        keep = pa.array(mask)
        scores = {name: column.filter(keep) for name, column in self.scores.items()}
        return Documents(self.batch.filter(keep), scores)

    def of_sources(self, sources: Collection[str] | None) -> Documents:
        """The documents of some sources; None means all."""
        return self if sources is None else self.filter(self.in_sources(sources))

    def in_sources(self, sources: Collection[str]) -> NDArray[np.bool_]:
        """Which documents are of these sources: `bool` of shape (n,)."""
        member = pc.is_in(self.source, value_set=pa.array(list(sources), pa.string()))
        return np.asarray(member.to_numpy(zero_copy_only=False), dtype=bool)

    def with_cuts(self, cuts: pa.ListArray) -> Documents:
        """The documents with the spans of a `CUTS` array removed from their texts."""
        if cuts.null_count == len(cuts):
            return self
        index = self.batch.schema.get_field_index("text")
        batch = self.batch.set_column(index, self.batch.schema.field(index), apply_cuts(self.text, cuts))
        return Documents(batch, self.scores)


def id_words(ids: pa.FixedSizeBinaryArray) -> NDArray[np.uint64]:
    """View an array of 16-byte ids as `uint64` of shape (n, 2), without copying."""
    values = np.frombuffer(ids.buffers()[1], dtype="<u8") if len(ids) else np.empty(0, "<u8")
    return values[2 * ids.offset : 2 * (ids.offset + len(ids))].reshape(-1, 2)


def hex_ids(ids: pa.FixedSizeBinaryArray) -> pa.StringArray:
    """Ids as reports name them: 32 hexadecimal digits each.

    >>> hex_ids(pa.array([bytes(range(16))], ID)).to_pylist()
    ['000102030405060708090a0b0c0d0e0f']
    """
    digits = _DIGITS[np.ascontiguousarray(id_words(ids)).view(np.uint8)]
    offsets = pa.array(np.arange(len(ids) + 1, dtype=np.int32) * 32)
    return pa.StringArray.from_buffers(len(ids), offsets.buffers()[1], pa.py_buffer(digits))


def cut_array(
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    documents: int,
    split: NDArray[np.bool_],
    replacement: pa.StringArray | None = None,
) -> pa.ListArray:
    """Cuts as a `CUTS` array; null for documents that have none.

    Args:
        rows: `int64` of shape (cuts,), ascending: the document of each cut.
        starts, stops: of shape (cuts,), bytes of its text.
        documents: how many there are.
        split: `bool` of shape (cuts,): whether the cut splits the document.
        replacement: what is left instead, null for nothing; None: nothing of any.

    >>> one = np.array([1])
    >>> cut_array(one, np.array([3]), np.array([7]), 2, np.array([True])).to_pylist()
    [None, [{'start': 3, 'stop': 7, 'replacement': None, 'split': True}]]
    """
    columns = [
        pa.array(starts, pa.int32()),
        pa.array(stops, pa.int32()),
        pa.nulls(len(rows), pa.string()) if replacement is None else replacement,
        pa.array(split),
    ]
    counts = np.bincount(rows, minlength=documents)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    spans = pa.StructArray.from_arrays(columns, fields=list(CUTS.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets), spans, type=CUTS, mask=pa.array(counts == 0))


def apply_cuts(texts: pa.StringArray, cuts: pa.ListArray) -> pa.StringArray:
    """Remove byte spans from texts, leaving `replacement`, or `SPLIT` where the cut splits the document.

    A split at the very start or end of a text leaves no mark: nothing stands on one of its sides.

    Raises:
        ValueError: a span is out of its text, before the end of the one before it, or inside a character.

    >>> spans = [[{"start": 3, "stop": 7, "replacement": None, "split": True}], None]
    >>> apply_cuts(pa.array(["one two three", "four"]), pa.array(spans, CUTS)).to_pylist()
    ['one\\x00 three', 'four']
    """
    from curate.kernels.buffers import text_buffers
    from curate.kernels.cuts import cut_texts

    counts = pc.fill_null(pc.list_value_length(cuts), 0).to_numpy(zero_copy_only=False)
    if not counts.any():
        return texts
    data, offsets = text_buffers(texts)
    starts, stops, replacement, split = cuts.flatten().flatten()
    starts, stops = (np.asarray(column, np.int64) for column in (starts, stops))
    inside = (starts > 0) & (stops < np.repeat(np.diff(offsets), counts))
    inserted = pc.if_else(pc.and_(split, pa.array(inside)), SPLIT, pc.fill_null(replacement, ""))
    edges = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    data, offsets = cut_texts((data, offsets), edges, starts, stops, text_buffers(inserted))
    narrow = pa.array(offsets, pa.int32()).buffers()[1]
    return pa.StringArray.from_buffers(len(texts), narrow, pa.py_buffer(data))


def find_ids(known: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each wanted id stands among the known ones, or -1.

    Args:
        known: `uint64` of shape (m, 2), sorted by first then second word (see `sort_ids`), without repeats.
        wanted: `uint64` of shape (n, 2).

    Returns:
        `int64` of shape (n,).
    """
    at = np.searchsorted(known[:, 0], wanted[:, 0])
    found = np.full(len(wanted), -1, np.int64)
    pending = np.arange(len(wanted))
    while len(pending):  # more than once only where two ids share their first 64 bits
        pending = pending[at[pending] < len(known)]
        pending = pending[known[at[pending], 0] == wanted[pending, 0]]
        equal = known[at[pending], 1] == wanted[pending, 1]
        found[pending[equal]] = at[pending[equal]]
        pending = pending[~equal]
        at[pending] += 1
    return found


def sort_ids(ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The order that sorts ids for `find_ids`: `int64` of shape (n,)."""
    return np.lexsort((ids[:, 1], ids[:, 0]))
