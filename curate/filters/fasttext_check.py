"""Whether a file is a whole fastText model of the kind that `FastTextModel` trains, found out before fastText loads it.

fastText believes what a file says: it takes any size for true and allocates that much, divides by a number of buckets
that may be 0, and loads a truncated file without an error. A classifier may come from anybody, its card along with it.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from curate.errors import StateError
from curate.filters.fasttext_lines import END_OF_LINE, LABEL

_HEADER = struct.Struct("<14id")
_DICTIONARY = struct.Struct("<3i2q")
_ENTRY = struct.Struct("<qb")
_MATRIX = struct.Struct("<?2q")
_MAGIC, _VERSION = 793712314, 12
_SUPERVISED, _SOFTMAX = 3, 3
#: Far above what training gives, and far below where sums and products overflow.
_MAX_WEIGHT = 1e6
_LABELS = {f"{LABEL}positive".encode(), f"{LABEL}negative".encode()}


def check_model(path: Path) -> None:
    """Read a model's structure and compare it with its size.

    Raises:
        StateError: the file is no such model, truncated or inconsistent.
    """
    try:
        _check(path.read_bytes())
    except (ValueError, struct.error) as error:
        raise StateError(
            f"{path}: not a model that curate can have trained: {error}.\n"
            "    Expected a supervised fastText model, whole; train the classifier again"
        ) from error


def _check(data: bytes) -> None:
    magic, version, dim, _, _, _, _, ngrams, loss, kind, buckets, _, max_chars, _, _ = _HEADER.unpack_from(data)
    _expect((magic, version, kind, loss) == (_MAGIC, _VERSION, _SUPERVISED, _SOFTMAX), "another kind of file")
    _expect(dim >= 1, "vectors without numbers")
    _expect((ngrams, buckets, max_chars) == (1, 0, 0), "it has subwords or word pairs")
    size, words, labels, _, pruned = _DICTIONARY.unpack_from(data, _HEADER.size)
    _expect(words >= 1 and labels == len(_LABELS) and size == words + labels and pruned == -1, "a bad dictionary")
    position = _check_entries(data, _HEADER.size + _DICTIONARY.size, words, labels)
    for rows in (words, labels):
        quantized, *shape = _MATRIX.unpack_from(data, position)
        _expect(not quantized and shape == [rows, dim], "a matrix of another shape")
        position += _MATRIX.size
        _expect(len(data) - position >= 4 * rows * dim, "it is truncated")
        values = np.frombuffer(data, "<f4", rows * dim, position)
        _expect(bool((np.abs(values) < _MAX_WEIGHT).all()), "numbers that are none, or too large")
        position += 4 * rows * dim
    _expect(position == len(data), "it is longer than it says")


def _check_entries(data: bytes, position: int, words: int, labels: int) -> int:
    """Pass over the words, among them the end of a line, and the labels; returns where they end."""
    ends_lines = False
    for number in range(words + labels):
        end = data.find(b"\0", position)
        _expect(end > position, "a word that does not end")
        _, is_label = _ENTRY.unpack_from(data, end + 1)
        _expect(is_label == (number >= words), "words and labels in disorder")
        _expect(not is_label or data[position:end] in _LABELS, "other labels than positive and negative")
        ends_lines |= data[position:end] == END_OF_LINE.encode()
        position = end + 1 + _ENTRY.size
    _expect(ends_lines, "no word for the end of a line")
    return position


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
