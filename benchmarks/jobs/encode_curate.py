"""curate's BPE encoder: ids of all texts, in batches; its cache is empty at the start."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from batches import BATCH_TEXTS
from encode_digest import digest
from measure import Work, measure

from curate.kernels.bpe_encode import BpeEncoder
from curate.kernels.bpe_tables import BpeTables


def prepare(texts: list[str], inputs: Path) -> Work:
    """`encode` of Arrow text to `uint16`, by an encoder that has met no word yet."""
    saved = json.loads((inputs / "tokenizer.json").read_text("utf-8"))
    tables = BpeTables.of_model(saved["model"])
    batches = [pa.array(texts[at : at + BATCH_TEXTS]) for at in range(0, len(texts), BATCH_TEXTS)]

    def work() -> list[np.ndarray]:
        encoder = BpeEncoder(tables)
        return [encoder.encode(batch, np.uint16)[0] for batch in batches]

    return work


measure(prepare, ["curate"], digest, repeats=True)
