"""The set of n-grams: finds what is there, where it is, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import StateError
from curate.kernels.ngram_set import NgramSet
from curate.kernels.ngrams import ngram_hashes

WORDS = np.random.default_rng(1).integers(0, 2**64, 4, dtype=np.uint64)


def _hashes(words: list[int]) -> np.ndarray:
    return WORDS[np.array(words, np.int64)]


def _gram_hash(words: tuple[int, ...]) -> int:
    return int(ngram_hashes(_hashes(list(words)), np.array([0, len(words)]), len(words))[0][0])


def _build(grams: list[tuple[int, ...]]) -> NgramSet:
    shortest = min(map(len, grams), default=1)
    keys = np.array([_gram_hash(gram) for gram in grams], np.uint64)
    prefixes = np.array([_gram_hash(gram[:shortest]) for gram in grams], np.uint64)
    return NgramSet.build(keys, prefixes, np.array([len(gram) for gram in grams], np.int64))


_gram = st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple)
_texts = st.lists(st.lists(st.integers(0, 3), max_size=30), max_size=5)


@settings(max_examples=200, deadline=None)
@given(st.lists(_gram, unique=True, max_size=12), _texts)
def test_finds_every_occurrence_and_no_other(grams, texts) -> None:
    """Each n-gram, of any length in the set, is found at every place it has, within one text, in order."""
    offsets = np.cumsum([0, *map(len, texts)])
    found = _build(grams).find(_hashes([word for text in texts for word in text]), offsets)
    expected = sorted(
        (number, offsets[number] + at, len(gram), grams.index(gram))
        for number, text in enumerate(texts)
        for at in range(len(text))
        for gram in grams
        if tuple(text[at : at + len(gram)]) == gram
    )
    assert list(zip(found.texts, found.words, found.lengths, found.ngrams, strict=True)) == expected


def test_a_batch_full_of_matches_is_found_whole() -> None:
    """More matches than there is room for at first are all returned."""
    found = _build([(0,)]).find(_hashes([0] * 5000), np.array([0, 2000, 5000]))
    assert found.words.tolist() == list(range(5000))
    assert np.bincount(found.texts).tolist() == [2000, 3000]


def test_hashes_that_share_their_low_bits_are_told_apart() -> None:
    """One-word n-grams whose hashes fall into the same slot of the table each keep their own number."""
    words = np.random.default_rng(2).integers(0, 2**64, 400_000, dtype=np.uint64)
    every = np.arange(len(words) + 1)
    hashes, _ = ngram_hashes(words, every, 1)
    chosen = np.flatnonzero(hashes & np.uint64(1023) == 7)
    known = NgramSet.build(hashes[chosen], hashes[chosen], np.array([1]))
    assert len(known.slots) == 1024 and len(chosen) > 300
    found = known.find(words, every)
    assert np.array_equal(found.texts, chosen)
    assert np.array_equal(found.ngrams, np.arange(len(chosen)))


def test_no_word_is_found_by_chance_among_a_million() -> None:
    """A set of 100,000 n-grams matches nothing in a million other words."""
    draw = np.random.default_rng(3)
    keys = draw.integers(0, 2**64, 100_000, dtype=np.uint64)
    words = draw.integers(0, 2**64, 1_000_000, dtype=np.uint64)
    assert len(NgramSet.build(keys, keys, np.array([8, 13])).find(words, np.array([0, len(words)]))) == 0


@pytest.mark.parametrize("grams", [[], [(0, 1), (1, 2, 3)]])
def test_what_is_saved_is_what_is_loaded(grams, tmp_path) -> None:
    """A memory-mapped set, an empty one too, finds what the one in memory finds."""
    made = _build(grams)
    made.save(tmp_path)
    loaded = NgramSet.load(tmp_path)
    words, offsets = _hashes([0, 1, 2, 3, 0, 1]), np.array([0, 6])
    assert loaded.find(words, offsets).words.tolist() == made.find(words, offsets).words.tolist()
    assert len(loaded.find(words, offsets)) == (3 if grams else 0)
    assert not loaded.slots.flags.owndata


@pytest.mark.parametrize("damage", ["missing", "cut", "garbage"])
def test_a_damaged_file_is_named(damage, tmp_path) -> None:
    """A missing, cut or foreign file is an error that names it."""
    _build([(0, 1)]).save(tmp_path)
    path = tmp_path / "ngrams-values.npy"
    content = path.read_bytes()
    path.unlink() if damage == "missing" else path.write_bytes(content[:130] if damage == "cut" else b"garbage")
    with pytest.raises(StateError, match=r"ngrams-values\.npy"):
        NgramSet.load(tmp_path)
