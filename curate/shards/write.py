"""The writer of packed token shards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, model_validator

from curate.corpus import Corpus
from curate.memory import require
from curate.shards.card import card
from curate.shards.gather import gather
from curate.shards.layout import Layout, lay_out
from curate.shards.manifest import manifest, shard_name
from curate.shards.order import ordered_pieces
from curate.shards.provenance import write_provenance
from curate.stage import Writer
from curate.storage import atomic_file

TOKENIZER = "*_tokenizer"

#: Bytes of tokens in a record batch, about.
BATCH_BYTES = 1 << 22


class WriteTokens(Writer):
    """Pack the corpus into rows of exactly `sequence_length` tokens, in Arrow shards.

    Documents are written in the order of the mix, or shuffled where there was none, each piece followed by one
    end-of-text token; a row begins where the one before ended, in the middle of a document if need be. No token is
    padding, and none is lost but the tail that does not fill the last row, which the manifest counts.

    A shard is an Arrow IPC stream, the form that `datasets` maps into memory, with one column `input_ids`:
    a fixed-size list of `uint16`, or `uint32` if the vocabulary has more than 65,536 tokens. Beside the shards stand
    `provenance.parquet` (which document each range of a row came from), `manifest.json` (sizes and sha256),
    `tokenizer.json` and a dataset card. Writing a shard holds its tokens in memory, 2 or 4 bytes each, and
    8 MB of the layout.

    Raises:
        InputError: no document is left, some have no tokens, or all have fewer tokens than a row.
    """

    name: ClassVar[str] = "write_tokens"
    needs: ClassVar[tuple[str, ...]] = ("*_tokenizer.tokens", "mix.positions")
    requires: ClassVar[tuple[str, ...]] = (TOKENIZER,)

    format: Literal["arrow"] = Field("arrow", description="Arrow IPC streams.")
    sequence_length: int = Field(2048, ge=1, le=1 << 24, description="Tokens in a row.")
    shard_tokens: int = Field(100_000_000, ge=1, description="The most tokens in a shard, which holds whole rows.")
    seed: int | None = Field(None, description="Of the shuffle where there is no mix. None: the pipeline's, or 0.")

    @model_validator(mode="after")
    def _a_shard_holds_a_row(self) -> WriteTokens:
        if self.shard_tokens < self.sequence_length:
            raise ValueError(
                f"shard_tokens, {self.shard_tokens}, is less than one row of sequence_length {self.sequence_length}"
            )
        return self

    def layout(self, corpus: Corpus, state: Path) -> int:
        """Put all pieces in order and cut their sequence into rows and shards; see `curate.shards.layout`."""
        with TemporaryDirectory(dir=state) as scratch:
            pieces = ordered_pieces(corpus, self.seed or 0, Path(scratch))
            layout = lay_out(pieces, self.sequence_length, self.shard_tokens, state)
        begin, end = layout.span(0)
        needed = 2 * (end - begin) * np.dtype(_tokenizer_info(corpus)["dtype"]).itemsize
        require(needed, corpus.max_memory_bytes, f"{self.name}: a shard", "lower shard_tokens")
        return layout.shards

    def write_shard(self, corpus: Corpus, state: Path, shard: int, folder: Path) -> dict[str, int]:
        """Write `train-SSSSS-of-NNNNN.arrow`.

        Returns:
            Its `rows` and `tokens`, and the `documents` (copies of them) that begin in it.
        """
        layout = Layout.load(state)
        info = _tokenizer_info(corpus)
        begin, end = layout.span(shard)
        tokens = gather(corpus, layout, begin, end, info["end_of_text_id"], info["dtype"])
        rows = tokens.reshape(-1, self.sequence_length)
        _write_stream(folder / shard_name(shard, layout.shards), rows)
        copies = layout.copies_before(end) - layout.copies_before(begin)
        return {"rows": len(rows), "tokens": tokens.size, "documents": copies}

    def finish(self, corpus: Corpus, state: Path, folder: Path) -> None:
        """Write the provenance, the tokenizer, the manifest and the dataset card beside the shards."""
        layout = Layout.load(state)
        info = _tokenizer_info(corpus)
        write_provenance(layout, folder)
        with atomic_file(folder / "tokenizer.json") as temporary:
            shutil.copyfile(corpus.state(TOKENIZER) / "tokenizer.json", temporary)
        described = manifest(layout, info, folder)
        with atomic_file(folder / "manifest.json") as temporary:
            temporary.write_text(json.dumps(described, indent=2) + "\n", "utf-8")
        with atomic_file(folder / "README.md") as temporary:
            temporary.write_text(card(described), "utf-8")


def _tokenizer_info(corpus: Corpus) -> dict[str, Any]:
    info: dict[str, Any] = json.loads((corpus.state(TOKENIZER) / "tokenizer_info.json").read_text("utf-8"))
    return info


def _write_stream(path: Path, rows: NDArray[np.generic]) -> None:
    """Write rows of tokens as an Arrow IPC stream of record batches of about `BATCH_BYTES`."""
    length = rows.shape[1]
    schema = pa.schema([pa.field("input_ids", pa.list_(pa.from_numpy_dtype(rows.dtype), length))])
    step = max(1, BATCH_BYTES // (length * rows.itemsize))
    with pa.ipc.new_stream(str(path), schema) as writer:
        for begin in range(0, len(rows), step):
            values = pa.array(rows[begin : begin + step].reshape(-1))
            column = pa.FixedSizeListArray.from_arrays(values, type=schema.field("input_ids").type)
            writer.write_batch(pa.record_batch([column], schema=schema))
