"""Byte-level BPE: the ids that `tokenizers` gives, from Arrow text, without Python per document.

Text is split by `curate.kernels.pretokenize`, and nearly every pre-token has been met before. So its ids are taken
from a cache (`bpe_cache`), which is kept between batches; merges (`bpe_merge`) are computed for the others only.

Measured on 36 MB of English (7,381 documents; the others on 2,500 of them), one core, vocabulary of 50,257, in one run,
MB/s. The ids of all documents are equal.

| pattern | empty cache | filled cache | `tokenizers` 0.23 `encode_batch_fast` | `tiktoken` 0.14 `encode_to_numpy` |
|---|---|---|---|---|
| gpt2 | 197 | 274 | 2.8 | 13.6 |
| cl100k, llama3 | 176 | 228 | 2.4 | 12.5 |
| o200k | 157 | 209 | 2.0 | 14.2 |
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.bits import prefetch
from curate.kernels.bpe_cache import (
    LONG_BYTES,
    LONG_IDS,
    SHORT_BYTES,
    SHORT_IDS,
    SHORT_PLACE_BYTES,
    BpeCache,
    has_short,
    keep_long,
    keep_short,
    recall_long,
    short_key,
    short_place,
)
from curate.kernels.bpe_merge import MergeScratch, merge
from curate.kernels.bpe_tables import BpeTables
from curate.kernels.buffers import text_buffers
from curate.kernels.hashing import U64
from curate.kernels.pretoken_patterns import PATTERNS
from curate.kernels.pretokenize import character_classes, next_end

_MAX_TEXT_BYTES = 1 << 31
_SCRATCH_BYTES = 1 << 12
_WINDOW_BYTES = 64
_NO_PLACE = -1
_ID = U64(0xFFFFFFFF)


class BpeEncoder:
    """Encodes texts, and remembers the pre-tokens it has met. Not for use by several threads at once.

    Args:
        tables: of a model for which `bpe_tables.unsupported_model` is None.
        pattern: by which text is split, one of the names in `pretoken_patterns.PATTERNS`.
    """

    def __init__(self, tables: BpeTables, pattern: str = "gpt2"):
        self.tables = tables
        self.pattern = PATTERNS[pattern]
        self._largest_id = tables.largest_id()
        self._cache = BpeCache.empty()
        self._scratch = MergeScratch.of_size(_SCRATCH_BYTES)

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
            ValueError: a text is null or not UTF-8, or longer than 2 GiB; or `dtype` is too narrow.

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
        if np.iinfo(dtype).max < self._largest_id:
            raise ValueError(f"{np.dtype(dtype)} is too narrow for the id {self._largest_id}")
        # One id per byte at most; the system gives memory for what is written, a fourth of it in English.
        ids = np.empty(len(data) + SHORT_IDS, dtype)
        offsets = np.zeros(len(starts), np.int64)
        given = data, starts, character_classes(self.pattern), self.pattern, self.tables, self._cache
        found, scratch = np.empty((_WINDOW_BYTES, 4), np.uint64), self._scratch
        row = at = count = 0
        while row < len(texts):
            row, at, count, needed = _encode(*given, found, scratch, ids, offsets, row, at, count)
            if needed:
                scratch = MergeScratch.of_size(needed)
        ids.resize(int(offsets[-1]), refcheck=False)  # gives back what no id was written to
        return ids, offsets


@bare_njit
def _encode(data, starts, classes, pattern, tables, cache, found, scratch, ids, offsets, first, at, count):  # type: ignore[no-untyped-def]
    """Write the ids of texts into `ids` from `count` on, and into `offsets` where those of each text end.

    Begins with the text `first`, at the byte `at` or where it begins. Returns the text, the byte and the count where
    it stopped; and the size of the pre-token for which `scratch` is too small, or 0 after the last text.
    """
    short = cache.short
    for row in range(first, len(starts) - 1):
        at, end = at if at > starts[row] else starts[row], starts[row + 1]
        while at < end:
            for k in range(_look_ahead(data, at, end, classes, pattern, short, found)):
                stop, place = np.int64(found[k, 0]), np.int64(found[k, 1])
                if place != _NO_PLACE and has_short(short, place, found[k, 2], found[k, 3]):
                    left, right = short[place, 2], short[place, 3]
                    ids[count], ids[count + 1] = left & _ID, left >> U64(32)
                    ids[count + 2], ids[count + 3] = right & _ID, right >> U64(32)
                    count += np.int64(short[place, 1] >> U64(60))
                elif stop - at > len(scratch.parts):
                    return row, at, count, stop - at
                else:
                    added = _recall_or_merge(data, at, stop, tables, cache, scratch)
                    if place != _NO_PLACE and added <= SHORT_IDS:
                        keep_short(short, place, found[k, 2], found[k, 3], scratch.parts, added)
                    for part in range(added):
                        ids[count + part] = scratch.parts[part] & _ID
                    count += added
                at = stop
        offsets[row + 1] = count
    return len(starts) - 1, at, count, 0


@inner_njit
def _look_ahead(data, at, end, classes, pattern, short, found):  # type: ignore[no-untyped-def]
    """Find one pre-token or more from `at` on, and ask for their places in the cache; return how many."""
    text, size = U64(data.ctypes.data), len(data)
    window, ends, count = at, U64(0), 0
    while count == 0 or ends != U64(0):
        stop, window, ends = next_end(text, size, at, end, U64(classes.ctypes.data), pattern, window, ends)
        found[count, 0], found[count, 1] = stop, _NO_PLACE
        if stop - at <= SHORT_BYTES and at + SHORT_BYTES < size:
            low, high = short_key(text, at, stop - at)
            place = short_place(low, high)
            prefetch(U64(short.ctypes.data) + U64(place * SHORT_PLACE_BYTES))
            found[count, 1], found[count, 2], found[count, 3] = place, low, high
        count += 1
        at = stop
    return count


@inner_njit
def _recall_or_merge(data, at, stop, tables, cache, scratch):  # type: ignore[no-untyped-def]
    """Write the ids of any pre-token into `scratch.parts`; return how many."""
    if stop - at > LONG_BYTES or at + LONG_BYTES > len(data):
        return merge(data, at, stop, tables, scratch)
    count = recall_long(cache, U64(data.ctypes.data), at, stop - at, scratch.parts)
    if count == 0:
        count = merge(data, at, stop, tables, scratch)
        if count <= LONG_IDS and (stop - at > SHORT_BYTES or count > SHORT_IDS):
            keep_long(cache, scratch.parts, count)
    return count
