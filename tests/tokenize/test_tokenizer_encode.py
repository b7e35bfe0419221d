"""Encoding: lossless, control tokens as text, and the table of pieces."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers

from curate.documents import Documents
from curate.kernels.pretoken_patterns import REGEXES
from curate.tokenize.encode import Encoder, save
from curate.tokenize.train import TrainTokenizer, train_bpe

PROSE = ["It was the best of times, it was the worst of times.", "She'll say: don't; they've 1984 reasons — naïve!"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Encoder:
    """A small tokenizer with GPT-2's pattern, as a stage saves and loads it."""
    state = tmp_path_factory.mktemp("state")
    save(train_bpe(PROSE * 3, 320, "<|endoftext|>"), "<|endoftext|>", state)
    return Encoder.of_state(state)


@settings(deadline=None)
@given(TEXT)
def test_decoding_gives_back_any_text(encoder: Encoder, text: str):
    """Byte-level BPE loses nothing, whatever the script, emoji or control character."""
    ids = encoder.encode(pa.array([text]))[0].as_py()
    assert encoder.tokenizer.decode(ids, skip_special_tokens=False) == text


@settings(deadline=None)
@given(TEXT, TEXT)
def test_control_token_in_a_text_is_plain_text(encoder: Encoder, before: str, after: str):
    """A document that spells out the control token cannot end a document."""
    text = f"{before}<|endoftext|>{after}"
    ids = encoder.encode(pa.array([text]))[0].as_py()
    assert encoder.tokenizer.token_to_id("<|endoftext|>") not in ids
    assert encoder.tokenizer.decode(ids, skip_special_tokens=False) == text


def test_pieces_of_a_document_are_numbered_and_empty_ones_left_out(encoder: Encoder):
    """The table has one row for each piece with tokens, numbered as `text.split(SPLIT)` numbers them."""
    docs = Documents.from_texts(["one\0two\0\0three", "", "four"])
    said = encoder.annotate(docs)
    table = said.tables["tokens"]
    assert table.schema.field("id").type == pa.binary(16) and table.schema.field("piece").type == pa.int32()
    assert table["id"].to_pylist() == docs.id.take(pa.array([0, 0, 0, 2])).to_pylist()
    assert table["piece"].to_pylist() == [0, 1, 3, 0]
    decoded = [encoder.tokenizer.decode(ids) for ids in table["tokens"].to_pylist()]
    assert decoded == ["one", "two", "three", "four"]
    assert said.keep.tolist() == [True, False, True] and said.reason.to_pylist() == [None, "no_tokens", None]


def test_counts_include_one_end_of_text_for_each_piece(encoder: Encoder):
    """`tokens` is what the writer will write for the document; `text_bytes` leaves the split marks out."""
    said = encoder.annotate(Documents.from_texts(["one\0two", "é", ""]))
    lengths = said.tables["tokens"]["tokens"].combine_chunks().value_lengths().to_pylist()
    assert said.columns["tokens"].to_pylist() == [lengths[0] + lengths[1] + 2, lengths[2] + 1, 0]
    assert said.columns["text_bytes"].to_pylist() == [6, 2, 0]


def test_no_documents_give_an_empty_table(encoder: Encoder):
    """An empty batch is answered with the same schema as any other."""
    said, other = (encoder.annotate(Documents.from_texts(texts)) for texts in ([], ["one"]))
    assert len(said.keep) == 0 and said.tables["tokens"].num_rows == 0
    assert said.tables["tokens"].schema == other.tables["tokens"].schema


@settings(deadline=None)
@given(st.lists(TEXT, max_size=6), st.integers(0, 6))
def test_batches_do_not_matter(encoder: Encoder, texts: list[str], cut: int):
    """Two batches say of each document what one batch says."""
    docs = Documents.from_texts(texts)
    whole = encoder.annotate(docs)
    parts = [encoder.annotate(Documents(docs.batch.slice(*span))) for span in ((0, cut), (cut,))]
    tables = pa.concat_tables([part.tables["tokens"] for part in parts])
    assert tables.combine_chunks().equals(whole.tables["tokens"].combine_chunks())
    assert np.concatenate([part.columns["tokens"] for part in parts]).tolist() == whole.columns["tokens"].to_pylist()


@pytest.mark.parametrize(("extra", "dtype"), [(0, "uint16"), (1, "uint32")])
def test_ids_are_as_narrow_as_the_vocabulary_allows(tmp_path: Path, extra: int, dtype: str):
    """65,536 tokens fit in `uint16`; one more needs `uint32`."""
    tokenizer = train_bpe(["a b"], 257, "<|endoftext|>")
    missing = (1 << 16) - tokenizer.get_vocab_size() + extra
    tokenizer.add_tokens([f"<filler {number}>" for number in range(missing)])
    save(tokenizer, "<|endoftext|>", tmp_path)
    info = json.loads((tmp_path / "tokenizer_info.json").read_text())
    assert (info["dtype"], info["vocab_size"]) == (dtype, (1 << 16) + extra)
    tokens = Encoder.of_state(tmp_path).annotate(Documents.from_texts(["a"])).tables["tokens"]["tokens"]
    assert str(tokens.type.value_type) == dtype


def test_truncation_padding_and_template_of_a_loaded_tokenizer_are_not_applied(tmp_path: Path):
    """A tokenizer.json made for fine-tuning still encodes the whole text and nothing but the text."""
    from tokenizers import processors

    tokenizer = train_bpe(PROSE, 300, "<|endoftext|>")
    plain = tokenizer.encode(PROSE[0]).ids
    eot = tokenizer.token_to_id("<|endoftext|>")
    tokenizer.post_processor = processors.TemplateProcessing(
        "<|endoftext|> $A", special_tokens=[("<|endoftext|>", eot)]
    )
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=64)
    save(tokenizer, "<|endoftext|>", tmp_path)
    assert Encoder.of_state(tmp_path).encode(pa.array([PROSE[0]]))[0].as_py() == plain


def test_annotate_before_load_is_refused():
    """The stage cannot encode with a tokenizer it does not have."""
    with pytest.raises(RuntimeError, match="load a state"):
        TrainTokenizer().annotate(Documents.from_texts(["a"]))


@pytest.fixture(scope="module")
def qwen_like(tmp_path_factory) -> Encoder:
    """A small tokenizer built as Qwen's: form C, digits one by one, and added tokens that texts may have."""
    tokenizer = train_bpe([*PROSE * 3, "naïve café <think>"], 330, "<|endoftext|>")
    regex = next(regex for regex, name in REGEXES.items() if name == "qwen2")
    steps = [pre_tokenizers.Split(Regex(regex), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_tokens(["<think>", AddedToken("Ame\u0301lie", normalized=True), AddedToken("|é|", lstrip=True)])
    state = tmp_path_factory.mktemp("qwen")
    save(tokenizer, "<|endoftext|>", state)
    return Encoder.of_state(state)


COMPOSING = ["a", "e", "\u0301", "\u0323", "é", "ｱ", "각", "\u1100\u1161", "\u11a8", "\u0bc6\u0bbe", "\u212b", "\u0378"]
LITERAL = ["<think>", "<thin", "k>", "Ame\u0301lie", "Amélie", "|é|", "|e\u0301|", " ", "12"]


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(COMPOSING + LITERAL), max_size=6).map("".join), max_size=6))
def test_what_ours_does_not_cover_the_library_encodes(qwen_like: Encoder, texts: list[str]):
    """Each text has the library's ids, in its place: those that form C changes, and those that have an added token."""
    expected = [found.ids for found in qwen_like.tokenizer.encode_batch(texts, add_special_tokens=False)]
    assert qwen_like.compiled and qwen_like.encode(pa.array(texts, pa.string())).to_pylist() == expected


def test_texts_that_ours_covers_are_told_apart(qwen_like: Encoder):
    """Only what form C may change and what has an added token is left to the library."""
    texts = ["plain", "é", "e\u0301", "a<think>b", "Amélie", "Ame\u0301lie", "a b", "ไทยอุ", "\u0378"]
    assert qwen_like.compiled
    assert qwen_like.compiled.covers(pa.array(texts)).tolist() == [True, True, *[False] * 4, True, True, False]


@pytest.mark.parametrize("characters", [1, 20, 1 << 20])
def test_what_is_left_to_the_library_altogether_is_said(tmp_path, caplog, monkeypatch, characters: int):
    """A tokenizer of another kind is warned of with the reason, and encodes as the library, in calls of any size."""
    monkeypatch.setattr("curate.tokenize.encode.CALL_CHARACTERS", characters)
    tokenizer = train_bpe(PROSE, 300, "<|endoftext|>")
    tokenizer.normalizer = normalizers.Lowercase()
    save(tokenizer, "<|endoftext|>", tmp_path)
    encoder = Encoder.of_state(tmp_path)
    texts = ["IT was", "", *PROSE]
    assert encoder.compiled is None and "does not cover the normalizer Lowercase" in caplog.text
    assert encoder.encode(pa.array(texts)).to_pylist() == [tokenizer.encode(text.lower()).ids for text in texts]
    assert encoder.encode(pa.array([], pa.string())).to_pylist() == []
