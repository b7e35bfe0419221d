"""Texts to token ids, and the files that carry a tokenizer from the stage that made it to those that use it."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.documents import SPLIT, Documents
from curate.stage import Annotations

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from curate.kernels.bpe_encode import BpeEncoder

logger = logging.getLogger("curate")

TOKENIZER_FILE = "tokenizer.json"
INFO_FILE = "tokenizer_info.json"

#: Long texts are encoded in windows of about this many bytes. One text of 9.3 MB took 1.2 GB whole, 67 MB in windows.
WINDOW_BYTES = 1 << 16
#: Texts are handed to `tokenizers` in calls of about this many bytes, so that few of its results exist at once.
CALL_BYTES = 1 << 20

#: Between these two bytes GPT-2's pattern always ends a pre-token, whatever stands before and after.
_BOUNDARY = re.compile(rb"[!-~](?=[ \n])")


@dataclass(frozen=True)
class Encoder:
    """A tokenizer that is ready to encode.

    Attributes:
        tokenizer: of the `tokenizers` library, set to read control tokens in a text as plain text.
        dtype: of the ids: `uint16` if the vocabulary has at most 65,536 tokens, else `uint32`.
        windowed: whether a long text may be encoded in windows with the same result.
        compiled: our own encoder, which gives the same ids, where the tokenizer is of the kind that it covers.
    """

    tokenizer: Tokenizer
    dtype: np.dtype[Any]
    windowed: bool
    compiled: BpeEncoder | None = None

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
        return cls(tokenizer, np.dtype(info["dtype"]), _windowed(saved), _compiled(saved))

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
        if self.compiled:
            found, starts = self.compiled.encode(texts, self.dtype)
            return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), pa.array(found))
        lengths = np.zeros(len(texts), np.int64)
        ids: list[NDArray[Any]] = [np.empty(0, self.dtype)]
        for rows, windows in self._calls(texts):
            encodings = self.tokenizer.encode_batch_fast(windows, add_special_tokens=False)
            ids += [np.array(encoding.ids, self.dtype) for encoding in encodings]
            np.add.at(lengths, rows, [len(encoding) for encoding in encodings])
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.concatenate(ids)))

    def _calls(self, texts: pa.StringArray) -> Iterator[tuple[list[int], list[str]]]:
        """Windows of texts with the number of their text, about `CALL_BYTES` at a time."""
        rows: list[int] = []
        windows: list[str] = []
        size = 0
        for row, text in enumerate(texts.to_pylist()):
            for window in gpt2_windows(text) if self.windowed else [text]:
                rows.append(row)
                windows.append(window)
                size += len(window)
                if size >= CALL_BYTES:
                    yield rows, windows
                    rows, windows, size = [], [], 0
        yield rows, windows


def gpt2_windows(text: str, window_bytes: int | None = None) -> Sequence[str]:
    """Cut a long text where GPT-2's pattern ends a pre-token anyway, so that no token changes.

    The pattern never joins a visible character to white space after it, and looks only ahead, so the cut is made
    before a space or newline that follows a visible ASCII character. A text without such a place stays whole.

    Args:
        text: any text.
        window_bytes: a window ends at the first safe place after this many bytes; by default `WINDOW_BYTES`.

    >>> gpt2_windows("one two  three", window_bytes=2)
    ['one', ' two', '  three']
    """
    size = window_bytes or WINDOW_BYTES
    if len(text) * 4 <= size:
        return [text]
    data = text.encode()
    cuts = [0]
    while match := _BOUNDARY.search(data, cuts[-1] + size - 1):
        cuts.append(match.end())
    return [data[start:stop].decode() for start, stop in zip(cuts, [*cuts[1:], len(data)], strict=True)]


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


def _compiled(saved: dict[str, Any]) -> BpeEncoder | None:
    """Our encoder, if it covers a tokenizer, as `tokenizers` saves it."""
    from curate.kernels.bpe_encode import BpeEncoder
    from curate.kernels.bpe_tables import BpeTables, unsupported

    reason = unsupported(saved)
    if reason:
        logger.warning("the library `tokenizers` encodes, several times slower, since ours does not cover %s", reason)
        return None
    return BpeEncoder(BpeTables.of_model(saved["model"]))


def _windowed(saved: dict[str, Any]) -> bool:
    """Whether a tokenizer splits by GPT-2's pattern and by nothing else that could span a cut."""
    splitter = saved["pre_tokenizer"] or {}
    return (
        saved["normalizer"] is None
        and splitter.get("type") == "ByteLevel"
        and splitter.get("use_regex", True)
        and not splitter.get("add_prefix_space", True)
        and all(token["special"] for token in saved["added_tokens"])
    )


def _sum_by_row(rows: NDArray[np.int64], values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.bincount(rows, weights=values, minlength=count).astype(np.int64)
