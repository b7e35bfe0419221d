"""How much of a text repeats itself: in equal lines or paragraphs, and in equal n-grams of words.

An n-gram is known by the place where it first stands. The (n + 1)-gram at i is the pair of the n-grams at i and
i + 1, and it can only repeat where both of those do: each size looks at no more than what the size before left over,
which for most texts is little. Pairs of words are told apart by a 64-bit hash, longer n-grams by the pair itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.hashing import U64
from curate.kernels.lines import Units
from curate.kernels.words import Words

#: Sizes of n-grams whose most frequent one counts, and of those whose repeats count.
TOP_SIZES, REPEATED_SIZES = (2, 3, 4), (5, 6, 7, 8, 9, 10)
_FIRST, _TOP_LAST, _LAST = TOP_SIZES[0], TOP_SIZES[-1], REPEATED_SIZES[-1]


def repeated_units(units: Units, all_copies: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many units of each text are repeats, and how many characters those have.

    Args:
        units: lines or paragraphs of n texts.
        all_copies: count every unit that stands more than once, and not only those after the first.

    Returns:
        Units and characters, `int64` of shape (n,) each.

    >>> from curate.documents import Documents
    >>> lines = Documents.from_texts(["same\\nsame\\nsame\\nnot"]).lines
    >>> repeated_units(lines, all_copies=False), repeated_units(lines, all_copies=True)
    ((array([2]), array([8])), (array([3]), array([12])))
    """
    repeated = np.zeros((len(units.offsets) - 1, 2), np.int64)
    table, ints, keys = _scratch(units.offsets)
    _repeated_units(units.hashes, units.chars, units.offsets, all_copies, table, ints, keys, repeated)
    return repeated[:, 0], repeated[:, 1]


def ngram_chars(words: Words, all_copies: bool) -> dict[int, NDArray[np.int64]]:
    """Characters of each text in repeated n-grams of words, by size n from 2 to 10.

    For `TOP_SIZES`, those of the most frequent n-gram, all its copies, with single spaces between words; the first
    of equally frequent ones, and a text in which none repeats has the first one once. For `REPEATED_SIZES`, without
    spaces, those of n-grams that stood before, found from left to right without overlap.

    Args:
        words: of n texts.
        all_copies: for `REPEATED_SIZES`, count every word that is in some n-gram that stands more than once.

    Returns:
        `int64` of shape (n,) for each size.

    >>> from curate.documents import Documents
    >>> found = ngram_chars(Documents.from_texts(["a b c d e x a b c d e"]).words, all_copies=False)
    >>> [int(found[size][0]) for size in (2, 3, 5, 6)]
    [6, 10, 5, 0]
    """
    result = np.zeros((len(words.offsets) - 1, _LAST + 1), np.int64)
    table, ints, keys = _scratch(words.offsets)
    _ngram_chars(words.hashes, words.chars, words.offsets, all_copies, table, ints, keys, result)
    return {size: result[:, size] for size in TOP_SIZES + REPEATED_SIZES}


def _scratch(offsets: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint64]]:
    """A hash table, four lists and keys that are large enough for any of the texts.

    Unsigned, as an index that may be negative costs numba a comparison at each use.
    """
    longest = int(np.diff(offsets).max(initial=0)) + 1
    return np.empty(_slots(longest), np.uint32), np.empty((4, longest), np.uint32), np.empty(longest, np.uint64)


@bare_njit
def _slots(entries):  # type: ignore[no-untyped-def]
    """A power of two, at most a quarter full."""
    slots = 16
    while slots < 4 * entries:
        slots *= 2
    return slots


@inner_njit
def _find_copies(keys, none, active, left, table, place, copies):  # type: ignore[no-untyped-def]
    """For each active position, where its key first stood; for those places, how many positions have the key.

    `none` marks free slots; it is a valid position that is not active. Found or not is decided without a branch, which
    could not be foreseen.
    """
    slots = _slots(left)
    mask = U64(slots - 1)
    table[:slots] = none
    for k in range(left):
        at = active[k]
        key = keys[at]
        slot = ((key * U64(0x9E3779B97F4A7C15)) >> U64(32)) & mask
        first = table[slot]
        while (first != none) & (keys[first] != key):
            slot = (slot + U64(1)) & mask
            first = table[slot]
        first = at if first == none else first
        table[slot] = place[at] = first
        copies[first] = (0 if first == at else copies[first]) + 1


@bare_njit
def _repeated_units(hashes, chars, offsets, all_copies, table, ints, keys, repeated):  # type: ignore[no-untyped-def]
    active, place, copies = ints[0], ints[1], ints[2]
    for text in range(len(offsets) - 1):
        begin, units = offsets[text], offsets[text + 1] - offsets[text]
        for at in range(units):
            active[at], keys[at] = at, hashes[begin + at]
        _find_copies(keys, units, active, units, table, place, copies)
        for at in range(units):
            counts = place[at] != at or (all_copies and copies[at] > 1)
            repeated[text, 0] += counts
            repeated[text, 1] += chars[begin + at] if counts else 0


@bare_njit
def _ngram_chars(hashes, chars, offsets, all_copies, table, ints, keys, result):  # type: ignore[no-untyped-def]
    """`active[:left]` are the places whose n-gram may stand more than once."""
    active, place, copies, seen = ints[0], ints[1], ints[2], ints[3]
    for text in range(len(offsets) - 1):
        own = slice(offsets[text], offsets[text + 1])
        words, own_chars = own.stop - own.start, chars[own]
        left = _all_pairs(hashes[own], active, keys)
        for size in range(_FIRST, min(_LAST, words) + 1):
            if size > _FIRST:
                left = _pair_up(active, left, place, keys)
            _find_copies(keys, words, active, left, table, place, copies)
            left = _keep_repeated(active, left, place, copies)
            if size <= _TOP_LAST:
                result[text, size] = _top(active, left, place, copies, own_chars, size)
            elif all_copies:
                result[text, size] = _covered(active, left, own_chars, size)
            else:
                result[text, size] = _repeats(active, left, place, seen, own_chars, size)


@inner_njit
def _all_pairs(hashes, active, keys):  # type: ignore[no-untyped-def]
    """Make every pair of words active, with a hash of the two as its key; returns how many there are."""
    for at in range(len(hashes) - 1):
        keys[at] = hashes[at] * U64(0xD6E8FEB86659FD93) + hashes[at + 1]
        active[at] = at
    return max(0, len(hashes) - 1)


@inner_njit
def _pair_up(active, left, place, keys):  # type: ignore[no-untyped-def]
    """Keep the places whose neighbour is active too, with the pair of n-grams as the new key."""
    kept = 0
    for k in range(left - 1):
        at = active[k]
        keys[at] = (U64(place[at]) << U64(32)) | U64(place[at + 1])
        active[kept] = at
        kept += active[k + 1] == at + 1
    return kept


@inner_njit
def _keep_repeated(active, left, place, copies):  # type: ignore[no-untyped-def]
    """Keep the places of n-grams that stand more than once; returns how many those are."""
    kept = 0
    for k in range(left):
        active[kept] = active[k]
        kept += copies[place[active[k]]] > 1
    return kept


@inner_njit
def _top(active, left, place, copies, chars, size):  # type: ignore[no-untyped-def]
    best, most = np.int64(0), np.int64(1)
    for k in range(left):
        at = active[k]
        if (place[at] == at) & (copies[at] > most):
            best, most = np.int64(at), np.int64(copies[at])
    return most * (_total(chars, best, best + size) + size - 1)


@inner_njit
def _repeats(active, left, place, seen, chars, size):  # type: ignore[no-untyped-def]
    """What was seen before counts and is stepped over; what is stepped over is not seen."""
    for k in range(left):
        seen[place[active[k]]] = 0
    total, after = np.int64(0), np.int64(0)
    for k in range(left):
        at = np.int64(active[k])
        if at < after:
            continue
        if seen[place[at]]:
            after = at + size
            total += _total(chars, at, after)
        else:
            seen[place[at]] = 1
    return total


@inner_njit
def _covered(active, left, chars, size):  # type: ignore[no-untyped-def]
    """Every word in some repeated n-gram, once."""
    total, after = np.int64(0), np.int64(0)
    for k in range(left):
        at = np.int64(active[k])
        total += _total(chars, max(after, at), at + size)
        after = at + size
    return total


@inner_njit
def _total(chars, first, stop):  # type: ignore[no-untyped-def]
    total = np.int64(0)
    for word in range(first, stop):
        total += chars[word]
    return total
