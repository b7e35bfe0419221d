"""The tables of a byte-level BPE model, read from what `tokenizers` saves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.hashing import U64

_ID_BITS, _RANK_BITS = U64(21), U64(22)
_MAX_IDS, _MAX_RANKS = 1 << 21, (1 << 22) - 1

#: A pair that is not merged has this rank.
NO_MERGE = np.uint32(_MAX_RANKS)
NO_TOKEN = -1

_EMPTY = U64(0xFFFFFFFFFFFFFFFF)
_SPREAD = U64(0x9E3779B97F4A7C15)

#: What a model must not use, with the values that mean it does not.
_UNUSED: dict[str, tuple[Any, ...]] = {
    "dropout": (None, 0.0),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "byte_fallback": (False,),
}


class BpeTables(NamedTuple):
    """Merges, bytes and whole tokens of a byte-level BPE model; a tuple, which numba takes as it is.

    Attributes:
        byte_parts: `uint64` of shape (65536,), for two bytes, `left << 8 | right`: the id of the left one, and `<< 32`
            the rank of their merge. The lowest rank is merged first.
        merged: `uint32`, the id that a merge gives, by rank.
        pairs: `uint64` of a length that is a power of two, open addressing with linear probing: the rank of a pair of
            ids, all in one word (21, 21 and 22 bits).
        whole: `int64` of shape (n + 1, 2), the tokens that a pre-token becomes without merges if it equals one
            (`ignore_merges`, as in Llama 3): where in `whole_bytes` each begins, and its id; at last where they end.
        whole_bytes: `uint8`; empty if the model has no such rule.
        whole_slots: `int32` of a length that is a power of two: the tokens by their hash, -1 where none is.
    """

    byte_parts: NDArray[np.uint64]
    merged: NDArray[np.uint32]
    pairs: NDArray[np.uint64]
    whole: NDArray[np.int64]
    whole_bytes: NDArray[np.uint8]
    whole_slots: NDArray[np.int32]

    @classmethod
    def of_model(cls, model: Mapping[str, Any]) -> BpeTables:
        """Of the `model` of a `tokenizer.json` that `unsupported_model` has nothing against.

        >>> vocab = {character: byte for byte, character in enumerate(byte_alphabet())} | {"ab": 256}
        >>> tables = BpeTables.of_model({"vocab": vocab, "merges": [["a", "b"]]})
        >>> int(tables.byte_parts[ord("a") << 8 | ord("b")] >> U64(32)), tables.merged.tolist()
        (0, [256])
        """
        vocab = model["vocab"]
        byte_ids = np.array([vocab[character] for character in byte_alphabet()], np.uint32)
        merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
        ids = np.array([(vocab[a], vocab[b], vocab[a + b]) for a, b in merges], np.uint32).reshape(-1, 3)
        pairs = np.full(1 << (2 * len(merges) + 1).bit_length(), _EMPTY, np.uint64)
        byte_parts = np.empty(1 << 16, np.uint64)
        _fill_pairs(ids, byte_ids, pairs, byte_parts)
        whole = _whole_tokens(vocab if model.get("ignore_merges") else {})
        return cls(byte_parts, np.ascontiguousarray(ids[:, 2]), pairs, *whole)

    def largest_id(self) -> int:
        """The largest id that a text can have."""
        ids = self.byte_parts & U64(0xFFFFFFFF), self.merged, self.whole[:, 1]
        return max(int(part.max(initial=0)) for part in ids)


def byte_alphabet() -> list[str]:
    """The character that stands for each byte in a byte-level vocabulary: itself if visible, else one from U+0100 on.

    >>> "".join(byte_alphabet()[byte] for byte in b" the\\n")
    'ĠtheĊ'
    """
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return [chr(byte if byte in visible else 0x100 + hidden.index(byte)) for byte in range(256)]


def unsupported_model(model: Mapping[str, Any]) -> str | None:
    """What in the `model` of a `tokenizer.json` our encoder does not do; None if it gives the same ids."""
    if model.get("type") != "BPE":
        return f"the model {model.get('type')}"
    for name, values in _UNUSED.items():
        if model.get(name, values[0]) not in values:
            return name
    if len(model["merges"]) > _MAX_RANKS or max(model["vocab"].values()) >= _MAX_IDS:
        return f"a vocabulary of more than {_MAX_IDS:,} tokens"
    if not model["vocab"].keys() >= set(byte_alphabet()):
        return "a vocabulary without all 256 bytes"
    return None


def _whole_tokens(vocab: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int32]]:
    """Starts and ids, bytes, and slots of the tokens that are strings of bytes."""
    bytes_of = {ord(character): byte for byte, character in enumerate(byte_alphabet())}
    tokens = [token for token in vocab if token and bytes_of.keys() >= set(map(ord, token))]
    whole = np.zeros((len(tokens) + 1, 2), np.int64)
    whole[1:, 0] = np.cumsum([len(token) for token in tokens])
    whole[:-1, 1] = [vocab[token] for token in tokens]
    data = np.array(bytearray("".join(tokens).translate(bytes_of).encode("latin-1")), np.uint8)
    data.setflags(write=False)  # as text is, so that numba compiles once for both
    slots = np.full(1 << (2 * len(tokens)).bit_length(), NO_TOKEN, np.int32)
    _fill_whole(whole, data, slots)
    return whole, data, slots


@bare_njit
def _fill_pairs(ids, byte_ids, pairs, byte_parts):  # type: ignore[no-untyped-def]
    mask = U64(len(pairs) - 1)
    for rank in range(len(ids)):
        pair = (U64(ids[rank, 0]) << _ID_BITS) | U64(ids[rank, 1])
        slot = _slot(pair, mask)
        while pairs[slot] != _EMPTY and pairs[slot] >> _RANK_BITS != pair:  # of a pair listed twice the last counts
            slot = (slot + U64(1)) & mask
        pairs[slot] = (pair << _RANK_BITS) | U64(rank)
    for left in range(256):
        for right in range(256):
            rank = find_rank(pairs, byte_ids[left], byte_ids[right])
            byte_parts[(left << 8) | right] = (U64(rank) << U64(32)) | U64(byte_ids[left])


@inner_njit
def _slot(pair, mask):  # type: ignore[no-untyped-def]
    return ((pair * _SPREAD) >> U64(32)) & mask


@inner_njit
def find_rank(pairs, left, right):  # type: ignore[no-untyped-def]
    """The rank of the merge of two ids, or `NO_MERGE`."""
    pair, mask = (U64(left) << _ID_BITS) | U64(right), U64(len(pairs) - 1)
    slot = _slot(pair, mask)
    while pairs[slot] != _EMPTY:
        if pairs[slot] >> _RANK_BITS == pair:
            return np.uint32(pairs[slot] & U64(NO_MERGE))
        slot = (slot + U64(1)) & mask
    return NO_MERGE


@bare_njit
def _fill_whole(whole, data, slots):  # type: ignore[no-untyped-def]
    for token in range(len(whole) - 1):
        slots[_whole_slot(data, whole[token, 0], whole[token + 1, 0], whole, data, slots)] = token


@inner_njit
def find_whole(text, begin, end, tables):  # type: ignore[no-untyped-def]
    """The id of the token that a pre-token equals, or `NO_TOKEN`."""
    token = tables.whole_slots[_whole_slot(text, begin, end, tables.whole, tables.whole_bytes, tables.whole_slots)]
    return tables.whole[token, 1] if token != NO_TOKEN else NO_TOKEN


@inner_njit
def _whole_slot(text, begin, end, whole, data, slots):  # type: ignore[no-untyped-def]
    """The slot of the token that `text[begin:end]` equals, or the empty one where it would be."""
    mixed, mask = U64(end - begin), U64(len(slots) - 1)
    for k in range(begin, end):
        mixed = (mixed ^ U64(text[k])) * _SPREAD
    slot = (mixed >> U64(32)) & mask
    while slots[slot] != NO_TOKEN:
        first, same = whole[slots[slot], 0], 0
        if whole[slots[slot] + 1, 0] - first == end - begin:
            while same < end - begin and text[begin + same] == data[first + same]:
                same += 1
            if same == end - begin:
                break
        slot = (slot + U64(1)) & mask
    return slot
