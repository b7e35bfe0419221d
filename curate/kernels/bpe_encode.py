"""Byte-level BPE with GPT-2's pattern: the ids that `tokenizers` gives, from Arrow text, without Python per document.

Text is split by `curate.kernels.pretokenize`, and nearly every pre-token has been met before. So its ids are taken
from a cache; merges are computed for the others only. The cache is exact (whole pre-tokens are compared, not hashes),
of fixed size, kept between batches, and forgets what was not met for longest among the few that share its place;
what it holds changes the speed and never the ids.

Measured on 36 MB of English, one core, vocabulary of 50,257, ids equal on all 7,381 documents: 44 to 52 MB/s;
`tokenizers` 0.23 `encode_batch_fast` 3.0 to 3.3 MB/s in the same runs.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import DTypeLike, NDArray

from curate.kernels.bpe_merge import SCANNED_BYTES, merge
from curate.kernels.bpe_tables import BpeTables
from curate.kernels.buffers import text_buffers
from curate.kernels.hashing import U64
from curate.kernels.pretokenize import GPT2, character_classes, load64, pretoken_end

_SHORT_SLOTS = 1 << 16  # 2 MB
_SHORT_BYTES = 15
_SHORT_IDS = 4
_LONG_SLOTS = 1 << 14  # 3 MB
_LONG_BYTES = 64
_LONG_IDS = 30
_MAX_TEXT_BYTES = 1 << 31

_KEY = U64(0x0FFFFFFFFFFFFFFF)
_LOW = U64(0xFFFFFFFF)
_SPREAD = (U64(0x9E3779B97F4A7C15), U64(0xC2B2AE3D27D4EB4F))


class BpeEncoder:
    """Encodes texts, and remembers the pre-tokens it has met. Not for use by several threads at once.

    Args:
        tables: of a tokenizer for which `bpe_tables.unsupported` is None.
    """

    def __init__(self, tables: BpeTables):
        self.tables = tables
        self._short = np.zeros((_SHORT_SLOTS, 4), np.uint64)
        self._long = np.zeros((_LONG_SLOTS, _LONG_BYTES), np.uint8)
        self._long_ids = np.zeros((_LONG_SLOTS, 2 + _LONG_IDS), np.uint32)

    def encode(
        self, texts: pa.Array, dtype: DTypeLike = np.uint32
    ) -> tuple[NDArray[np.unsignedinteger], NDArray[np.int64]]:
        """The ids of each text, back to back.

        Args:
            texts: Arrow `string` or `large_string` without nulls.
            dtype: of the ids: `uint32`, or `uint16` if the vocabulary has no id above 65,535.

        Returns:
            `ids`, and `offsets`, `int64` of shape (texts + 1,): text i has `ids[offsets[i]:offsets[i + 1]]`.

        Raises:
            ValueError: a text is null or not UTF-8, or longer than 2 GiB.

        >>> from curate.kernels.bpe_tables import byte_alphabet
        >>> vocab = {character: byte for byte, character in enumerate(byte_alphabet())} | {"lo": 256, "low": 257}
        >>> tables = BpeTables.of_model({"vocab": vocab, "merges": [["l", "o"], ["lo", "w"]]})
        >>> ids, offsets = BpeEncoder(tables).encode(pa.array(["low slow", "low!"]))
        >>> ids.tolist(), offsets.tolist()
        ([257, 32, 115, 257, 257, 33], [0, 4, 6])
        """
        data, starts = text_buffers(texts)
        if len(texts) and int(np.diff(starts).max()) >= _MAX_TEXT_BYTES:
            raise ValueError("a text is longer than 2 GiB")
        ids = np.empty(len(data) + _SHORT_IDS, dtype)
        offsets = np.zeros(len(starts), np.int64)
        if len(data):
            caches = self._short, self._long, self._long_ids
            tables = character_classes(), self.tables.byte_ids, self.tables.pairs
            _encode(data, starts, *tables, *caches, ids, offsets)
        return ids[: offsets[-1]], offsets


@njit(cache=True, nogil=True)
def _encode(data, starts, classes, byte_ids, pairs, short, long, long_ids, ids, offsets):  # type: ignore[no-untyped-def]
    address = U64(data.ctypes.data)
    merges = np.empty(SCANNED_BYTES, np.uint64)
    count = 0
    for text in range(len(starts) - 1):
        at, end = starts[text], starts[text + 1]
        while at < end:
            stop = pretoken_end(data, address, at, end, classes, GPT2)
            added = 0
            if stop - at <= _SHORT_BYTES:
                low, high = _key(data, address, at, stop - at)
                added = _recall_short(short, low, high, ids, count)
                if added == 0:
                    added = _recall_or_merge(data, at, stop, byte_ids, pairs, long, long_ids, ids[count:], merges)
                    if added <= _SHORT_IDS:
                        _keep_short(short, low, high, ids[count : count + added])
            else:
                added = _recall_or_merge(data, at, stop, byte_ids, pairs, long, long_ids, ids[count:], merges)
            count += added
            at = stop
        offsets[text + 1] = count


@njit(cache=True, nogil=True)
def _key(data, address, at, size):  # type: ignore[no-untyped-def]
    """Up to 15 bytes and their number: eight bytes, and seven with the number in bits 56 to 59."""
    low, high = U64(0), U64(0)
    if at + 16 <= len(data):
        low = load64(address + U64(at))
        if size <= 8:
            low &= ~U64(0) >> (U64(64) - U64(8) * U64(size))
        else:
            high = load64(address + U64(at + 8)) & (~U64(0) >> (U64(128) - U64(8) * U64(size)))
    else:
        for k in range(size):
            if k < 8:
                low |= U64(data[at + k]) << U64(8 * k)
            else:
                high |= U64(data[at + k]) << U64(8 * (k - 8))
    return low, high | (U64(size) << U64(56))


@njit(cache=True, nogil=True)
def _short_slot(short, low, high):  # type: ignore[no-untyped-def]
    mixed = (low ^ (low >> U64(31))) * _SPREAD[0] + high * _SPREAD[1]
    return np.int64((mixed ^ (mixed >> U64(29))) * _SPREAD[0] >> U64(40)) & (len(short) - 1)


@njit(cache=True, nogil=True)
def _recall_short(short, low, high, ids, count):  # type: ignore[no-untyped-def]
    """Write the ids of a short pre-token at `ids[count]`; return how many, 0 if it is not in the cache."""
    slot = _short_slot(short, low, high)
    if short[slot, 0] != low or short[slot, 1] & _KEY != high:
        slot ^= 1
        if short[slot, 0] != low or short[slot, 1] & _KEY != high:
            return 0
    first, second = short[slot, 2], short[slot, 3]
    ids[count], ids[count + 1] = first & _LOW, first >> U64(32)
    ids[count + 2], ids[count + 3] = second & _LOW, second >> U64(32)
    return np.int64(short[slot, 1] >> U64(60))


@njit(cache=True, nogil=True)
def _keep_short(short, low, high, ids):  # type: ignore[no-untyped-def]
    """Put a pre-token of up to four ids into its slot; what was there moves to the slot beside it."""
    slot = _short_slot(short, low, high)
    short[slot ^ 1] = short[slot]
    short[slot, 0], short[slot, 1] = low, high | (U64(len(ids)) << U64(60))
    short[slot, 2], short[slot, 3] = U64(0), U64(0)
    for k in range(len(ids)):
        short[slot, 2 + (k >> 1)] |= U64(ids[k]) << U64(32 * (k & 1))


@njit(cache=True, nogil=True)
def _recall_or_merge(data, at, stop, byte_ids, pairs, long, long_ids, ids, merges):  # type: ignore[no-untyped-def]
    """Write the ids of any pre-token; return how many. Those of up to 64 bytes and 30 ids are remembered."""
    size = stop - at
    if size > _LONG_BYTES:
        return merge(data, at, stop, byte_ids, pairs, ids, merges)
    slot = _long_slot(data, at, stop)
    if long_ids[slot, 0] == size and _same(data, at, long[slot], size):
        count = np.int64(long_ids[slot, 1])
        for k in range(count):
            ids[k] = long_ids[slot, 2 + k]
        return count
    count = merge(data, at, stop, byte_ids, pairs, ids, merges)
    if count <= _LONG_IDS and (size > _SHORT_BYTES or count > _SHORT_IDS):
        long[slot, :size] = data[at:stop]
        long_ids[slot, 0], long_ids[slot, 1] = size, count
        for k in range(count):
            long_ids[slot, 2 + k] = ids[k]
    return count


@njit(cache=True, nogil=True)
def _long_slot(data, at, stop):  # type: ignore[no-untyped-def]
    mixed = U64(0)
    for k in range(at, stop):
        mixed = (mixed ^ U64(data[k])) * _SPREAD[0]
    return np.int64(mixed >> U64(32)) & (_LONG_SLOTS - 1)


@njit(cache=True, nogil=True)
def _same(data, at, kept, size):  # type: ignore[no-untyped-def]
    for k in range(size):  # noqa: SIM110 (numba has no all() of a generator)
        if data[at + k] != kept[k]:
            return False
    return True
