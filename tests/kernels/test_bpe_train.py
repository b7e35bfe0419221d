"""Training learns the merges of `tokenizers` and of the textbook, ties included, on any counts."""

from __future__ import annotations

import heapq
import io
import json
import random
import string
from collections import Counter
from itertools import islice, pairwise
from pydoc_data.topics import topics

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from curate.errors import InputError
from curate.kernels import bpe_train
from curate.kernels.bpe_tables import byte_alphabet
from curate.kernels.bpe_train import byte_ids, train_merges
from curate.kernels.pair_queue import PairQueue, pop, push, replace_first
from curate.kernels.pretoken_counts import PretokenCounts

#: Few letters and many repeats: ties, overlapping pairs, runs.
WORDS = st.one_of(*(st.text(letters, max_size=40) for letters in ("a", "ab", "abc")), st.text(max_size=5))
REPEATED = st.builds(lambda word, times: word * times, WORDS, st.integers(1, 20))
COUNTS = st.dictionaries(WORDS.filter(bool), st.integers(1, 1 << 40), max_size=8)


def learn(texts: list[str], vocab_size: int, min_frequency: int = 0) -> list[tuple[str, str]]:
    """Our merges, as the strings that a `tokenizer.json` has."""
    counts = PretokenCounts()
    counts.add(pa.array(texts, pa.string()))
    table = counts.to_table().combine_chunks()
    merges = train_merges(table["pretoken"].combine_chunks(), table["count"].to_numpy(), vocab_size, min_frequency)
    names, pairs = sorted(byte_alphabet()), []
    for left, right in merges.tolist():
        pairs.append((names[left], names[right]))
        names.append(names[left] + names[right])
    assert len(set(names)) == len(names)  # no two merges have the same bytes
    return pairs


def oracle(texts: list[str], vocab_size: int, min_frequency: int = 0) -> list[tuple[str, str]]:
    """The merges of `tokenizers`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]


def textbook(counts: dict[str, int], vocab_size: int, min_frequency: int) -> list[list[int]]:
    """All pairs counted anew for each merge (Sennrich et al. 2016, algorithm 1)."""
    words, merges = [([int(byte_ids()[byte]) for byte in word.encode()], n) for word, n in counts.items()], []
    while 256 + len(merges) < vocab_size:
        found: Counter[tuple[int, int]] = Counter()
        for tokens, count in words:
            for pair in pairwise(tokens):
                found[pair] += count
        best = min(found, key=lambda pair: (-found[pair], pair), default=None)
        if best is None or found[best] < min_frequency:
            break
        for tokens, _ in words:
            at = 0
            while at + 1 < len(tokens):
                if (tokens[at], tokens[at + 1]) == best:
                    tokens[at : at + 2] = [256 + len(merges)]
                at += 1
        merges.append(list(best))
    return merges


@settings(max_examples=400, deadline=None)
@given(st.lists(REPEATED, max_size=8), st.sampled_from([256, 257, 259, 270, 300, 600]), st.integers(0, 3))
def test_same_merges_as_tokenizers(texts, vocab_size, min_frequency) -> None:
    """Small alphabets, where nearly every choice is a tie and pairs overlap."""
    assert learn(texts, vocab_size, min_frequency) == oracle(texts, vocab_size, min_frequency)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(WORDS.filter(bool), st.integers(1, 1 << 40), max_size=8), st.integers(256, 300), st.integers(0, 9)
)
def test_same_merges_as_the_textbook(counts, vocab_size, min_frequency) -> None:
    """Counts of any size, where `tokenizers` has 32 bits for the sum."""
    words, numbers = pa.array(list(counts), pa.string()), np.array(list(counts.values()), np.int64)
    found = train_merges(words, numbers, vocab_size, min_frequency)
    assert found.tolist() == textbook(counts, vocab_size, min_frequency)


@pytest.mark.parametrize("min_frequency", [0, 2, 50])
def test_same_merges_on_english(min_frequency: int) -> None:
    """Half a megabyte of real text, to the last merge that there is."""
    texts = list(topics.values())
    assert learn(texts, 50_000, min_frequency) == oracle(texts, 50_000, min_frequency)


def test_same_merges_on_75_languages(shared_data) -> None:
    """Sentences of 75 languages in all scripts."""
    path = shared_data / "langid" / "sentences.jsonl.zst"
    lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(path.open("rb")), encoding="utf-8")
    texts = [json.loads(line)["text"] for line in islice(lines, 0, None, 5)]
    assert learn(texts, 30_000) == oracle(texts, 30_000)


def test_same_merges_with_many_pairs() -> None:
    """Random words have more pairs than there was room for in the beginning."""
    draw = random.Random(0)
    texts = ["".join(draw.choices(string.ascii_letters, k=9)) for _ in range(20_000)]
    assert learn(texts, 4_000) == oracle(texts, 4_000)


def test_same_merges_in_a_long_word() -> None:
    """A pre-token of 20,000 bytes."""
    draw = random.Random(0)
    texts = ["".join(draw.choices("ab", k=20_000))]
    assert learn(texts, 2_000) == oracle(texts, 2_000)


def test_a_run_of_a_million_letters() -> None:
    """Each merge halves the run; time does not grow with its length times the merges."""
    assert learn(["a" * (1 << 20)], 1_000) == [("a" * (1 << n),) * 2 for n in range(20)]


def test_order_of_pretokens_does_not_matter() -> None:
    """Words in any order give the same merges."""
    words, counts = zip(*Counter(" ".join(topics.values()).split()).items(), strict=True)
    order = np.random.default_rng(0).permutation(len(words))
    found = [
        train_merges(pa.array([words[k] for k in rows]), np.array(counts)[rows], 2_000)
        for rows in (np.arange(len(words)), order)
    ]
    assert np.array_equal(*found)


def test_nothing_to_learn_from() -> None:
    """No pre-tokens, or only single bytes, give no merges."""
    none = np.empty(0, np.int64)
    assert train_merges(pa.array([], pa.string()), none, 300).shape == (0, 2)
    assert train_merges(pa.array(["a", "b"]), np.array([5, 5]), 300).shape == (0, 2)


def test_what_cannot_be_trained_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vocabulary without room for the bytes, nulls, and more text than cells can be numbered."""
    one = np.ones(1, np.int64)
    with pytest.raises(ValueError, match="vocab_size is 255"):
        train_merges(pa.array(["ab"]), one, 255)
    with pytest.raises(ValueError, match="null"):
        train_merges(pa.array([None], pa.string()), one, 300)
    monkeypatch.setattr(bpe_train, "_MAX_BYTES", 1)
    with pytest.raises(InputError, match=r"have 2 bytes\. Expected up to 1: train on a smaller sample"):
        train_merges(pa.array(["ab"]), one, 300)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["push", "pop", "replace"]), st.integers(1, 5)), max_size=60))
def test_the_queue_is_sorted(actions) -> None:
    """The first is always the most frequent pair, of equals the one with the smaller key; keys are distinct."""
    queue, size, expected = PairQueue.of_size(60), 0, []
    for key, (action, count) in enumerate(actions):
        if action == "push" or not expected:
            heapq.heappush(expected, (-count, key))
            size = push(queue, size, count, np.uint64(key), key)
        elif action == "pop":
            heapq.heappop(expected)
            size = pop(queue, size)
        else:
            heapq.heapreplace(expected, (-count, key))
            replace_first(queue, size, count, np.uint64(key), key)
        assert size == len(expected)
        if expected:
            assert (-queue.counts[0], queue.keys[0], queue.pairs[0]) == (*expected[0], expected[0][1])
