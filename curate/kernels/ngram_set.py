"""A fixed set of word n-grams of one or several lengths, and the scan that finds them in a word stream.

Every word of every document is asked for, and hardly any is there. So the scan rolls one hash only, of the
shortest length in the set, and looks it up in a blocked Bloom filter (Putze, Sanders and Singler 2007: both bits
in one 64-bit word, one cache line) that holds the first words of every n-gram. Where it passes, the hash is
extended to each length and looked up exactly, in an open-addressing table with linear probing.
The arrays depend on nothing but the n-grams, and are saved as `.npy` files that workers memory-map.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.errors import StateError
from curate.kernels.bare import inner_njit
from curate.kernels.hashing import U64, fmix64
from curate.kernels.ngrams import _BASE

_MAX_NGRAMS = 1 << 30


@dataclass(frozen=True)
class Found:
    """N-grams of the set that occur in a batch of texts, ordered by text, word and length.

    Attributes:
        texts: `int64` of shape (found,), the text's number.
        words: `int64` of shape (found,), the first word, as an index into the word stream of the batch.
        lengths: `int64` of shape (found,), in words.
        ngrams: `int32` of shape (found,), the n-gram's number in the set.
    """

    texts: NDArray[np.int64]
    words: NDArray[np.int64]
    lengths: NDArray[np.int64]
    ngrams: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, chosen: NDArray[np.bool_]) -> Found:
        """Those where `chosen`, of shape (found,), is true."""
        return Found(self.texts[chosen], self.words[chosen], self.lengths[chosen], self.ngrams[chosen])


@dataclass(frozen=True)
class NgramSet:
    """A map from the 64-bit hashes of word n-grams (`curate.kernels.ngrams`) to their numbers.

    Two n-grams are told apart by their hashes: among `m` n-grams, a word n-gram of the corpus that is not in the set is
    taken for one of them with probability `m / 2**64`.

    Attributes:
        slots: `uint64`, a power of two of them, at least twice as many as n-grams.
        values: `int32`, the number of the n-gram in the same slot, or -1 where the slot is empty.
        prefixes: `uint64`, a power of two of them: the Bloom filter of the first `lengths[0]` words.
        lengths: `int64`, ascending: the lengths of n-grams in the set, in words.
    """

    slots: NDArray[np.uint64]
    values: NDArray[np.int32]
    prefixes: NDArray[np.uint64]
    lengths: NDArray[np.int64]

    @classmethod
    def build(cls, hashes: NDArray[np.uint64], prefixes: NDArray[np.uint64], lengths: NDArray[np.int64]) -> NgramSet:
        """Number n-grams by their place in `hashes`.

        Args:
            hashes: `uint64`, without repeats: what `ngram_hashes` gives for each n-gram.
            prefixes: `uint64`: what `ngram_hashes` gives for the first `min(lengths)` words of each n-gram; more
                than these do no harm.
            lengths: the lengths that occur, in words; may be empty if there are no n-grams.

        >>> from curate.documents import Documents
        >>> from curate.kernels.ngrams import ngram_hashes
        >>> docs = Documents.from_texts(["to be or not to be", "or Not. To... BE!"])
        >>> known, _ = ngram_hashes(docs.words.hashes[2:6], np.array([0, 4]), 4)
        >>> found = NgramSet.build(known, known, np.array([4])).find(docs.words.hashes, docs.words.offsets)
        >>> found.texts.tolist(), found.words.tolist(), found.ngrams.tolist()
        ([0, 1], [2, 6], [0, 0])
        """
        if len(hashes) > _MAX_NGRAMS:
            raise ValueError(f"{len(hashes)} n-grams; a set holds up to {_MAX_NGRAMS}")
        slots = np.zeros(_power_of_two(2 * len(hashes)), np.uint64)
        values = np.full(len(slots), -1, np.int32)
        bits = np.zeros(_power_of_two(len(prefixes) // 4), np.uint64)
        _fill(hashes, slots, values)
        _fill_filter(prefixes, bits)
        made = cls(slots, values, bits, np.unique(np.asarray(lengths, np.int64)))
        for array in fields(cls):  # as they are when memory-mapped, so that kernels are compiled for one type
            getattr(made, array.name).setflags(write=False)
        return made

    def find(self, hashes: NDArray[np.uint64], offsets: NDArray[np.int64]) -> Found:
        """Every occurrence of an n-gram of the set; `hashes` and `offsets` are those of `Words`."""
        capacity = 1024
        while True:
            out = np.empty((3, capacity), np.int64)
            ngrams = np.empty(capacity, np.int32)
            count = _find(hashes, offsets, self.lengths, self.prefixes, self.slots, self.values, out, ngrams)
            if count <= capacity:
                return Found(out[0, :count], out[1, :count], out[2, :count], ngrams[:count])
            capacity = count  # a batch full of matches is scanned twice, so that no other needs room for them

    def save(self, folder: Path) -> None:
        """Write `ngrams-NAME.npy` into a folder for each array."""
        for array in fields(self):
            np.save(folder / f"ngrams-{array.name}.npy", getattr(self, array.name))

    @classmethod
    def load(cls, folder: Path) -> NgramSet:
        """Memory-map what `save` wrote, so that the processes of a machine share it.

        Raises:
            StateError: a file is missing or damaged.
        """
        arrays = {}
        for array in fields(cls):
            path = folder / f"ngrams-{array.name}.npy"
            try:
                arrays[array.name] = np.asarray(np.load(path, mmap_mode="r"))
            except (OSError, ValueError, EOFError) as error:
                raise StateError(
                    f"{path}: not the n-gram set that was saved ({error}); run again to rebuild"
                ) from error
        return cls(**arrays)


def _power_of_two(at_least: int) -> int:
    return 1 << max(at_least - 1, 0).bit_length()


@njit(cache=True, nogil=True, inline="always")
def _bits(h):  # type: ignore[no-untyped-def]
    """The two bits of the filter that stand for a hash; the word they are in is chosen by other bits of it."""
    return (U64(1) << (h >> U64(58))) | (U64(1) << ((h >> U64(52)) & U64(63)))


@njit(cache=True, nogil=True)
def _fill_filter(hashes, bits):  # type: ignore[no-untyped-def]
    mask = U64(len(bits) - 1)
    for h in hashes:
        bits[h & mask] |= _bits(h)


@njit(cache=True, nogil=True)
def _fill(hashes, slots, values):  # type: ignore[no-untyped-def]
    mask = U64(len(slots) - 1)
    for number in range(len(hashes)):
        slot = hashes[number] & mask
        while values[slot] >= 0:
            slot = (slot + U64(1)) & mask
        slots[slot], values[slot] = hashes[number], number


@inner_njit
def _lookup(h, slots, values):  # type: ignore[no-untyped-def]
    mask = U64(len(slots) - 1)
    slot = h & mask
    while values[slot] >= 0:
        if slots[slot] == h:
            return values[slot]
        slot = (slot + U64(1)) & mask
    return np.int32(-1)


@njit(cache=True, nogil=True)
def _find(hashes, offsets, lengths, prefixes, slots, values, out, ngrams):  # type: ignore[no-untyped-def]
    """Write up to as many matches as there is room for; return how many there are."""
    if len(lengths) == 0:
        return 0
    mask, size = U64(len(prefixes) - 1), lengths[0]
    oldest = U64(1)
    for _ in range(size - 1):
        oldest *= _BASE
    count = np.int64(0)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        rolling = U64(0)
        for last in range(begin, end):
            if last - begin >= size:
                rolling -= hashes[last - size] * oldest
            rolling = rolling * _BASE + hashes[last]
            h = fmix64(rolling ^ U64(size))
            bits = _bits(h)
            if prefixes[h & mask] & bits == bits and last - begin >= size - 1:
                first = last - size + 1
                count = _extend(hashes, text, first, end, rolling, lengths, slots, values, count, out, ngrams)
    return count


@inner_njit
def _extend(hashes, text, first, end, rolling, lengths, slots, values, count, out, ngrams):  # type: ignore[no-untyped-def]
    """Look up the n-grams of all lengths that begin at a word; return the new count of matches."""
    stop = first + lengths[0]
    for length in lengths:
        if first + length > end:
            break
        while stop < first + length:
            rolling = rolling * _BASE + hashes[stop]
            stop += 1
        number = _lookup(fmix64(rolling ^ U64(length)), slots, values)
        if number >= 0:
            if count < len(ngrams):
                out[0, count], out[1, count], out[2, count], ngrams[count] = text, first, length, number
            count += 1
    return count
