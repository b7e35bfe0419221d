"""The tables of a byte-level BPE model, read from what `tokenizers` saves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.hashing import U64

#: A pair that is not merged: in place of its rank and the new id.
NO_MERGE = U64(0xFFFFFFFFFFFFFFFF)

_EMPTY = U64(0xFFFFFFFFFFFFFFFF)  # no pair: ids have 31 bits
_SPREAD = (U64(0x9E3779B97F4A7C15), U64(0xC2B2AE3D27D4EB4F))

#: What a model must not use, with the values that mean it does not.
_UNUSED: dict[str, tuple[Any, ...]] = {
    "dropout": (None,),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "byte_fallback": (False,),
    "ignore_merges": (False,),
}


@dataclass(frozen=True)
class BpeTables:
    """Merges and bytes of a byte-level BPE model.

    Attributes:
        byte_ids: `uint32` of shape (256,), the id of each byte.
        pairs: `uint64` of shape (power of two, 2), open addressing with linear probing: a pair of ids
            (`left << 32 | right`), and what it merges to (`rank << 32 | id`). The lowest rank is merged first.
    """

    byte_ids: NDArray[np.uint32]
    pairs: NDArray[np.uint64]

    @classmethod
    def of_model(cls, model: Mapping[str, Any]) -> BpeTables:
        """Of the `model` of a `tokenizer.json` that `unsupported` has nothing against.

        >>> vocab = {character: byte for byte, character in enumerate(byte_alphabet())} | {"ab": 256}
        >>> tables = BpeTables.of_model({"vocab": vocab, "merges": [["a", "b"]]})
        >>> int(find_pair(tables.pairs, ord("a"), ord("b")))
        256
        """
        vocab = model["vocab"]
        byte_ids = np.array([vocab[character] for character in byte_alphabet()], np.uint32)
        merges = [tuple(merge.split(" ")) if isinstance(merge, str) else merge for merge in model["merges"]]
        ids = np.array([(vocab[a], vocab[b], vocab[a + b]) for a, b in merges], np.uint64).reshape(-1, 3)
        pairs = np.full((1 << (2 * len(merges) + 1).bit_length(), 2), _EMPTY, np.uint64)
        _fill(pairs, ids)
        pairs.setflags(write=False)
        return cls(byte_ids, pairs)


def byte_alphabet() -> list[str]:
    """The character that stands for each byte in a byte-level vocabulary: itself if visible, else one from U+0100 on.

    >>> "".join(byte_alphabet()[byte] for byte in b" the\\n")
    'ĠtheĊ'
    """
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return [chr(byte if byte in visible else 0x100 + hidden.index(byte)) for byte in range(256)]


def unsupported(saved: Mapping[str, Any]) -> str | None:
    """What in a tokenizer, as `tokenizers` saves it, our encoder does not do; None if it gives the same ids.

    Control tokens may be there: they are not looked for in a text.
    """
    model, splitter = saved["model"], saved["pre_tokenizer"] or {}
    if model.get("type") != "BPE":
        return f"the model {model.get('type')}"
    if saved["normalizer"] is not None:
        return f"the normalizer {saved['normalizer'].get('type')}"
    if splitter.get("type") != "ByteLevel" or not splitter.get("use_regex", True):
        return f"the pre-tokenizer {splitter.get('type')}, if not ByteLevel with GPT-2's pattern"
    if splitter.get("add_prefix_space", True):
        return "add_prefix_space"
    for name, values in _UNUSED.items():
        if model.get(name, values[0]) not in values:
            return name
    if not all(token["special"] for token in saved["added_tokens"]):
        return "added tokens that are not control tokens"
    if not model["vocab"].keys() >= set(byte_alphabet()):
        return "a vocabulary without all 256 bytes"
    return None


@njit(cache=True, nogil=True)
def _fill(pairs, ids):  # type: ignore[no-untyped-def]
    mask = U64(len(pairs) - 1)
    for rank in range(len(ids)):
        pair = (ids[rank, 0] << U64(32)) | ids[rank, 1]
        slot = _slot(ids[rank, 0], ids[rank, 1], mask)
        while pairs[slot, 0] != _EMPTY:
            slot = (slot + U64(1)) & mask
        pairs[slot, 0], pairs[slot, 1] = pair, (U64(rank) << U64(32)) | ids[rank, 2]


@njit(cache=True, nogil=True)
def _slot(left, right, mask):  # type: ignore[no-untyped-def]
    return ((U64(left) * _SPREAD[0] + U64(right) * _SPREAD[1]) >> U64(32)) & mask


@njit(cache=True, nogil=True)
def find_pair(pairs, left, right):  # type: ignore[no-untyped-def]
    """`rank << 32 | id` of the merge of two ids, or `NO_MERGE`."""
    pair = (U64(left) << U64(32)) | U64(right)
    mask = U64(len(pairs) - 1)
    slot = _slot(left, right, mask)
    while pairs[slot, 0] != _EMPTY:
        if pairs[slot, 0] == pair:
            return pairs[slot, 1]
        slot = (slot + U64(1)) & mask
    return NO_MERGE
