"""BPE training by rustbpe, in one thread, with GPT-2's pattern."""

import os
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"

import rustbpe
from measure import Work, measure

_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def prepare(texts: list[str], inputs: Path) -> Work:
    """50,256 tokens and no control token, which the others add at the end."""

    def work() -> rustbpe.Tokenizer:
        tokenizer = rustbpe.Tokenizer()
        tokenizer.train_from_iterator(texts, vocab_size=50_256, pattern=_PATTERN)
        return tokenizer

    return work


measure(prepare, ["rustbpe"], lambda tokenizer: len(tokenizer.get_mergeable_ranks()))
