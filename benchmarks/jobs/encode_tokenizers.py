"""`encode_batch_fast` of the library tokenizers, in batches, in one thread; its cache stays as it is by default."""

import os
from pathlib import Path

import numpy as np

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from encode_digest import digest
from measure import Work, measure
from tokenizers import Tokenizer

_BATCH_TEXTS = 100


def prepare(texts: list[str], inputs: Path) -> Work:
    """The ids of each batch as a numpy array, as they would be written."""
    tokenizer = Tokenizer.from_file(str(inputs / "tokenizer.json"))

    def work() -> list[np.ndarray]:
        found = []
        for at in range(0, len(texts), _BATCH_TEXTS):
            encodings = tokenizer.encode_batch_fast(texts[at : at + _BATCH_TEXTS], add_special_tokens=False)
            found += [np.array(encoding.ids, np.uint16) for encoding in encodings]
        return found

    return work


measure(prepare, ["tokenizers"], digest)
