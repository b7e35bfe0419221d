"""N-gram hashes against the same arithmetic in plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.ngrams import ngram_hashes

MASK = (1 << 64) - 1
word_lists = st.lists(st.lists(st.integers(0, 3) | st.integers(0, MASK), max_size=12), max_size=6)


def _fmix64(h: int) -> int:
    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = ((h ^ h >> 33) * multiplier) & MASK
    return h ^ h >> 33


def _reference_ngrams(words: list[int], n: int, whole_if_short: bool) -> list[int]:
    if whole_if_short and 0 < len(words) < n:
        n = len(words)
    hashes = []
    for at in range(len(words) - n + 1):
        total = 0
        for word in words[at : at + n]:
            total = (total * 0x9E3779B97F4A7C15 + word) & MASK
        hashes.append(_fmix64(total ^ n))
    return hashes


def _stream(texts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    return np.array([word for text in texts for word in text], np.uint64), offsets


@settings(deadline=None)  # the first call compiles
@given(word_lists, st.integers(1, 8), st.booleans())
def test_rolling_gives_the_hash_of_every_window(texts: list[list[int]], n: int, whole: bool) -> None:
    """Each window's hash is that of its words alone, so equal windows hash alike wherever they stand."""
    hashes, offsets = ngram_hashes(*_stream(texts), n, whole_if_short=whole)
    expected = [_reference_ngrams(text, n, whole) for text in texts]
    assert hashes.tolist() == [value for values in expected for value in values]
    assert np.diff(offsets).tolist() == [len(values) for values in expected]


@settings(deadline=None)  # the first call compiles
@given(word_lists, st.integers(1, 8), st.data())
def test_a_text_has_the_same_ngrams_in_any_batch(texts: list[list[int]], n: int, data: st.DataObject) -> None:
    """No n-gram crosses from one text into the next."""
    at = data.draw(st.integers(0, len(texts)))
    together, _ = ngram_hashes(*_stream(texts), n, whole_if_short=True)
    parts = [ngram_hashes(*_stream(part), n, whole_if_short=True)[0] for part in (texts[:at], texts[at:])]
    assert np.array_equal(np.concatenate(parts), together)


def test_the_length_is_part_of_the_hash() -> None:
    """A short text does not equal an n-gram that begins with zeros, nor the same words at another n."""
    short, _ = ngram_hashes(*_stream([[7]]), 5, whole_if_short=True)
    padded, _ = ngram_hashes(*_stream([[0, 0, 0, 0, 7]]), 5)
    single, _ = ngram_hashes(*_stream([[7]]), 1)
    assert short[0] != padded[0] and short[0] == single[0]
