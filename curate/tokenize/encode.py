"""Texts to token ids, and the files that carry a tokenizer from the stage that made it to those that use it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.documents import SPLIT, Documents
from curate.stage import Annotations
from curate.tokenize.compiled import CompiledTokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

logger = logging.getLogger("curate")

TOKENIZER_FILE = "tokenizer.json"
INFO_FILE = "tokenizer_info.json"

#: Texts are handed to `tokenizers` in calls of about this many characters, so that few of its results exist at once.
CALL_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Encoder:
    """A tokenizer that is ready to encode.

    Attributes:
        tokenizer: of the `tokenizers` library, set to read control tokens in a text as plain text.
        dtype: of the ids: `uint16` if the vocabulary has at most 65,536 tokens, else `uint32`.
        compiled: ours, where it can take the tokenizer's place.
    """

    tokenizer: Tokenizer
    dtype: np.dtype[Any]
    compiled: CompiledTokenizer | None = None

    @classmethod
    def of_state(cls, state: Path) -> Encoder:
        """The encoder whose files `save` wrote into the folder `state`."""
        from tokenizers import Tokenizer

        # One process per core is the caller's business; a pool of threads in each would only get in the way.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        info = json.loads((state / INFO_FILE).read_text("utf-8"))
        tokenizer = Tokenizer.from_file(str(state / TOKENIZER_FILE))
        tokenizer.encode_special_tokens = True
        tokenizer.no_truncation()
        tokenizer.no_padding()
        saved = json.loads(tokenizer.to_str())
        return cls(tokenizer, np.dtype(info["dtype"]), _compiled(saved))

    def annotate(self, docs: Documents) -> Annotations:
        """Encode each piece of each document.

        Returns:
            Columns `tokens` (`int64`, one end-of-text token for each piece included) and `text_bytes` (`int64`,
            bytes of the pieces). A table `tokens`: `id`; `piece` (`int32`), which of the pieces of the text
            between its `SPLIT` marks; `tokens`, a list of `uint16` or `uint32` without the end-of-text token; in
            document order. Pieces without tokens are left out; a document without pieces is dropped (`no_tokens`).
        """
        split = pc.split_pattern(docs.text, SPLIT)
        texts, rows = split.flatten(), pc.list_parent_indices(split).to_numpy()
        pieces = np.arange(len(rows), dtype=np.int32) - split.offsets.to_numpy()[rows]
        tokens = self.encode(texts)
        lengths = tokens.value_lengths().to_numpy().astype(np.int64)
        columns = {
            "tokens": _sum_by_row(rows, lengths + (lengths > 0), len(docs)),
            "text_bytes": _sum_by_row(rows, pc.binary_length(texts).to_numpy(zero_copy_only=False), len(docs)),
        }
        said = Annotations.of_rules({"no_tokens": columns["tokens"] == 0}, len(docs), columns)
        table = pa.table({"id": docs.id.take(pa.array(rows)), "piece": pieces.astype(np.int32), "tokens": tokens})
        said.tables["tokens"] = table if lengths.all() else table.filter(pa.array(lengths > 0))
        return said

    def encode(self, texts: pa.StringArray) -> pa.ListArray:
        """The ids of each text, without any control token: a list of `uint16` or `uint32` for each."""
        if self.compiled is None:
            return self._encode_by_library(texts)
        covered = self.compiled.covers(texts)
        if covered.all():
            return self.compiled.encode(texts, self.dtype)
        ours, theirs = texts.filter(covered), texts.filter(~covered)
        ids = pa.concat_arrays([self.compiled.encode(ours, self.dtype), self._encode_by_library(theirs)])
        return ids.take(pa.array(np.argsort(np.argsort(~covered, kind="stable"))))

    def _encode_by_library(self, texts: pa.StringArray) -> pa.ListArray:
        lengths: list[int] = []
        ids: list[NDArray[Any]] = [np.empty(0, self.dtype)]
        for call in _calls(texts):
            encodings = self.tokenizer.encode_batch_fast(call, add_special_tokens=False)
            ids += [np.array(encoding.ids, self.dtype) for encoding in encodings]
            lengths += map(len, encodings)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.concatenate(ids)))


def save(tokenizer: Tokenizer, end_of_text: str, state: Path) -> None:
    """Write `tokenizer.json`, which `tokenizers` and `transformers` load, and what the writers of shards need.

    `tokenizer_info.json` holds `vocab_size` (one more than the largest id), `dtype` of the ids, `end_of_text` and
    `end_of_text_id`.
    """
    vocab_size = max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1
    info = {
        "vocab_size": vocab_size,
        "dtype": "uint16" if vocab_size <= 1 << 16 else "uint32",
        "end_of_text": end_of_text,
        "end_of_text_id": tokenizer.token_to_id(end_of_text),
    }
    (state / TOKENIZER_FILE).write_text(tokenizer.to_str(), "utf-8")
    (state / INFO_FILE).write_text(json.dumps(info, indent=2) + "\n", "utf-8")


def _compiled(saved: dict[str, Any]) -> CompiledTokenizer | None:
    try:
        return CompiledTokenizer.of_saved(saved)
    except ValueError as reason:
        logger.warning("the library `tokenizers` encodes, many times slower, since ours does not cover %s", reason)
        return None


def _calls(texts: pa.StringArray) -> Iterator[list[str]]:
    """Texts in order, about `CALL_CHARACTERS` at a time."""
    call: list[str] = []
    size = 0
    for text in texts.to_pylist():
        call.append(text)
        size += len(text)
        if size >= CALL_CHARACTERS:
            yield call
            call, size = [], 0
    yield call


def _sum_by_row(rows: NDArray[np.int64], values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.bincount(rows, weights=values, minlength=count).astype(np.int64)
