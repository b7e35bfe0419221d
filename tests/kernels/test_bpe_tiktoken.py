"""The compiled encoder gives the ids of `tiktoken`, by each pattern of which both know how the other writes it."""

from __future__ import annotations

import io
import json
import random
from itertools import pairwise
from pydoc_data.topics import topics

import numpy as np
import pyarrow as pa
import pytest
import tiktoken
import zstandard
from bpe_patterns import PIECES
from tiktoken_ext.openai_public import r50k_pat_str

from curate.kernels.bpe_encode import BpeEncoder
from curate.kernels.bpe_tables import BpeTables, byte_alphabet
from curate.kernels.pretoken_classes import OTHER, PROPERTIES, character_classes, table_codes
from curate.kernels.pretoken_patterns import REGEXES
from curate.tokenize.train import train_bpe

_EXPRESSIONS = {name: regex for regex, name in REGEXES.items()}
_EXPRESSIONS |= {"gpt2": r50k_pat_str, "cl100k": _EXPRESSIONS["cl100k_any_digits"]}
NAMES = ["gpt2", "cl100k", "llama3", "qwen2", "qwen3.5", "o200k", "tekken"]


@pytest.fixture(scope="module")
def encoders() -> dict[str, tuple[tiktoken.Encoding, BpeEncoder]]:
    """One vocabulary of 2,000 tokens, trained on real text, with each pattern."""
    model = json.loads(train_bpe([*topics.values(), "中文文本中文"], 2000, "<|endoftext|>").to_str())["model"]
    byte_of = {character: byte for byte, character in enumerate(byte_alphabet())}
    ranks = {bytes(map(byte_of.__getitem__, token)): number for token, number in model["vocab"].items()}
    return {name: (_theirs(_EXPRESSIONS[name], ranks), BpeEncoder(BpeTables.of_model(model), name)) for name in NAMES}


def _theirs(regex: str, ranks: dict[bytes, int]) -> tiktoken.Encoding:
    return tiktoken.Encoding("test", pat_str=regex, mergeable_ranks=ranks, special_tokens={})


def _check(encoders: dict[str, tuple[tiktoken.Encoding, BpeEncoder]], texts: list[str]) -> None:
    for name, (theirs, ours) in encoders.items():
        ids, offsets = ours.encode(pa.array(texts, pa.string()), np.uint16)
        found = [ids[start:stop].tolist() for start, stop in pairwise(offsets)]
        assert found == [theirs.encode_ordinary(text) for text in texts], name


def test_same_ids_on_what_the_patterns_treat_specially(encoders) -> None:
    """Quotes, digits, newlines, marks, capitals and spaces in any order."""
    draw = random.Random(7)
    _check(encoders, ["".join(draw.choices(PIECES, k=draw.randrange(1, 40))) for _ in range(3000)])


def test_same_ids_on_prose(encoders) -> None:
    """The language reference, with its code, tables and indentation."""
    _check(encoders, list(topics.values()))


def test_both_libraries_know_the_same_characters() -> None:
    """The engines of `tokenizers`, which is asked for the classes, and of `tiktoken` have tables that agree."""
    codes = table_codes()
    codes = codes[(codes < 0xD800) | (codes >= 0xE000)]
    text, places = "".join(map(chr, codes.tolist())), {int(code): place for place, code in enumerate(table_codes())}
    classes = np.full(len(table_codes()), OTHER, np.uint8)
    for regex, kind in PROPERTIES.items():
        encoding = _theirs(regex, {bytes([byte]): byte for byte in range(256)})
        classes[[places[ord(found)] for found in bytes(encoding.encode_ordinary(text)).decode()]] = kind
    assert np.array_equal(classes, character_classes())


@pytest.mark.slow
def test_same_ids_on_real_text_in_many_languages(encoders, shared_data) -> None:
    """Declarations in 380 languages and varieties."""
    with (shared_data / "langid/udhr.jsonl.zst").open("rb") as file:
        stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        _check(encoders, [json.loads(line)["text"] for line in stream])
