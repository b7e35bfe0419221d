"""From contaminated spans to cuts: the rules of Brown et al. 2020, appendix C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.decontaminate.matches import Ints, Matches, Spans, last_stops, merge_ranges
from curate.documents import cut_array


@dataclass(frozen=True)
class Cuts:
    """Cuts of the texts of `Matches`, ascending and disjoint.

    Attributes:
        counts: `int64` of shape (texts,): cuts of each text, before they grow over pieces that are too short.
        starts, stops: `int64` of shape (cuts,), bytes of `Matches.data`, after they did.
        text: `int64` of shape (cuts,): the text of each cut.
        nothing_left: `bool` of shape (texts,): the cuts take all of the text.
    """

    counts: Ints
    starts: Ints
    stops: Ints
    text: Ints
    nothing_left: NDArray[np.bool_]


def make_cuts(matches: Matches, spans: Spans, window_chars: int, min_piece_chars: int) -> Cuts:
    """Cut each span and `window_chars` on both sides, then every piece beside a cut that is too short.

    Windows and pieces end at the marks of earlier splits. A cut that takes all up to such a mark takes the mark too,
    so that no empty document is left between two marks.
    """
    section = matches.section_of(spans.starts)
    begins, ends = matches.sections()
    starts = _backward(matches.data, spans.starts, begins[section], window_chars)
    stops = _forward(matches.data, spans.stops, ends[section], window_chars)
    starts, stops, section = _merged(starts, stops, section)
    text = matches.text_of(starts)
    counts = np.bincount(text, minlength=len(matches.rows))
    begin, end = begins[section], ends[section]
    starts, stops = _over_short_pieces(matches.data, starts, stops, begin, end, min_piece_chars)
    starts = starts - ((starts == begin) & (begin > matches.offsets[text]))
    stops = stops + ((stops == end) & (end < matches.offsets[text + 1]))
    starts, stops, text = _merged(starts, stops, text)
    return Cuts(counts, starts, stops, text, _nothing_left(matches, starts, stops, text))


def cut_arrays(cuts: Cuts, matches: Matches, rows: int, dropped: NDArray[np.bool_]) -> pa.ListArray:
    """Cuts as a `CUTS` array for a batch of `rows` documents; null for those that are dropped or have none."""
    row = matches.rows[cuts.text]
    stays = ~dropped[row]
    base = matches.offsets[cuts.text]
    starts, stops = (cuts.starts - base)[stays], (cuts.stops - base)[stays]
    return cut_array(row[stays], starts, stops, rows, np.ones(len(starts), bool))


def _nothing_left(matches: Matches, starts: Ints, stops: Ints, text: Ints) -> NDArray[np.bool_]:
    """The texts of which cuts leave at most marks of earlier splits."""
    left = np.diff(matches.offsets)
    np.subtract.at(left, text, stops - starts)
    marks = np.bincount(matches.text_of(matches.splits), minlength=len(left))
    np.subtract.at(marks, text, np.searchsorted(matches.splits, stops) - np.searchsorted(matches.splits, starts))
    empty: NDArray[np.bool_] = np.isin(np.arange(len(left)), text) & (left == marks)
    return empty


def _merged(starts: Ints, stops: Ints, groups: Ints) -> tuple[Ints, Ints, Ints]:
    _, first = merge_ranges(starts, stops, groups)
    return starts[first], last_stops(stops, first), groups[first]


def _over_short_pieces(
    data: NDArray[np.uint8], starts: Ints, stops: Ints, begin: Ints, end: Ints, min_piece_chars: int
) -> tuple[Ints, Ints]:
    """Let cuts grow over pieces that are too short; `begin` and `end` are those of the section of each cut."""
    if min_piece_chars == 0 or len(starts) == 0:
        return starts, stops
    first = np.concatenate([[True], begin[1:] != begin[:-1]])
    before = np.where(first, begin, np.roll(stops, 1))
    after = np.where(np.roll(first, -1), end, stops)
    short_before = _forward(data, before, starts, min_piece_chars - 1) == starts
    short_after = _forward(data, stops, after, min_piece_chars - 1) == after
    return np.where(short_before, before, starts), np.where(short_after, after, stops)


@njit(cache=True, nogil=True)
def _forward(data, positions, limits, chars):  # type: ignore[no-untyped-def]
    """Move each position, on the first byte of a character, `chars` characters on, but not past its limit."""
    moved = positions.copy()
    for i in range(len(positions)):
        at, left = positions[i], chars
        while left > 0 and at < limits[i]:
            at += 1
            while at < limits[i] and data[at] & 0xC0 == 0x80:
                at += 1
            left -= 1
        moved[i] = at
    return moved


@njit(cache=True, nogil=True)
def _backward(data, positions, limits, chars):  # type: ignore[no-untyped-def]
    """Move each position `chars` characters back, but not before its limit."""
    moved = positions.copy()
    for i in range(len(positions)):
        at, left = positions[i], chars
        while left > 0 and at > limits[i]:
            at -= 1
            if data[at] & 0xC0 != 0x80:
                left -= 1
        moved[i] = at
    return moved
