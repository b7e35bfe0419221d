"""How much of a text repeats itself: in equal lines or paragraphs, and in equal n-grams of words.

An n-gram is known by the place where it first stands. The (n + 1)-gram at i is the pair of the n-grams at i and
i + 1, so equality is exact given the hashes of words, and it can only repeat where both of those do: each size
looks at no more than what the size before left over, which for most texts is little.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.hashing import U64
from curate.kernels.lines import Units
from curate.kernels.words import Words

#: Sizes of n-grams whose most frequent one counts, and of those whose repeats count.
TOP_SIZES, REPEATED_SIZES = (2, 3, 4), (5, 6, 7, 8, 9, 10)
_TOP_LAST, _LAST = TOP_SIZES[-1], REPEATED_SIZES[-1]


def repeated_units(units: Units, all_copies: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many units of each text are repeats, and how many characters those have.

    Args:
        units: lines or paragraphs of n texts.
        all_copies: count every unit that stands more than once, and not only those after the first.

    Returns:
        Units and characters, `int64` of shape (n,) each.

    >>> from curate.kernels.lines import split_lines
    >>> import pyarrow as pa
    >>> lines = split_lines(pa.array(["same\\nsame\\nsame\\nnot"]))
    >>> repeated_units(lines, all_copies=False), repeated_units(lines, all_copies=True)
    ((array([2]), array([8])), (array([3]), array([12])))
    """
    repeated = np.zeros((len(units.offsets) - 1, 2), np.int64)
    table = _table(units.offsets)
    copies = np.empty(_longest(units.offsets), np.int32)
    _repeated_units(units.hashes, units.chars, units.offsets, all_copies, table, copies, repeated)
    return repeated[:, 0], repeated[:, 1]


def ngram_chars(words: Words, chars: NDArray[np.int32], all_copies: bool) -> dict[int, NDArray[np.int64]]:
    """Characters of each text in repeated n-grams of words, by size n from 2 to 10.

    For `TOP_SIZES`, those of the most frequent n-gram, all its copies, with single spaces between words; the first
    of equally frequent ones, and a text in which none repeats has the first one once. For `REPEATED_SIZES`, without
    spaces, those of n-grams that stood before, found from left to right without overlap.

    Args:
        words: of n texts.
        chars: `int32` of shape (words,), the length of each word in characters.
        all_copies: for `REPEATED_SIZES`, count every word that is in some n-gram that stands more than once.

    Returns:
        `int64` of shape (n,) for each size.

    >>> from curate.documents import Documents
    >>> words = Documents.from_texts(["a b c d e x a b c d e"]).words
    >>> found = ngram_chars(words, np.ones(11, np.int32), all_copies=False)
    >>> [int(found[size][0]) for size in (2, 3, 5, 6)]
    [6, 10, 5, 0]
    """
    result = np.zeros((len(words.offsets) - 1, _LAST + 1), np.int64)
    longest = _longest(words.offsets)
    ints = np.empty((4, longest + 1), np.int32)
    keys, edges = np.empty(longest, np.uint64), np.zeros(longest + 1, np.int64)
    _ngram_chars(words.hashes, chars, words.offsets, all_copies, _table(words.offsets), keys, ints, edges, result)
    return {size: result[:, size] for size in TOP_SIZES + REPEATED_SIZES}


def _longest(offsets: NDArray[np.int64]) -> int:
    return int(np.diff(offsets).max(initial=0))


def _table(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """A hash table for the largest text. An entry is generation << 32 | position; others than the current are free."""
    return np.zeros(_slots(max(1, _longest(offsets))), np.int64)


@njit(cache=True, nogil=True)
def _slots(entries):  # type: ignore[no-untyped-def]
    """A power of two, at most half full."""
    slots = 16
    while slots < 2 * entries:
        slots *= 2
    return slots


@njit(cache=True, nogil=True, inline="always")
def _first_place(table, mask, generation, keys, at):  # type: ignore[no-untyped-def]
    """Where the key of position `at` first stood; `at` itself if it is new."""
    slot = ((keys[at] * U64(0x9E3779B97F4A7C15)) >> U64(32)) & mask
    while True:
        entry = table[slot]
        if entry >> 32 != generation:
            table[slot] = (generation << 32) | at
            return at
        first = entry & 0xFFFFFFFF
        if keys[first] == keys[at]:
            return first
        slot = (slot + U64(1)) & mask


@njit(cache=True, nogil=True)
def _repeated_units(hashes, chars, offsets, all_copies, table, copies, repeated):  # type: ignore[no-untyped-def]
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        mask, keys = U64(_slots(end - begin) - 1), hashes[begin:end]
        for at in range(end - begin):
            first = _first_place(table, mask, np.int64(text + 1), keys, np.int64(at))
            if first == at:
                copies[at] = 1
                continue
            copies[first] += 1
            repeated[text, 0] += 1
            repeated[text, 1] += chars[begin + at]
            if all_copies and copies[first] == 2:
                repeated[text, 0] += 1
                repeated[text, 1] += chars[begin + first]


@njit(cache=True, nogil=True)
def _ngram_chars(hashes, chars, offsets, all_copies, table, keys, ints, edges, result):  # type: ignore[no-untyped-def]
    """`edges[i]` are the characters before word i; `active[:left]` the places whose n-gram stands more than once."""
    place, copies, active, seen = ints[0], ints[1], ints[2], ints[3]
    generation = np.int64(0)
    for text in range(len(offsets) - 1):
        begin, words = offsets[text], offsets[text + 1] - offsets[text]
        for at in range(words):
            keys[at] = hashes[begin + at]
            edges[at + 1] = edges[at] + chars[begin + at]
            active[at] = at
        left = words
        for size in range(1, _LAST + 1):
            if size > 1:
                left = _pair_up(active, left, place, keys)
            mask = U64(_slots(left) - 1)
            generation += 1
            left = _keep_repeated(active, left, place, copies, table, mask, generation, keys)
            if size < 2 or size > words:
                continue
            if size <= _TOP_LAST:
                result[text, size] = _top(active, left, place, copies, edges, size)
            elif all_copies:
                result[text, size] = _covered(active, left, edges, size)
            else:
                result[text, size] = _repeats(active, left, place, seen, edges, size)


@njit(cache=True, nogil=True)
def _pair_up(active, left, place, keys):  # type: ignore[no-untyped-def]
    """Keep the places whose neighbour is active too, with the pair of n-grams as the new key."""
    kept = 0
    for k in range(left - 1):
        at = active[k]
        if active[k + 1] == at + 1:
            keys[at] = (U64(place[at]) << U64(32)) | U64(place[at + 1])
            active[kept] = at
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _keep_repeated(active, left, place, copies, table, mask, generation, keys):  # type: ignore[no-untyped-def]
    """Find where the n-gram of each active place first stood, and keep the places of those with two copies or more."""
    for k in range(left):
        at = np.int64(active[k])
        first = _first_place(table, mask, generation, keys, at)
        copies[first] = copies[first] + 1 if first != at else 1
        place[at] = first
    kept = 0
    for k in range(left):
        active[kept] = active[k]
        kept += copies[place[active[k]]] > 1
    return kept


@njit(cache=True, nogil=True)
def _top(active, left, place, copies, edges, size):  # type: ignore[no-untyped-def]
    best, most = np.int64(0), np.int64(1)
    for k in range(left):
        at = active[k]
        if place[at] == at and copies[at] > most:
            best, most = np.int64(at), np.int64(copies[at])
    return most * (edges[best + size] - edges[best] + size - 1)


@njit(cache=True, nogil=True)
def _repeats(active, left, place, seen, edges, size):  # type: ignore[no-untyped-def]
    """What was seen before counts and is stepped over; what is stepped over is not seen."""
    for k in range(left):
        seen[place[active[k]]] = 0
    total, after = np.int64(0), np.int64(0)
    for k in range(left):
        at = active[k]
        if at < after:
            continue
        if seen[place[at]]:
            total += edges[at + size] - edges[at]
            after = np.int64(at) + size
        else:
            seen[place[at]] = 1
    return total


@njit(cache=True, nogil=True)
def _covered(active, left, edges, size):  # type: ignore[no-untyped-def]
    """Every word in some repeated n-gram, once."""
    total, after = np.int64(0), np.int64(0)
    for k in range(left):
        at = active[k]
        start = max(after, np.int64(at))
        after = np.int64(at) + size
        total += edges[after] - edges[start]
    return total
