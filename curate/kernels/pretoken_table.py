"""A hash table from pre-tokens to counts: open addressing, linear probing, bytes compared and never hashes alone.

A slot is three 64-bit words. A pre-token of up to 15 bytes is held in the first two, its length in bits 56 to 59 of
the second. The bytes of a longer one stand in an arena; its slot has their hash, and in the second word bit 63 and
where in the arena to find their number (8 bytes) and then themselves. The third word is the count. An empty slot is
zeros.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import load64
from curate.kernels.bpe_cache import SHORT_BYTES, short_key
from curate.kernels.hashing import U64, fmix64
from curate.kernels.pretokenize import next_end

#: Places in `used`: pre-tokens in the table, bytes in the arena, bytes that the next pre-token needs there.
PRETOKENS, ARENA, NEEDED = range(3)

_NUMBER_BYTES = 8
_LONG = U64(1 << 63)
_EMPTY = U64(0)
_SPREAD = (U64(0x9E3779B97F4A7C15), U64(0xC2B2AE3D27D4EB4F))


@bare_njit
def count_texts(data, starts, first, at, classes, pattern, slots, arena, used):  # type: ignore[no-untyped-def]
    """Count the pre-tokens of texts, from the byte `at` of the text `first` on.

    Returns:
        The text and the byte where there is no room, and to go on; or the number of texts and the end of the last.
    """
    text, size, table, mask = U64(data.ctypes.data), len(data), U64(classes.ctypes.data), U64(len(slots) - 1)
    for row in range(first, len(starts) - 1):
        at, end = max(at, starts[row]), starts[row + 1]
        window, ends = at, U64(0)
        while at < end:
            stop, window, ends = next_end(text, size, at, end, table, pattern, window, ends)
            low, high = _key(data, text, at, stop - at)
            slot = _slot(low, high) & mask
            while slots[slot, 1] != _EMPTY and (slots[slot, 0] != low or slots[slot, 1] != high):
                slot = (slot + U64(1)) & mask
            if slots[slot, 1] != _EMPTY:  # a short one that is there, as nearly always
                slots[slot, 2] += U64(1)
            elif not _add(data, at, stop - at, low, high, U64(1), slots, arena, used):
                return row, at
            at = stop
    return len(starts) - 1, at


@bare_njit
def add_counts(data, starts, counts, first, slots, arena, used):  # type: ignore[no-untyped-def]
    """Add pre-tokens that are counted, from `first` on; return which one has no room, or else how many there are."""
    text = U64(data.ctypes.data)
    for k in range(first, len(counts)):
        at, size = starts[k], starts[k + 1] - starts[k]
        low, high = _key(data, text, at, size)
        if not _add(data, at, size, low, high, U64(counts[k]), slots, arena, used):
            return k
    return len(counts)


@inner_njit
def _add(data, at, size, low, high, count, slots, arena, used):  # type: ignore[no-untyped-def]
    """Add to the count of a pre-token with the given key; or return False, if it is a new one and there is no room."""
    mask = U64(len(slots) - 1)
    slot = _slot(low, high) & mask
    while slots[slot, 1] != _EMPTY:
        if slots[slot, 0] == low and (slots[slot, 1] == high or _is_kept(slots[slot, 1], arena, data, at, size)):
            slots[slot, 2] += count
            return True
        slot = (slot + U64(1)) & mask
    used[NEEDED] = _NUMBER_BYTES + size if high == _LONG else 0
    if 2 * (used[PRETOKENS] + 1) > len(slots) or used[ARENA] + used[NEEDED] > len(arena):
        return False
    if high == _LONG:
        high |= U64(used[ARENA])
        _keep(data, at, size, arena, used[ARENA])
    used[PRETOKENS] += 1
    used[ARENA] += used[NEEDED]
    slots[slot, 0], slots[slot, 1], slots[slot, 2] = low, high, count
    return True


@inner_njit
def _key(data, text, at, size):  # type: ignore[no-untyped-def]
    """The first two words of a slot, but for the place in the arena."""
    if size > SHORT_BYTES:
        return _hash(text + U64(at), size), _LONG
    if at + SHORT_BYTES < len(data):
        return short_key(text, at, size)
    low, high = U64(0), U64(size) << U64(56)
    for k in range(size):
        if k < 8:
            low |= U64(data[at + k]) << U64(8 * k)
        else:
            high |= U64(data[at + k]) << U64(8 * (k - 8))
    return low, high


@inner_njit
def _slot(low, high):  # type: ignore[no-untyped-def]
    """Where to look first; to be taken modulo the number of slots."""
    mixed = (low ^ (low >> U64(31))) * _SPREAD[0] + high * _SPREAD[1]
    return ((mixed ^ (mixed >> U64(29))) * _SPREAD[0]) >> U64(32)


@inner_njit
def _hash(begin, size):  # type: ignore[no-untyped-def]
    """Of eight bytes or more at an address, eight at a time; the last eight may overlap those before."""
    h = U64(size)
    for k in range(0, size - 8, 8):
        h = fmix64(h ^ load64(begin + U64(k)))
    return fmix64(h ^ load64(begin + U64(size - 8)))


@inner_njit
def _is_kept(high, arena, data, at, size):  # type: ignore[no-untyped-def]
    """Whether a slot with this second word is that of a long pre-token with these bytes."""
    if high & _LONG == _EMPTY:
        return False
    kept, begin = U64(arena.ctypes.data) + (high & ~_LONG), U64(data.ctypes.data) + U64(at)
    if load64(kept) != U64(size):
        return False
    kept += U64(_NUMBER_BYTES)
    for k in range(0, size - 8, 8):
        if load64(kept + U64(k)) != load64(begin + U64(k)):
            return False
    return load64(kept + U64(size - 8)) == load64(begin + U64(size - 8))


@inner_njit
def _keep(data, at, size, arena, place):  # type: ignore[no-untyped-def]
    for k in range(_NUMBER_BYTES):
        arena[place + k] = (size >> (8 * k)) & 0xFF
    for k in range(size):
        arena[place + _NUMBER_BYTES + k] = data[at + k]


@bare_njit
def rehash(slots, larger):  # type: ignore[no-untyped-def]
    """Move all slots into an empty table."""
    mask = U64(len(larger) - 1)
    for k in range(len(slots)):
        high = slots[k, 1]
        if high != _EMPTY:
            slot = _slot(slots[k, 0], _LONG if high & _LONG != _EMPTY else high) & mask
            while larger[slot, 1] != _EMPTY:
                slot = (slot + U64(1)) & mask
            larger[slot, 0], larger[slot, 1], larger[slot, 2] = slots[k, 0], high, slots[k, 2]


@bare_njit
def read(slots, arena, data, offsets, counts):  # type: ignore[no-untyped-def]
    """Write out what the table has. `data` has room for 15 bytes for each pre-token and the arena."""
    row, at = 0, np.int64(0)
    for k in range(len(slots)):
        low, high = slots[k, 0], slots[k, 1]
        if high == _EMPTY:
            continue
        if high & _LONG != _EMPTY:
            place = np.int64(high & ~_LONG)
            size = np.int64(load64(U64(arena.ctypes.data) + U64(place)))
            for byte in range(size):
                data[at + byte] = arena[place + _NUMBER_BYTES + byte]
        else:
            size = np.int64(high >> U64(56))
            for byte in range(size):
                data[at + byte] = ((low if byte < 8 else high) >> U64(8 * (byte & 7))) & U64(0xFF)
        at += size
        row += 1
        offsets[row], counts[row - 1] = at, slots[k, 2]
