"""What decontamination tells: which document holds which item, and which items are clean."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.decontaminate.index import BenchmarkIndex
from curate.decontaminate.matches import Matches, Spans
from curate.documents import Documents, hex_ids
from curate.kernels.distinct import distinct

DIRTY, CLEAN, TOO_SHORT = "dirty", "clean", "too_short"

CONTAMINATION = pa.schema(
    [
        ("document", pa.string()),
        ("source", pa.string()),
        ("benchmark", pa.string()),
        ("item", pa.string()),
        ("ngram", pa.string()),
        ("ngrams", pa.int32()),
        ("start", pa.int32()),
        ("stop", pa.int32()),
    ]
)


def contamination_table(docs: Documents, matches: Matches, spans: Spans, index: BenchmarkIndex) -> pa.Table:
    """One row for each span and item that has an n-gram in it, by document, span, benchmark and item.

    `ngram` is the item's first n-gram in the span and `ngrams` how many it has there; `start` and `stop` are the
    bytes of the whole span.
    """
    match, item = index.owners(matches.found.ngrams)
    pairs, first, counts = np.unique(spans.span[match] << 32 | item, return_index=True, return_counts=True)
    span, item = pairs >> 32, pairs & 0xFFFFFFFF
    text = matches.text_of(spans.starts)[span]
    row = pa.array(matches.rows[text])
    items = index.items.take(pa.array(item))
    columns = [
        hex_ids(docs.id.take(row)),
        docs.source.take(row).cast(pa.string()),
        items["benchmark"].cast(pa.string()),
        items["item"],
        _ngram_texts(docs, matches, match[first]),
        counts.astype(np.int32),
        (spans.starts[span] - matches.offsets[text]).astype(np.int32),
        (spans.stops[span] - matches.offsets[text]).astype(np.int32),
    ]
    return pa.table(columns, schema=CONTAMINATION)


def _ngram_texts(docs: Documents, matches: Matches, chosen: NDArray[np.int64]) -> pa.Array:
    """The lower-cased words of some matches, each joined by single spaces."""
    words, found = docs.words, matches.found
    bases = matches.offsets[np.searchsorted(matches.rows, found.texts[chosen])]
    texts = []
    for base, begin, length in zip(bases, found.words[chosen], found.lengths[chosen], strict=True):
        bounds = zip(words.starts[begin : begin + length], words.stops[begin : begin + length], strict=True)
        texts.append(" ".join(matches.data[base + a : base + b].tobytes().decode().lower() for a, b in bounds))
    return pa.array(texts, pa.string())


def item_report(index: BenchmarkIndex, documents: NDArray[np.int64], ignored: NDArray[np.bool_]) -> pa.Table:
    """One row for each benchmark item.

    Args:
        documents: `int64` of shape (n-grams,): in how many documents each n-gram is.
        ignored: `bool` of shape (n-grams,): whether that is too many.

    Returns:
        `benchmark`, `item`; `status`: `dirty` if an n-gram of the item that is not ignored is in a document, else
        `clean`, or `too_short` to be checked; `documents`: the most that one n-gram of it is in; `ngrams_found`;
        `ignored_ngrams`, which are among those found.
    """
    numbers, items = index.owners(np.arange(len(index), dtype=np.int32))
    rows = index.items.num_rows
    most = np.zeros(rows, np.int64)
    np.maximum.at(most, items, documents[numbers])
    found = np.bincount(items[documents[numbers] > 0], minlength=rows)
    passed_over = np.bincount(items[ignored[numbers]], minlength=rows)
    checkable = index.items["checkable"].to_numpy()
    status = np.select([~checkable, found > passed_over], [TOO_SHORT, DIRTY], CLEAN)
    return pa.table(
        {
            "benchmark": index.items["benchmark"].cast(pa.string()),
            "item": index.items["item"],
            "status": pa.array(status, pa.string()),
            "documents": most,
            "ngrams_found": found,
            "ignored_ngrams": passed_over,
        }
    )


def benchmark_report(index: BenchmarkIndex, items: pa.Table, ignored: NDArray[np.bool_]) -> pa.Table:
    """One row for each benchmark: its items by status, and its distinct n-grams, of which some are ignored."""
    names = index.items["benchmark"].combine_chunks().dictionary
    codes = pc.index_in(items["benchmark"], value_set=names).to_numpy()
    status = items["status"].to_numpy(zero_copy_only=False)
    counts = {name: np.bincount(codes[status == name], minlength=len(names)) for name in (DIRTY, CLEAN, TOO_SHORT)}
    numbers, owners = index.owners(np.arange(len(index), dtype=np.int32))
    pairs = distinct(codes[owners].astype(np.int64) << 32 | numbers)
    passed_over = pairs[ignored[pairs & 0xFFFFFFFF]]
    return pa.table(
        {
            "benchmark": names.cast(pa.string()),
            "items": np.bincount(codes, minlength=len(names)),
            "checkable": counts[DIRTY] + counts[CLEAN],
            **counts,
            "ngrams": np.bincount(pairs >> 32, minlength=len(names)),
            "ignored_ngrams": np.bincount(passed_over >> 32, minlength=len(names)),
        }
    )
