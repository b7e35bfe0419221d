"""Lines and paragraphs of texts, with a hash of each: what the rules on repeated lines are counted from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import load64, trailing_zeros
from curate.kernels.blocks import BLOCK, address_of, bits_between, count_between, find_between
from curate.kernels.characters import BREAK, SPACE, character_flags, decode, flags_of
from curate.kernels.hashing import U64, fmix64

_NEWLINE, _RETURN = np.int64(0x0A), np.int64(0x0D)
_FIRST_TRAIL, _LAST_TRAIL = np.int64(0x80), np.int64(0xBF)  # bytes of a character after its first


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


def split_lines(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Units:
    r"""Split at runs of newlines, as `re.split("\n+", text)` does: a newline at either end leaves an empty line.

    Args:
        data, offsets: of `text_buffers`.

    >>> from curate.documents import Documents
    >>> lines = split_lines(*Documents.from_texts(["one\n\ntwo.\n"]).buffers)
    >>> lines.counts.tolist(), lines.chars.tolist(), [chr(c) for c in lines.last]
    ([3], [3, 4, 0], ['e', '.', '\x00'])
    """
    return _split(data, offsets, 1, False)


def split_paragraphs(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Units:
    r"""Split at runs of two or more newlines, white space at both ends removed: `re.split("\n{2,}", text.strip())`.

    Args:
        data, offsets: of `text_buffers`.

    >>> from curate.documents import Documents
    >>> split_paragraphs(*Documents.from_texts(["\n\n\none\ntwo\n\n\nthree\n"]).buffers).chars.tolist()
    [7, 5]
    """
    return _split(data, offsets, 2, True)


def _split(data: NDArray[np.uint8], offsets: NDArray[np.int64], least: int, strip: bool) -> Units:
    capacity = count_between(data, 0, len(data), _NEWLINE, _NEWLINE) // least + len(offsets) - 1
    hashes, chars = np.empty(capacity, np.uint64), np.empty(capacity, np.int64)
    last, blank = np.empty(capacity, np.int32), np.empty(capacity, np.bool_)
    unit_offsets = np.zeros(len(offsets), np.int64)
    _scan(data, offsets, character_flags(), least, strip, hashes, chars, last, blank, unit_offsets)
    count = unit_offsets[-1]
    return Units(hashes[:count], chars[:count], last[:count], blank[:count], unit_offsets)


@inner_njit
def line_end(data, at, end, flags):  # type: ignore[no-untyped-def]
    """Where the line that begins at `at` ends, and where the next one begins, as `str.splitlines` has it."""
    while at < end:
        bits = bits_between(data, at, 0x0A, 0x0D) | bits_between(data, at, 0x1C, 0x1E)
        bits |= bits_between(data, at, 0xC2, 0xC2) | bits_between(data, at, 0xE2, 0xE2)  # of U+0085, U+2028, U+2029
        while bits:
            stop = at + np.int64(trailing_zeros(bits))
            if stop >= end:
                return end, end
            code, length = decode(data, stop, end)
            if flags_of(code, flags) & BREAK:
                crlf = code == _RETURN and stop + 1 < end and data[stop + 1] == _NEWLINE
                return stop, stop + length + crlf
            bits &= bits - U64(1)
        at += BLOCK
    return end, end


@inner_njit
def skip(data, at, end, bit, flags):  # type: ignore[no-untyped-def]
    """Past all characters that have the bit: the first position that has not, or `end`."""
    while at < end:
        code, length = decode(data, at, end)
        if not flags_of(code, flags) & bit:
            break
        at += length
    return at


@inner_njit
def skip_space(data, at, end, flags):  # type: ignore[no-untyped-def]
    """The first position that is not white space, or `end`."""
    return skip(data, at, end, SPACE, flags)


@inner_njit
def last_character(data, begin, end):  # type: ignore[no-untyped-def]
    """The code point before `end` and where it begins; 0 and `end` if there is none."""
    at = end
    while at > begin:
        at -= 1
        if data[at] & 0xC0 != 0x80:
            return decode(data, at, end)[0], at
    return 0, end


@inner_njit
def strip_end(data, begin, end, flags):  # type: ignore[no-untyped-def]
    """The end of the text without white space at its end."""
    while end > begin:
        code, at = last_character(data, begin, end)
        if not flags_of(code, flags) & SPACE:
            break
        end = at
    return end


@inner_njit
def count_chars(data, begin, end):  # type: ignore[no-untyped-def]
    """The number of characters of valid UTF-8."""
    return end - begin - count_between(data, begin, end, _FIRST_TRAIL, _LAST_TRAIL)


@inner_njit
def hash_bytes(data, begin, end):  # type: ignore[no-untyped-def]
    """Eight bytes at a time, the last eight overlapping those before."""
    h = U64(end - begin) * U64(0x9E3779B97F4A7C15)
    at = begin
    while at + 8 < end:
        h = (h ^ load64(address_of(data) + U64(at))) * U64(0xFF51AFD7ED558CCD)
        h ^= h >> U64(32)
        at += 8
    if end - begin >= 8:
        return fmix64(h ^ load64(address_of(data) + U64(end - 8)))
    last = U64(0)
    for k in range(begin, end):
        last = (last << U64(8)) | U64(data[k])
    return fmix64(h ^ last)


@bare_njit
def _scan(data, offsets, flags, least, strip, hashes, chars, last, blank, unit_offsets):  # type: ignore[no-untyped-def]
    count = 0
    for text in range(len(offsets) - 1):
        at, end = offsets[text], offsets[text + 1]
        if strip:
            at = skip_space(data, at, end, flags)
            end = strip_end(data, at, end, flags)
        begin = at
        while True:
            at = find_between(data, at, end, _NEWLINE, _NEWLINE)
            after = at
            while after < end and data[after] == _NEWLINE:
                after += 1
            if after - at >= least or after == end:
                stop = at if after - at >= least else end
                hashes[count] = hash_bytes(data, begin, stop)
                chars[count] = count_chars(data, begin, stop)
                last[count] = last_character(data, begin, stop)[0]
                blank[count] = skip_space(data, begin, stop, flags) == stop
                count += 1
                begin = after
                if stop == end:  # a separator at the very end leaves an empty unit, found in the next turn
                    break
            at = after
        unit_offsets[text + 1] = count
