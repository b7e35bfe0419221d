"""tiktoken's `encode_to_numpy`, with GPT-2's pattern and the ranks of the same tokenizer."""

import json
from pathlib import Path

import numpy as np
import tiktoken
from encode_digest import digest
from measure import Work, measure

_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""


def prepare(texts: list[str], inputs: Path) -> Work:
    """Control tokens are left out, as they are plain text for the others too."""
    vocab = json.loads((inputs / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    byte_of = {character: byte for byte, character in enumerate(_byte_alphabet())}
    ranks = {bytes(byte_of[character] for character in token): rank for token, rank in vocab.items()}
    encoding = tiktoken.Encoding("bench", pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens={})

    def work() -> list[np.ndarray]:
        return [encoding.encode_to_numpy(text, disallowed_special=()) for text in texts]

    return work


def _byte_alphabet() -> list[str]:
    """The character that stands for each byte in a byte-level vocabulary."""
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return [chr(byte if byte in visible else 0x100 + hidden.index(byte)) for byte in range(256)]


measure(prepare, ["tiktoken"], digest)
