"""The compiled encoder gives the ids of `tokenizers`, on any text, by every pattern."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pydoc_data.topics import topics

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from bpe_patterns import NAMES, pre_tokenizer, texts, with_pattern
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from curate.kernels.bpe_encode import BpeEncoder
from curate.kernels.bpe_tables import BpeTables, unsupported_model
from curate.tokenize.train import train_bpe

#: Stands after the texts in a batch, so that the cache and whole windows serve them too.
AFTER = "And so on. " * 20


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
    return _encoder(tokenizer)


@pytest.fixture(scope="module")
def by_pattern(tokenizer) -> dict[str, tuple[Tokenizer, BpeEncoder]]:
    """The same vocabulary with each of the patterns, and its encoders."""
    changed = {name: with_pattern(tokenizer, pre_tokenizer(name)) for name in NAMES}
    return {name: (theirs, _encoder(theirs, name)) for name, theirs in changed.items()}


def _encoder(tokenizer: Tokenizer, pattern: str = "gpt2") -> BpeEncoder:
    model = json.loads(tokenizer.to_str())["model"]
    assert unsupported_model(model) is None
    return BpeEncoder(BpeTables.of_model(model), pattern)


def _expected(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [found.ids for found in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def _ids(encoder: BpeEncoder, texts: list[str]) -> list[list[int]]:
    ids, offsets = encoder.encode(pa.array([*texts, AFTER], pa.string()), np.uint16)
    return [ids[start:stop].tolist() for start, stop in pairwise(offsets)][:-1]


@settings(max_examples=200, deadline=None)
@given(st.lists(texts(), max_size=4))
def test_same_ids_on_any_unicode(by_pattern, texts) -> None:
    """Arbitrary text, and text made of what the patterns treat specially, has the ids of `tokenizers`."""
    for name, (theirs, ours) in by_pattern.items():
        assert _ids(ours, texts) == _expected(theirs, texts), name


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_same_ids_on_random_bytes(tokenizer, encoder, data) -> None:
    """Bytes that mean nothing, decoded with replacement, are encoded alike."""
    text = data.decode("utf-8", "replace")
    assert _ids(encoder, [text]) == _expected(tokenizer, [text])


@settings(max_examples=60, deadline=None)
@given(st.text("abcdetaoin", min_size=10, max_size=600))
def test_same_ids_for_long_words(tokenizer, encoder, word) -> None:
    """Words of any length, remembered or not, merged by scanning or by the queue, are merged in the same order."""
    assert _ids(encoder, [word, word + " " + word]) == _expected(tokenizer, [word, word + " " + word])


def test_the_cache_does_not_change_ids(tokenizer, encoder) -> None:
    """The same texts get the same ids again, from a fresh encoder, and in other batches."""
    texts = list(topics.values())
    first = _ids(encoder, texts)
    fresh = BpeEncoder(encoder.tables)
    one_by_one = [_ids(fresh, [text])[0] for text in reversed(texts)]
    alone = [fresh.encode(pa.array([text]))[0].tolist() for text in texts]
    assert first == _ids(encoder, texts) == one_by_one[::-1] == alone == _expected(tokenizer, texts)


def test_more_pre_tokens_than_are_remembered(tokenizer, encoder) -> None:
    """Pre-tokens that push each other out of their places keep their own ids."""
    texts = [f" {number:x} {number * 7919:x}{number:x}{number:x}{number:x}" for number in range(150_000)]
    some = slice(0, None, 997)
    _ids(encoder, texts)
    assert _ids(encoder, texts)[some] == _expected(tokenizer, texts[some])


def test_ids_of_16_and_of_32_bits(encoder) -> None:
    """The ids are the same in both types; one that is too narrow for the vocabulary is refused."""
    texts = pa.array(list(topics.values())[:20])
    narrow, wide = (encoder.encode(texts, dtype)[0] for dtype in (np.uint16, np.uint32))
    assert narrow.dtype == np.uint16 and wide.dtype == np.uint32 and narrow.tolist() == wide.tolist()
    with pytest.raises(ValueError, match="uint8 is too narrow"):
        encoder.encode(texts, np.uint8)


@pytest.mark.parametrize("name", ["llama3", "o200k"])
def test_tokens_that_merges_do_not_reach_are_taken_whole_if_merges_are_ignored(tokenizer, name) -> None:
    """`ignore_merges` gives a pre-token that is a token this one's id, even if no merges lead to it."""
    saved = json.loads(tokenizer.to_str())
    whole = ["Ġxyzzy", "qqqq", "Ġ" + "z" * 70, "âĢľ", "12"]
    saved["model"]["vocab"] |= {token: 5000 + number for number, token in enumerate(whole)}
    grown = Tokenizer.from_str(json.dumps(saved))
    texts = ["a xyzzy qqqq xyzzyq “ “x 12 123 " + "z" * 70 + " " + "z" * 70, *list(topics.values())[:20]]
    for ignore in (False, True):
        theirs = with_pattern(grown, pre_tokenizer(name), ignore)
        expected = _expected(theirs, texts)
        assert (5000 in expected[0]) == (5002 in expected[0]) == ignore
        assert _ids(_encoder(theirs, name), texts) == expected


def test_of_a_merge_listed_twice_the_last_counts(tokenizer) -> None:
    """As in `tokenizers`, whose table of merges the later entry overwrites."""
    saved = json.loads(tokenizer.to_str())
    saved["model"]["merges"] += saved["model"]["merges"][:300]
    twice = Tokenizer.from_str(json.dumps(saved))
    twice.encode_special_tokens = True
    encoder = BpeEncoder(BpeTables.of_model(saved["model"]))
    texts = list(topics.values())[:20]
    assert _ids(encoder, texts) == _expected(twice, texts) != _expected(tokenizer, texts)


def test_a_megabyte_without_a_space_is_no_trouble(tokenizer, encoder) -> None:
    """One word of a million letters, or of one letter, is encoded, and like a shorter one in its first tokens."""
    for word in ("ab" * 500_000, "e" * 1_000_000):
        [ids] = _ids(encoder, [word])
        [short] = _expected(tokenizer, [word[:4000]])
        assert ids[:900] == short[:900]
        assert tokenizer.decode(ids) == word


def test_a_document_of_ten_megabytes(encoder) -> None:
    """One text of 10 MB has the ids of its parts, cut where a word always ends."""
    part = " " + "\n\n".join(topics.values()).strip() + "."
    repeats = 10_000_000 // len(part) + 1
    [once], [ids] = _ids(encoder, [part]), _ids(encoder, [part * repeats])
    assert ids == once * repeats


def test_control_tokens_in_a_text_are_text(tokenizer, encoder) -> None:
    """The literal end-of-text token does not become the control token."""
    [ids] = _ids(encoder, ["a<|endoftext|>b"])
    assert tokenizer.token_to_id("<|endoftext|>") not in ids
    assert [ids] == _expected(tokenizer, ["a<|endoftext|>b"])


def test_nulls_and_bytes_that_are_not_utf8_are_refused(encoder) -> None:
    """What is not text is found before the loop, which could read past it."""
    with pytest.raises(ValueError, match="null"):
        encoder.encode(pa.array(["a", None]))
    for data in (b"\xf0\x9f\x98", b"a\xff", b"\xc3", b"\xed\xa0\x80"):
        texts = pa.Array.from_buffers(
            pa.string(), 1, [None, pa.py_buffer(np.array([0, len(data)], np.int32)), pa.py_buffer(data)]
        )
        with pytest.raises(ValueError, match="UTF8"):
            encoder.encode(texts)


def test_empty_batches_and_texts(encoder) -> None:
    """No texts, and texts without a byte, have no ids."""
    for batch in ([], [""], ["", "a", ""], ["\x00"]):
        ids, offsets = encoder.encode(pa.array(batch, pa.string()))
        assert offsets.tolist() == np.cumsum([0, *map(len, batch)]).tolist() and len(ids) == offsets[-1]


def test_slices_and_large_strings(encoder) -> None:
    """A slice of an array, and 64-bit offsets, are read as they are."""
    texts = list(topics.values())[:9]
    whole = _ids(encoder, texts)
    for sliced in (pa.array(texts)[3:7], pa.array(texts, pa.large_string())[3:7]):
        ids, offsets = encoder.encode(sliced)
        assert [ids[start:stop].tolist() for start, stop in pairwise(offsets)] == whole[3:7]


def test_what_is_not_covered_is_named(tokenizer) -> None:
    """Another model, or an option that changes the ids, is refused with the reason."""
    model = json.loads(tokenizer.to_str())["model"]
    assert unsupported_model(model) is None
    assert "WordPiece" in str(unsupported_model(model | {"type": "WordPiece"}))
    assert "dropout" in str(unsupported_model(model | {"dropout": 0.1}))
    assert "end_of_word_suffix" in str(unsupported_model(model | {"end_of_word_suffix": "</w>"}))
    assert "256 bytes" in str(unsupported_model(model | {"vocab": {"a": 0}, "merges": []}))
    assert "2,097,152" in str(unsupported_model(model | {"vocab": model["vocab"] | {"zzzz": 1 << 21}}))


@pytest.mark.slow
def test_same_ids_on_real_text_in_many_languages(by_pattern, shared_data) -> None:
    """Sentences in 75 languages, declarations in 380, Chinese and Korean articles: samples are encoded alike."""
    for name in ("langid/sentences", "langid/udhr", "text/wikipedia-zh", "text/wikipedia-ko", "text/news-bbc"):
        with (shared_data / f"{name}.jsonl.zst").open("rb") as file:
            stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
            texts = [json.loads(line)["text"] for line in stream]
        for pattern, part in zip(("gpt2", "llama3", "o200k"), (texts[::2], texts[::5], texts[1::5]), strict=True):
            theirs, ours = by_pattern[pattern]
            assert _ids(ours, part) == _expected(theirs, part), (name, pattern)
