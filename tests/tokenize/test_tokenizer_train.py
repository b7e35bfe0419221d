"""Training: GPT-2's layout of ids, the same tokenizer for the same documents, and files that others load."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from curate.documents import SPLIT, Documents
from curate.errors import InputError
from curate.kernels.pretoken_patterns import pattern_of
from curate.tokenize import LoadTokenizer, TrainTokenizer, train
from curate.tokenize.train import train_bpe

TEXTS = [f"The {animal} and the {animal}'s {thing} went to market, {n} times." for n, (animal, thing) in enumerate(
    (a, t) for a in ("fox", "owl", "newt", "goat") for t in ("coat", "boat", "moat", "oats"))]  # fmt: skip


def fit(folder: Path, texts: list[str], **fields) -> bytes:
    """The tokenizer.json that the stage makes of texts."""
    folder.mkdir(exist_ok=True)
    TrainTokenizer(**fields).fit(Documents.from_texts(texts), folder)
    return (folder / "tokenizer.json").read_bytes()


def trained_by_tokenizers(texts: list[str], vocab_size: int, min_frequency: int, splitter: Any) -> str:
    """The tokenizer.json that `tokenizers` trains, with the end-of-text token added last."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = splitter, decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1,
        min_frequency=min_frequency,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    return tokenizer.to_str()


def byte_level(regex: str) -> pre_tokenizers.PreTokenizer:
    """Split by a regular expression, then to bytes."""
    split = pre_tokenizers.Split(Regex(regex), "isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


@pytest.mark.parametrize("min_frequency", [0, 3])
def test_the_file_is_that_of_tokenizers(tmp_path: Path, min_frequency: int):
    """On the language reference, byte by byte what the trainer of `tokenizers` gives; and nothing else is left."""
    texts = list(topics.values())
    found = fit(tmp_path, texts, vocab_size=3_000, min_frequency=min_frequency)
    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert found.decode() == trained_by_tokenizers(texts, 3_000, min_frequency, splitter)
    assert {path.name for path in tmp_path.iterdir()} == {
        "sample.json",
        "tokenizer.json",
        "tokenizer_info.json",
    }


@pytest.mark.parametrize("pattern", get_args(TrainTokenizer.model_fields["pattern"].annotation))
def test_every_pattern_is_that_of_tokenizers(pattern: str):
    """The file says how text was split: `tokenizers`, told to split so, learns the same, and the encoder covers it."""
    texts = [*topics.values(), "Ünïcode’s 12345 中文。\n\n  def f(x):\n\treturn 'I'LL'\r\n " * 9]
    found = train_bpe(texts, 2_000, "<|endoftext|>", pattern=pattern)
    assert found.to_str() == trained_by_tokenizers(texts, 2_000, 0, found.pre_tokenizer)
    assert pattern_of(json.loads(found.to_str())["pre_tokenizer"]) == pattern


def test_the_patterns_of_the_originals():
    """GPT-2's splitter and Llama 3's are written as in the files of those models."""
    llama3 = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    for pattern, splitter in {"gpt2": gpt2, "llama3": byte_level(llama3)}.items():
        assert train_bpe(TEXTS, 300, "<|endoftext|>", pattern=pattern).to_str() == trained_by_tokenizers(
            TEXTS, 300, 0, splitter
        )


def test_ids_are_laid_out_as_gpt2s(tmp_path: Path):
    """First the bytes in GPT-2's order ('!' is 0, 'A' 32, space 220), then merges, last the end-of-text token."""
    vocab = json.loads(fit(tmp_path, TEXTS, vocab_size=300))["model"]["vocab"]
    info = json.loads((tmp_path / "tokenizer_info.json").read_text())
    assert [vocab[token] for token in ("!", "A", "~", "¡", "ÿ", "Ā", "Ġ", "Ń")] == [0, 32, 93, 94, 187, 188, 220, 255]
    assert info == {"vocab_size": 300, "dtype": "uint16", "end_of_text": "<|endoftext|>", "end_of_text_id": 299}
    assert sorted(vocab.values()) == list(range(299))


@settings(max_examples=15, deadline=None)
@given(st.permutations(TEXTS))
def test_order_of_documents_does_not_matter(texts: list[str]):
    """Training counts pre-tokens, so any order gives the same file."""
    expected, found = (train_bpe(order, 330, "<|endoftext|>").to_str() for order in (TEXTS, texts))
    assert found == expected


def test_batches_of_texts_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    """Strings are counted a few at a time; how many makes no difference, nor does a generator of them."""
    expected = train_bpe(TEXTS, 330, "<|endoftext|>").to_str()
    monkeypatch.setattr(train, "_BATCH_CHARACTERS", 100)
    assert train_bpe((text for text in TEXTS), 330, "<|endoftext|>").to_str() == expected


def test_another_process_trains_the_same_tokenizer(tmp_path: Path):
    """The file does not depend on the hash seed or on the number of threads."""
    expected = fit(tmp_path / "here", TEXTS, vocab_size=330)
    code = (
        "import sys; from pathlib import Path; from curate.documents import Documents;"
        "from curate.tokenize import TrainTokenizer;"
        "TrainTokenizer(vocab_size=330).fit(Documents.from_texts(sys.argv[2:]), Path(sys.argv[1]))"
    )
    (tmp_path / "there").mkdir()
    environment = {"PYTHONHASHSEED": "7", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "true"}
    command = [sys.executable, "-c", code, str(tmp_path / "there"), *TEXTS]
    subprocess.run(command, check=True, env=environment)
    assert (tmp_path / "there" / "tokenizer.json").read_bytes() == expected


def test_sample_is_bounded_and_seeded(tmp_path: Path):
    """Only `sample_bytes` of text are trained on; another seed draws other documents."""
    unrelated = [f"{letter * 3} " * 20 for letter in "abcdefghij"]
    files = [fit(tmp_path / str(seed), unrelated, vocab_size=300, sample_bytes=240, seed=seed) for seed in (0, 0, 1, 2)]
    assert files[0] == files[1] and len(set(files)) > 1
    merged = {token for token in json.loads(files[0])["model"]["vocab"] if len(token) >= 3}
    assert 0 < len({token.strip("Ġ")[0] for token in merged}) <= 3


def test_small_corpus_gives_a_smaller_vocabulary_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """What was reached is recorded, and the user is told."""
    with caplog.at_level(logging.WARNING, "curate"):
        fit(tmp_path, ["low lower"], vocab_size=1000)
    info = json.loads((tmp_path / "tokenizer_info.json").read_text())
    assert info["vocab_size"] < 1000 and info["end_of_text_id"] == info["vocab_size"] - 1
    assert f"gives {info['vocab_size']} tokens, not the 1000" in caplog.text


@pytest.mark.parametrize(("texts", "sample_bytes"), [([], 100), (["", ""], 100), (["long enough text"], 3)])
def test_nothing_to_train_on_is_an_error(tmp_path: Path, texts: list[str], sample_bytes: int):
    """An empty corpus, or a budget under the first document, is the user's to solve."""
    with pytest.raises(InputError, match="no text to learn merges from"):
        fit(tmp_path, texts, vocab_size=300, sample_bytes=sample_bytes)


def test_bytes_alone_need_no_merges(tmp_path: Path):
    """The smallest vocabulary, 257, is the bytes and the end of text."""
    fit(tmp_path, TEXTS, vocab_size=257)
    stage = TrainTokenizer(vocab_size=257)
    stage.load(tmp_path)
    ids = stage.annotate(Documents.from_texts(["héllo"])).tables["tokens"]["tokens"][0].as_py()
    assert len(ids) == len("héllo".encode())


def test_pieces_are_trained_on_apart():
    """No merge spans a split mark."""
    stage = TrainTokenizer(vocab_size=258)
    assert stage(f"!{SPLIT}!{SPLIT}ab ab ab").scores["tokens"] == (1 + 1) + (1 + 1) + (5 + 1)


def test_min_frequency_stops_merging(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Pairs rarer than `min_frequency` are not merged."""
    with caplog.at_level(logging.ERROR, "curate"):
        files = [fit(tmp_path / str(n), ["abab abab xyz"], vocab_size=400, min_frequency=n) for n in (0, 2)]
    tokens = [set(json.loads(file)["model"]["vocab"]) for file in files]
    assert {"abab", "Ġxyz"} <= tokens[0] and "abab" in tokens[1] and "Ġxyz" not in tokens[1]


def test_transformers_loads_the_file(tmp_path: Path):
    """`PreTrainedTokenizerFast` gives the same ids and knows the end-of-text token."""
    transformers = pytest.importorskip("transformers")
    fit(tmp_path, TEXTS, vocab_size=300)
    loaded = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tmp_path / "tokenizer.json"), eos_token="<|endoftext|>"
    )
    stage = TrainTokenizer(vocab_size=300)
    stage.load(tmp_path)
    ids = stage.annotate(Documents.from_texts(TEXTS[:1])).tables["tokens"]["tokens"][0].as_py()
    assert loaded.encode(TEXTS[0]) == ids and loaded.eos_token_id == 299 and loaded.decode(ids) == TEXTS[0]


def test_a_trained_tokenizer_can_be_loaded_by_path(tmp_path: Path):
    """`load_tokenizer` on the file that `train_tokenizer` saved gives the same annotations and the same files."""
    fit(tmp_path / "trained", TEXTS, vocab_size=300)
    trained = TrainTokenizer(vocab_size=300)
    trained.load(tmp_path / "trained")
    loaded = LoadTokenizer(path=str(tmp_path / "trained" / "tokenizer.json"))
    (tmp_path / "loaded").mkdir()
    docs = Documents.from_texts(TEXTS)
    loaded.fit(docs, tmp_path / "loaded")
    assert loaded.input_files() == {"path": [loaded.path]}
    assert loaded.annotate(docs).tables["tokens"].equals(trained.annotate(docs).tables["tokens"])
    for name in ("tokenizer.json", "tokenizer_info.json"):
        assert (tmp_path / "loaded" / name).read_bytes() == (tmp_path / "trained" / name).read_bytes()


def test_a_tokenizer_without_the_end_of_text_token_is_refused(tmp_path: Path):
    """The message names the control tokens that the file has."""
    path = tmp_path / "tokenizer.json"
    train_bpe(TEXTS, 300, "</s>").save(str(path))
    with pytest.raises(InputError, match=r"no token '<\|endoftext\|>'.*its control tokens: </s>"):
        LoadTokenizer(path=str(path))("text")
    assert LoadTokenizer(path=str(path), end_of_text="</s>")("text").keep


@pytest.mark.parametrize("content", [None, b"", b"{}", b"not json", b"\xff\xfe", b'{"model": 1}'])
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path, content: bytes | None):
    """A missing or broken file gives a message with its path, not a traceback of the library."""
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"tokenizer\.json: (cannot be read|not a tokenizer)"):
        LoadTokenizer(path=str(path))("text")
