"""The n-grams of all benchmark items, and to which items each belongs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.decontaminate.benchmarks import Benchmarks
from curate.errors import StateError
from curate.kernels.distinct import distinct
from curate.kernels.ngram_set import NgramSet
from curate.kernels.ngrams import ngram_hashes
from curate.kernels.words import scan_words
from curate.tables import write_parquet

_ARRAYS = ("posting_offsets", "posting_items")
_ITEMS = "items.parquet"


@dataclass(frozen=True)
class BenchmarkIndex:
    """Benchmark n-grams, numbered by ascending hash, with postings to items.

    Attributes:
        ngrams: finds the n-grams in documents.
        posting_offsets: `int64` of shape (n-grams + 1,): n-gram g belongs to the items
            `posting_items[posting_offsets[g]:posting_offsets[g + 1]]`.
        posting_items: `int32`, ascending for each n-gram: rows of `items`.
        items: one row for each item: `benchmark` (dictionary), `item` (its id) and `checkable`.
    """

    ngrams: NgramSet
    posting_offsets: NDArray[np.int64]
    posting_items: NDArray[np.int32]
    items: pa.Table

    @classmethod
    def build(cls, benchmarks: Benchmarks, ngram: int, min_item_words: int) -> BenchmarkIndex:
        """Index the n-grams of every text; a text of `min_item_words` to `ngram - 1` words is one n-gram, whole."""
        words = scan_words(pa.array(benchmarks.texts, pa.string()))
        hashes, offsets = ngram_hashes(words.hashes, words.offsets, ngram, whole_if_short=True)
        checkable = words.counts >= min_item_words
        per_text = np.diff(offsets)
        hashes = hashes[np.repeat(checkable, per_text)]
        owners = np.array(benchmarks.owners, np.int64)
        known = distinct(hashes)
        numbers = np.searchsorted(known, hashes)
        postings = distinct(numbers << 32 | np.repeat(owners[checkable], per_text[checkable]))
        lengths = np.unique(np.minimum(words.counts[checkable], ngram))
        prefixes, _ = ngram_hashes(words.hashes, words.offsets, int(lengths[0]) if len(lengths) else ngram)
        return cls(
            NgramSet.build(known, prefixes, lengths),
            np.searchsorted(postings >> 32, np.arange(len(known) + 1)),
            (postings & 0xFFFFFFFF).astype(np.int32),
            _item_table(benchmarks, np.isin(np.arange(len(benchmarks.ids)), owners[checkable])),
        )

    def __len__(self) -> int:
        return len(self.posting_offsets) - 1

    def save(self, state: Path) -> None:
        """Write the index into a folder."""
        self.ngrams.save(state)
        for name in _ARRAYS:
            np.save(state / f"{name}.npy", getattr(self, name))
        write_parquet(state / _ITEMS, self.items)

    @classmethod
    def load(cls, state: Path) -> BenchmarkIndex:
        """Memory-map the index that `save` wrote.

        Raises:
            StateError: a file is missing or damaged.
        """
        ngrams = NgramSet.load(state)
        try:
            offsets, items = (np.load(state / f"{name}.npy", mmap_mode="r") for name in _ARRAYS)
            return cls(ngrams, offsets, items, pq.read_table(state / _ITEMS))
        except (OSError, ValueError, EOFError, pa.ArrowException) as error:
            raise StateError(f"{state}: not the benchmark index that was saved ({error}); run again") from error

    def owners(self, numbers: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The items that n-grams belong to.

        Returns:
            Two arrays of one length: positions in `numbers`, ascending, and for each an item.
        """
        begins = self.posting_offsets[numbers]
        counts = self.posting_offsets[numbers + np.int64(1)] - begins
        positions = np.repeat(np.arange(len(numbers)), counts)
        within = np.arange(len(positions)) - np.repeat(np.cumsum(counts) - counts, counts)
        return positions, self.posting_items[begins[positions] + within]


def _item_table(benchmarks: Benchmarks, checkable: NDArray[np.bool_]) -> pa.Table:
    benchmark = pa.DictionaryArray.from_arrays(pa.array(benchmarks.benchmark, pa.int32()), benchmarks.names)
    return pa.table({"benchmark": benchmark, "item": pa.array(benchmarks.ids), "checkable": pa.array(checkable)})
