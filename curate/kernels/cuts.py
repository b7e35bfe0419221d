"""Cutting spans out of texts, all of a batch in one copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


def cut_texts(
    texts: tuple[Bytes, Ints], cuts: Ints, starts: Ints, stops: Ints, inserts: tuple[Bytes, Ints]
) -> tuple[Bytes, Ints]:
    """Texts without some of their bytes, and with others in their place.

    Args:
        texts: of `text_buffers`, n of them.
        cuts: `int64` of shape (n + 1,): text i has the cuts `cuts[i]` up to `cuts[i + 1]`.
        starts, stops: `int64` of shape (cuts,), bytes of the cut's own text; ascending and disjoint within each text.
        inserts: of `text_buffers`, what stands in the place of each cut.

    Returns:
        The bytes and the offsets of the new texts.

    Raises:
        ValueError: a cut is out of order or out of its text, or begins or ends inside a character.

    >>> from curate.documents import Documents
    >>> texts, inserts = (Documents.from_texts(list(some)).buffers for some in (["one two", "three"], ["-"]))
    >>> spans = (np.array(some) for some in ([0, 1, 1], [2], [4]))
    >>> data, offsets = cut_texts(texts, *spans, inserts)
    >>> bytes(data), offsets.tolist()
    (b'on-twothree', [0, 6, 11])
    """
    bad = _first_bad(*texts, cuts, starts, stops)
    if bad >= 0:
        text = int(np.searchsorted(cuts, bad, side="right")) - 1
        size = int(np.diff(texts[1])[text])
        raise ValueError(
            f"text {text}, of {size} bytes: the cut from {starts[bad]} to {stops[bad]} is out of range, before the end "
            "of the cut before it, or inside a character"
        )
    removed = np.concatenate([[0], np.cumsum(stops - starts - np.diff(inserts[1]))])
    offsets = texts[1] - removed[cuts]
    data = np.empty(offsets[-1], np.uint8)
    _copy(*texts, cuts, starts, stops, *inserts, data)
    return data, offsets


@bare_njit
def _first_bad(data, offsets, cuts, starts, stops):  # type: ignore[no-untyped-def]
    """The first cut that is none, or -1."""
    for text in range(len(cuts) - 1):
        begin, size, least = offsets[text], offsets[text + 1] - offsets[text], np.int64(0)
        for cut in range(cuts[text], cuts[text + 1]):
            start, stop = starts[cut], stops[cut]
            if not least <= start <= stop <= size:
                return cut
            if start < size and data[begin + start] & 0xC0 == 0x80:
                return cut
            if stop < size and data[begin + stop] & 0xC0 == 0x80:
                return cut
            least = stop
    return -1


@bare_njit
def _copy(data, offsets, cuts, starts, stops, inserts, insert_offsets, out):  # type: ignore[no-untyped-def]
    at = np.int64(0)
    for text in range(len(cuts) - 1):
        begin, left = offsets[text], offsets[text]
        for cut in range(cuts[text], cuts[text + 1]):
            at = _append(out, at, data, left, begin + starts[cut])
            at = _append(out, at, inserts, insert_offsets[cut], insert_offsets[cut + 1])
            left = begin + stops[cut]
        at = _append(out, at, data, left, offsets[text + 1])


@inner_njit
def _append(out, at, data, start, stop):  # type: ignore[no-untyped-def]
    """Copy `data[start:stop]` to `out[at:]`; returns where it ends."""
    for k in range(stop - start):
        out[at + k] = data[start + k]
    return at + stop - start
