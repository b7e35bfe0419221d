"""Lines and paragraphs of texts, with a hash of each: what the rules on repeated lines are counted from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.kernels.buffers import text_buffers
from curate.kernels.characters import BREAK, SPACE, character_flags
from curate.kernels.hashing import U64, fmix64
from curate.kernels.words import decode

_NEWLINE, _RETURN = 10, 13


@dataclass(frozen=True)
class Units:
    """The lines or paragraphs of a batch of texts, back to back.

    Attributes:
        hashes: `uint64` of shape (units,), of the bytes.
        chars: `int64` of shape (units,), the length in characters.
        last: `int32` of shape (units,), the last code point, or 0 if the unit is empty.
        blank: `bool` of shape (units,), whether there is nothing but white space.
        offsets: `int64` of shape (texts + 1,): text i has the units `offsets[i]` up to `offsets[i + 1]`.
    """

    hashes: NDArray[np.uint64]
    chars: NDArray[np.int64]
    last: NDArray[np.int32]
    blank: NDArray[np.bool_]
    offsets: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of units of each text."""
        return np.diff(self.offsets)

    def select(self, mask: NDArray[np.bool_]) -> Units:
        """The units where `mask` is true."""
        offsets = running_total(mask)[self.offsets]
        return Units(self.hashes[mask], self.chars[mask], self.last[mask], self.blank[mask], offsets)

    def total(self, values: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The number of units of each text for which `values` is true."""
        return np.diff(running_total(values)[self.offsets])


def running_total(values: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The sums of all first k values, for k from 0: `int64` of shape (n + 1,)."""
    return np.concatenate([[0], np.cumsum(values, dtype=np.int64)])


def split_lines(texts: pa.Array) -> Units:
    r"""Split at runs of newlines, as `re.split("\n+", text)` does: a newline at either end leaves an empty line.

    >>> lines = split_lines(pa.array(["one\n\ntwo.\n"]))
    >>> lines.counts.tolist(), lines.chars.tolist(), [chr(c) for c in lines.last]
    ([3], [3, 4, 0], ['e', '.', '\x00'])
    """
    return _split(texts, 1, False)


def split_paragraphs(texts: pa.Array) -> Units:
    r"""Split at runs of two or more newlines, white space at both ends removed: `re.split("\n{2,}", text.strip())`.

    >>> split_paragraphs(pa.array(["\n\n\none\ntwo\n\n\nthree\n"])).chars.tolist()
    [7, 5]
    """
    return _split(texts, 2, True)


def _split(texts: pa.Array, least: int, strip: bool) -> Units:
    data, offsets = text_buffers(texts)
    capacity = int(np.count_nonzero(data == _NEWLINE)) // least + len(texts)
    hashes, chars = np.empty(capacity, np.uint64), np.empty(capacity, np.int64)
    last, blank = np.empty(capacity, np.int32), np.empty(capacity, np.bool_)
    unit_offsets = np.zeros(len(texts) + 1, np.int64)
    count = _scan(data, offsets, character_flags(), least, strip, hashes, chars, last, blank, unit_offsets)
    return Units(hashes[:count], chars[:count], last[:count], blank[:count], unit_offsets)


def breaking_bytes() -> NDArray[np.bool_]:
    """Which bytes may begin a character at which `str.splitlines` splits; what `line_end` looks up."""
    breaks = np.flatnonzero(character_flags() & BREAK)
    firsts = np.zeros(256, np.bool_)
    firsts[[chr(code).encode()[0] for code in breaks]] = True
    return firsts


@njit(cache=True, nogil=True)
def line_end(data, at, end, breaking, flags):  # type: ignore[no-untyped-def]
    """Where the line that begins at `at` ends, and where the next one begins, as `str.splitlines` has it."""
    while at < end:
        if breaking[data[at]]:
            code, length = decode(data, at, end)
            if flags[code] & BREAK:
                crlf = code == _RETURN and at + 1 < end and data[at + 1] == _NEWLINE
                return at, at + length + crlf
        at += 1
    return end, end


@njit(cache=True, nogil=True)
def skip(data, at, end, bit, flags):  # type: ignore[no-untyped-def]
    """Past all characters that have the bit: the first position that has not, or `end`."""
    while at < end:
        code, length = decode(data, at, end)
        if code >= len(flags) or not flags[code] & bit:
            break
        at += length
    return at


@njit(cache=True, nogil=True)
def skip_space(data, at, end, flags):  # type: ignore[no-untyped-def]
    """The first position that is not white space, or `end`."""
    return skip(data, at, end, SPACE, flags)


@njit(cache=True, nogil=True)
def last_character(data, begin, end):  # type: ignore[no-untyped-def]
    """The code point before `end` and where it begins; 0 and `end` if there is none."""
    at = end
    while at > begin:
        at -= 1
        if data[at] & 0xC0 != 0x80:
            return decode(data, at, end)[0], at
    return 0, end


@njit(cache=True, nogil=True)
def strip_end(data, begin, end, flags):  # type: ignore[no-untyped-def]
    """The end of the text without white space at its end."""
    while end > begin:
        code, at = last_character(data, begin, end)
        if code >= len(flags) or not flags[code] & SPACE:
            break
        end = at
    return end


@njit(cache=True, nogil=True)
def _hash_bytes(data, begin, end):  # type: ignore[no-untyped-def]
    """Eight bytes at a time; the length goes in, so that zeros at the end count."""
    h = U64(end - begin) * U64(0x9E3779B97F4A7C15)
    at = begin
    while at + 8 <= end:
        word = U64(0)
        for k in range(8):
            word |= U64(data[at + k]) << U64(8 * k)
        h = (h ^ word) * U64(0xFF51AFD7ED558CCD)
        h ^= h >> U64(32)
        at += 8
    word = U64(0)
    while at < end:
        word = (word << U64(8)) | U64(data[at])
        at += 1
    return fmix64(h ^ word)


@njit(cache=True, nogil=True)
def count_chars(data, begin, end):  # type: ignore[no-untyped-def]
    """The number of characters of valid UTF-8."""
    chars = np.int64(0)
    for at in range(begin, end):
        chars += data[at] & 0xC0 != 0x80
    return chars


@njit(cache=True, nogil=True)
def _scan(data, offsets, flags, least, strip, hashes, chars, last, blank, unit_offsets):  # type: ignore[no-untyped-def]
    count = 0
    for text in range(len(offsets) - 1):
        at, end = offsets[text], offsets[text + 1]
        if strip:
            at = skip_space(data, at, end, flags)
            end = strip_end(data, at, end, flags)
        begin = at
        while True:
            while at < end and data[at] != _NEWLINE:
                at += 1
            after = at
            while after < end and data[after] == _NEWLINE:
                after += 1
            if after - at >= least or after == end:
                stop = at if after - at >= least else end
                hashes[count] = _hash_bytes(data, begin, stop)
                chars[count] = count_chars(data, begin, stop)
                last[count] = last_character(data, begin, stop)[0]
                blank[count] = skip_space(data, begin, stop, flags) == stop
                count += 1
                begin = after
                if stop == end:  # a separator at the very end leaves an empty unit, found in the next turn
                    break
            at = after
        unit_offsets[text + 1] = count
    return count
