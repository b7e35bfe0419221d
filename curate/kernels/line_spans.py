"""Where the lines of texts are, with a hash of each, and the cuts that take some of them out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.lines import hash_bytes

_NEWLINE, _SPLIT = 10, 0


@dataclass(frozen=True)
class LineSpans:
    """The lines of a batch of texts that are not empty, back to back.

    Attributes:
        starts, stops: `int64` of shape (lines,), bytes of the texts' data.
        hashes: `uint64` of shape (lines,), of the bytes.
        offsets: `int64` of shape (texts + 1,): text i has the lines `offsets[i]` up to `offsets[i + 1]`.
    """

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    offsets: NDArray[np.int64]

    @property
    def texts(self) -> NDArray[np.int64]:
        """The text of each line: `int64` of shape (lines,)."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


def find_line_spans(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> LineSpans:
    r"""Lines end at newlines and where an earlier stage has split the document.

    Args:
        data, offsets: of `text_buffers`.

    >>> from curate.documents import Documents
    >>> spans = find_line_spans(*Documents.from_texts(["one\n\ntwo", "\n"]).buffers)
    >>> spans.starts.tolist(), spans.stops.tolist(), spans.offsets.tolist()
    ([0, 5], [3, 8], [0, 2, 2])
    """
    room = int(((data == _NEWLINE) | (data == _SPLIT)).sum()) + len(offsets) - 1
    starts, stops, hashes = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.uint64)
    line_offsets = np.zeros(len(offsets), np.int64)
    _find(data, offsets, starts, stops, hashes, line_offsets)
    count = line_offsets[-1]
    return LineSpans(starts[:count], stops[:count], hashes[:count], line_offsets)


def cut_lines(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], lines: LineSpans, cut: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    r"""The spans that take lines out, each with the newlines on one of its sides, so that paragraphs stay apart.

    Args:
        data, offsets: of `text_buffers`.
        lines: of the same texts.
        cut: `bool` of shape (lines,), those to take out.

    Returns:
        Starts, stops and texts of the cuts, `int64` of shape (cuts,); ascending and disjoint.

    >>> from curate.documents import Documents
    >>> buffers = Documents.from_texts(["one\n\nmenu\nlogin\ntwo\nend"]).buffers
    >>> starts, stops, _ = cut_lines(*buffers, find_line_spans(*buffers), np.array([False, True, True, False, True]))
    >>> starts.tolist(), stops.tolist()
    ([5, 19], [16, 23])
    """
    starts, stops, texts = (np.empty(int(cut.sum()), np.int64) for _ in range(3))
    count = _cut(data, offsets, lines.starts, lines.stops, lines.offsets, cut, starts, stops, texts)
    return starts[:count], stops[:count], texts[:count]


@bare_njit()
def _find(data, offsets, starts, stops, hashes, line_offsets):  # type: ignore[no-untyped-def]
    count = 0
    for text in range(len(offsets) - 1):
        begin = offsets[text]
        for at in range(offsets[text], offsets[text + 1] + 1):
            if at == offsets[text + 1] or data[at] == _NEWLINE or data[at] == _SPLIT:
                if at > begin:
                    starts[count], stops[count], hashes[count] = begin, at, hash_bytes(data, begin, at)
                    count += 1
                begin = at + 1
        line_offsets[text + 1] = count


@bare_njit()
def _cut(data, offsets, line_starts, line_stops, line_offsets, cut, starts, stops, texts):  # type: ignore[no-untyped-def]
    count = 0
    for text in range(len(offsets) - 1):
        n, last = line_offsets[text], line_offsets[text + 1]
        while n < last:
            if not cut[n]:
                n += 1
                continue
            begin = line_starts[n]
            while n + 1 < last and cut[n + 1] and _only_newlines(data, line_stops[n], line_starts[n + 1]):
                n += 1
            end = line_stops[n]
            before, after = begin, end
            while before > offsets[text] and data[before - 1] == _NEWLINE:
                before -= 1
            while after < offsets[text + 1] and data[after] == _NEWLINE:
                after += 1
            at_start = before == offsets[text] or data[before - 1] == _SPLIT
            at_end = after == offsets[text + 1] or data[after] == _SPLIT
            # the longer separation stays between what is left on both sides, none at an end
            starts[count] = before if at_end or at_start or after - end > begin - before else begin
            stops[count] = after if at_start or at_end or after - end <= begin - before else end
            texts[count] = text
            count += 1
            n += 1
    return count


@inner_njit
def _only_newlines(data, begin, end):  # type: ignore[no-untyped-def]
    while begin < end and data[begin] == _NEWLINE:
        begin += 1
    return begin == end
