"""The compiled encoder gives the ids of `tokenizers`, on any text."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pydoc_data.topics import topics

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from curate.kernels.bpe_encode import BpeEncoder
from curate.kernels.bpe_tables import BpeTables, unsupported
from curate.tokenize.train import train_bpe

_SPECIAL = [
    "'s",
    "'S",
    "'ll",
    "'",
    "don't",
    "the",
    "ABC",
    "123",
    "42",
    "½",
    "!?",
    "...",
    "é",
    "é",
    "中文",
    "ไทย",
    "한국",
    "😀",
    "👩\u200d👧",
    "ß",
    "İ",
    "_",
    "======",
]
_SPACES = [" ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u2028", "\u0085", "\u200b", "\u180e", "\u3000"]
PIECES = st.sampled_from(_SPECIAL + _SPACES)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A tokenizer of 2,000 tokens, trained on real text in several scripts."""
    words = [chr(code) * 2 for code in range(0x400, 0x500)]
    trained = train_bpe([*topics.values(), "中文文本中文", *words], 2000, "<|endoftext|>")
    trained.encode_special_tokens = True
    return trained


@pytest.fixture(scope="module")
def encoder(tokenizer) -> BpeEncoder:
    """The encoder of the same tokenizer."""
    saved = json.loads(tokenizer.to_str())
    assert unsupported(saved) is None
    return BpeEncoder(BpeTables.of_model(saved["model"]))


def _expected(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [found.ids for found in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def _ids(encoder: BpeEncoder, texts: list[str]) -> list[list[int]]:
    ids, offsets = encoder.encode(pa.array(texts, pa.string()), np.uint16)
    return [ids[start:stop].tolist() for start, stop in pairwise(offsets)]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=12).map("".join)), max_size=4))
def test_same_ids_on_any_unicode(tokenizer, encoder, texts) -> None:
    """Arbitrary text, and texts made of what the pattern treats specially, have the ids of `tokenizers`."""
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    assert _ids(encoder, texts) == _expected(tokenizer, texts)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_same_ids_on_random_bytes(tokenizer, encoder, data) -> None:
    """Bytes that mean nothing, decoded with replacement, are encoded alike."""
    text = data.decode("utf-8", "replace")
    assert _ids(encoder, [text]) == _expected(tokenizer, [text])


@settings(max_examples=40, deadline=None)
@given(st.text("abcdetaoin", min_size=90, max_size=600))
def test_same_ids_for_long_words(tokenizer, encoder, word) -> None:
    """Words beyond what is scanned, merged by the queue, are merged in the same order."""
    assert _ids(encoder, [word, word + " " + word]) == _expected(tokenizer, [word, word + " " + word])


@pytest.mark.slow
def test_same_ids_for_every_character(tokenizer, encoder) -> None:
    """Each code point, alone, after a letter, a number and a space, and doubled, is split and encoded alike."""
    assigned = [*range(0xD800), *range(0xE000, 0x32400), *range(0xE0000, 0xE0200), *range(0x10FF00, 0x110000)]
    for start in range(0, len(assigned), 500):
        line = "".join(f"{c} {c}a{c}1{c}{c}!{c}  {c}" for c in map(chr, assigned[start : start + 500]))
        assert _ids(encoder, [line]) == _expected(tokenizer, [line])


def test_the_cache_does_not_change_ids(tokenizer, encoder) -> None:
    """The same texts get the same ids again, from a fresh encoder, and in other batches."""
    texts = list(topics.values())
    first = _ids(encoder, texts)
    fresh = BpeEncoder(encoder.tables)
    one_by_one = [_ids(fresh, [text])[0] for text in reversed(texts)]
    assert first == _ids(encoder, texts) == one_by_one[::-1] == _expected(tokenizer, texts)


def test_a_megabyte_without_a_space_is_no_trouble(tokenizer, encoder) -> None:
    """One word of a million letters is encoded, and like a shorter one in its first tokens."""
    [ids] = _ids(encoder, ["ab" * 500_000])
    [short] = _expected(tokenizer, ["ab" * 2000])
    assert ids[:900] == short[:900]
    assert tokenizer.decode(ids) == "ab" * 500_000


def test_control_tokens_in_a_text_are_text(tokenizer, encoder) -> None:
    """The literal end-of-text token does not become the control token."""
    [ids] = _ids(encoder, ["a<|endoftext|>b"])
    assert tokenizer.token_to_id("<|endoftext|>") not in ids
    assert [ids] == _expected(tokenizer, ["a<|endoftext|>b"])


def test_what_is_not_covered_is_named(tokenizer) -> None:
    """A tokenizer with a normalizer, another model or pattern is refused with the reason."""
    saved = json.loads(tokenizer.to_str())
    assert "normalizer" in str(unsupported(saved | {"normalizer": {"type": "NFC"}}))
    assert "WordPiece" in str(unsupported(saved | {"model": saved["model"] | {"type": "WordPiece"}}))
    assert "add_prefix_space" in str(
        unsupported(saved | {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True}})
    )
    assert "dropout" in str(unsupported(saved | {"model": saved["model"] | {"dropout": 0.1}}))


@pytest.mark.slow
def test_same_ids_on_real_text_in_many_languages(tokenizer, encoder, shared_data) -> None:
    """Sentences in 75 languages, declarations in 380, Chinese and Korean articles: every document alike."""
    for name in ("langid/sentences", "langid/udhr", "text/wikipedia-zh", "text/wikipedia-ko", "text/news-bbc"):
        with (shared_data / f"{name}.jsonl.zst").open("rb") as file:
            stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
            texts = [json.loads(line)["text"] for line in stream]
        assert _ids(encoder, texts) == _expected(tokenizer, texts), name
