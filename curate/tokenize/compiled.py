"""Which tokenizers our encoder takes the place of, and for which texts.

The `tokenizer.json` of a byte-level BPE model has one of the patterns of `pretoken_patterns`; often form C as its
normalizer (GPT-NeoX, Command R, Qwen); and added tokens, some of them not marked as control tokens, so that they are
looked for in a text (Qwen's `<think>`). Few texts need the last two, and these few are left to the library.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curate.kernels.bpe_encode import BpeEncoder


@dataclass(frozen=True)
class CompiledTokenizer:
    """Our encoder in place of a tokenizer of the `tokenizers` library, for the texts that it gives the same ids.

    Attributes:
        encoder: splits and merges.
        nfc: whether the tokenizer brings texts into normalisation form C first. Ours takes those that are in it.
        literals: tokens that it looks for in a text before all else, control tokens apart. Ours takes texts without
            any.
    """

    encoder: BpeEncoder
    nfc: bool = False
    literals: tuple[str, ...] = ()

    @classmethod
    def of_saved(cls, saved: Mapping[str, Any]) -> CompiledTokenizer:
        """Of a tokenizer as `tokenizers` saves it, where control tokens in a text are to be read as text.

        Raises:
            ValueError: ours cannot take its place; the message names what is in the way.
        """
        from curate.kernels.bpe_encode import BpeEncoder
        from curate.kernels.bpe_tables import BpeTables, unsupported_model
        from curate.kernels.pretoken_patterns import pattern_of

        if reason := unsupported_model(saved["model"]):
            raise ValueError(reason)
        normalizers = _normalizers(saved["normalizer"])
        if others := normalizers - {"NFC"}:
            raise ValueError(f"the normalizer {', '.join(sorted(others))}")
        pattern = pattern_of(saved["pre_tokenizer"])
        added = {token["content"] for token in saved["added_tokens"] if not token["special"]}
        literals = added | {unicodedata.normalize("NFC", literal) for literal in added}
        encoder = BpeEncoder(BpeTables.of_model(saved["model"]), pattern)
        return cls(encoder, bool(normalizers), tuple(sorted(literals)))

    def covers(self, texts: pa.Array) -> NDArray[np.bool_]:
        """Which texts ours gives the same ids, for each whether it does."""
        from curate.kernels.nfc import surely_nfc

        covered = surely_nfc(texts) if self.nfc else np.ones(len(texts), np.bool_)
        if self.literals:
            # RE2 looks for all of them at once; each character is written as its number, so none is an operator.
            regex = "|".join(
                "".join(f"\\x{{{ord(character):X}}}" for character in literal) for literal in self.literals
            )
            covered &= ~pc.match_substring_regex(texts, regex).to_numpy(zero_copy_only=False)
        return covered

    def encode(self, texts: pa.Array, dtype: np.dtype[Any]) -> pa.ListArray:
        """The ids of texts that it covers: a list of `dtype` for each."""
        ids, starts = self.encoder.encode(texts, dtype)
        return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), pa.array(ids))


def _normalizers(normalizer: Mapping[str, Any] | None) -> set[str]:
    """The types of a normalizer, or of those of which a sequence consists."""
    if normalizer is None:
        return set()
    if normalizer["type"] != "Sequence":
        return {normalizer["type"]}
    return {kind for part in normalizer["normalizers"] for kind in _normalizers(part)}
