"""datasketch's MinHash from text, by its bulk call: word 5-grams made in Python, as its users do."""

import re
from pathlib import Path

from datasketch import MinHash
from measure import Work, measure

_WORD = re.compile(r"\w+")
_NGRAM = 5


def shingles(text: str) -> list[bytes]:
    """The word 5-grams of a text."""
    words = _WORD.findall(text.lower())
    return [" ".join(words[at : at + _NGRAM]).encode() for at in range(max(1, len(words) - _NGRAM + 1))]


def prepare(texts: list[str], inputs: Path) -> Work:
    """128 permutations, the library's defaults."""

    def work() -> int:
        return len(MinHash.bulk([shingles(text) for text in texts], num_perm=128))

    return work


measure(prepare, ["datasketch"])
