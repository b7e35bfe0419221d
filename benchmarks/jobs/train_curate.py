"""curate's BPE training, from text to a tokenizer with 50,257 tokens."""

from pathlib import Path

from measure import Work, measure
from train_vocabulary import digest

from curate.tokenize.train import train_bpe


def prepare(texts: list[str], inputs: Path) -> Work:
    """GPT-2's pattern."""
    return lambda: train_bpe(texts, 50_257, "<|endoftext|>")


measure(prepare, ["curate"], digest)
