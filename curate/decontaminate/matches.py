"""Benchmark n-grams found in a batch of documents, merged into spans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.documents import Documents
from curate.kernels.buffers import text_buffers
from curate.kernels.ngram_set import Found, NgramSet

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Matches:
    """The matches of a batch, and the texts of the documents that have any.

    An earlier stage may have split a text: what lies between two of its marks is a section, a document of its own.
    No match runs from one section into another.

    Attributes:
        found: the n-grams; `texts` are rows of the batch.
        rows: `int64` of shape (texts,): the batch's rows that n-grams were found in, ascending.
        data: `uint8`, the bytes of those texts, back to back; all positions below are in it.
        offsets: `int64` of shape (texts + 1,): where each text begins.
        splits: `int64`, where the marks of earlier splits are.
        starts, stops: `int64` of shape (found,), the bytes of each match.
    """

    found: Found
    rows: Ints
    data: NDArray[np.uint8]
    offsets: Ints
    splits: Ints
    starts: Ints
    stops: Ints

    def text_of(self, positions: Ints) -> Ints:
        """The text, an index into `rows`, that each position is in."""
        return np.searchsorted(self.offsets, positions, side="right") - 1

    def section_of(self, positions: Ints) -> Ints:
        """The section that each position is in, numbered across all texts."""
        return self.text_of(positions) + np.searchsorted(self.splits, positions)

    def sections(self) -> tuple[Ints, Ints]:
        """Where each section starts and stops."""
        starts = np.sort(np.concatenate([self.offsets[:-1], self.splits + 1]), kind="stable")
        stops = np.sort(np.concatenate([self.offsets[1:], self.splits]), kind="stable")
        return starts, stops


@dataclass(frozen=True)
class Spans:
    """Matches of one section that overlap or adjoin, merged.

    Attributes:
        starts, stops: `int64` of shape (spans,), bytes of `Matches.data`, ascending.
        span: `int64` of shape (found,): the span that each match went into.
    """

    starts: Ints
    stops: Ints
    span: Ints


def find_matches(docs: Documents, ngrams: NgramSet, ignored: NDArray[np.bool_] | None = None) -> Matches:
    """Find n-grams in every document, but those that `ignored`, of shape (n-grams,), marks."""
    words = docs.words
    found = ngrams.find(words.hashes, words.offsets)
    if ignored is not None:
        found = found.take(~ignored[found.ngrams])
    rows, text = np.unique(found.texts, return_inverse=True)
    data, offsets = text_buffers(docs.text.take(pa.array(rows)))
    starts = offsets[text] + words.starts[found.words]
    stops = offsets[text] + words.stops[found.words + found.lengths - 1]
    splits = np.flatnonzero(data == 0)
    within = np.searchsorted(splits, starts) == np.searchsorted(splits, stops)
    return Matches(found.take(within), rows, data, offsets, splits, starts[within], stops[within])


def merge_spans(matches: Matches) -> Spans:
    """Merge matches that share a word, or between which there is no word."""
    begins = matches.found.words
    span, first = merge_ranges(begins, begins + matches.found.lengths, matches.section_of(matches.starts))
    return Spans(matches.starts[first], last_stops(matches.stops, first), span)


def merge_ranges(starts: Ints, stops: Ints, groups: Ints) -> tuple[Ints, Ints]:
    """Merge ranges of one group that overlap or touch.

    Args:
        starts, stops, groups: `int64` of shape (ranges,); groups ascend, and starts within a group.

    Returns:
        For each range the number of the merged one it is in, and for each merged range the first that is in it.

    >>> merge_ranges(np.array([0, 3, 9, 9]), np.array([5, 7, 12, 13]), np.array([0, 0, 0, 1]))
    (array([0, 0, 1, 2]), array([0, 2, 3]))
    """
    opens = np.ones(len(starts), bool)
    opens[1:] = groups[1:] != groups[:-1]
    # The furthest stop so far may be of an earlier group only if groups overlap, and they lie one after the other.
    opens[1:] |= starts[1:] > np.maximum.accumulate(stops)[:-1]
    return np.cumsum(opens) - 1, np.flatnonzero(opens)


def last_stops(stops: Ints, first: Ints) -> Ints:
    """The furthest stop of each merged range, whose first ranges are `first`."""
    return np.maximum.reduceat(stops, first) if len(first) else stops[:0]
