"""Repetition against plain-Python readings of its definition."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.kernels.buffers import text_buffers
from curate.kernels.lines import split_lines
from curate.kernels.repetition import REPEATED_SIZES, TOP_SIZES, ngram_chars, repeated_units
from curate.kernels.words import scan_words

#: Few different words, so that much repeats.
word_lists = st.lists(st.sampled_from(["a", "bb", "ccc"]), max_size=60) | st.lists(
    st.text("ab", min_size=1, max_size=2), max_size=80
)


def _grams(words: list[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]


def _top(words: list[str], size: int) -> int:
    counts = Counter(_grams(words, size)).most_common(1)
    return sum(len(" ".join(gram)) * count for gram, count in counts)


def _repeats(words: list[str], size: int) -> int:
    seen, total, at = set(), 0, 0
    while at <= len(words) - size:
        gram = tuple(words[at : at + size])
        if gram in seen:
            total += len("".join(gram))
            at += size
        else:
            seen.add(gram)
            at += 1
    return total


def _covered(words: list[str], size: int) -> int:
    grams = _grams(words, size)
    counts = Counter(grams)
    inside = {at + k for at, gram in enumerate(grams) if counts[gram] > 1 for k in range(size)}
    return sum(len(words[at]) for at in inside)


def _found(batch: list[list[str]], all_copies: bool) -> list[list[int]]:
    words = scan_words(pa.array([" ".join(listed) for listed in batch], pa.string()))
    found = ngram_chars(words, all_copies)
    return np.stack(list(found.values()), axis=1).tolist()


@settings(deadline=None)  # the first call compiles
@given(st.lists(word_lists, max_size=4), st.booleans())
@example([[], ["a"], ["a", "a"], ["a"] * 40, ["a", "bb"] * 20, ["a", "bb", "ccc"] * 9], False)
@example([[], ["a"], ["a", "a"], ["a"] * 40, ["a", "bb"] * 20, ["a", "bb", "ccc"] * 9], True)
def test_ngrams_are_those_of_the_definition(batch: list[list[str]], all_copies: bool) -> None:
    """Every size of n-gram has the characters that counting strings gives."""
    repeated = _covered if all_copies else _repeats
    expected = [
        [_top(words, size) for size in TOP_SIZES] + [repeated(words, size) for size in REPEATED_SIZES]
        for words in batch
    ]
    assert _found(batch, all_copies) == expected


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text() | st.text("aB一ไ🙂é\u0301אا\0 .", max_size=80), max_size=4), st.booleans())
def test_ngrams_of_any_text_are_those_of_its_words(batch: list[str], all_copies: bool) -> None:
    """Whatever the script, n-grams are of the words of the word stream."""
    batch = [text.lower().replace("ς", "σ") for text in batch]  # words are equal if they are spelt alike
    words = scan_words(pa.array(batch, pa.string()))
    found = np.stack(list(ngram_chars(words, all_copies).values()), axis=1).tolist()
    repeated = _covered if all_copies else _repeats
    for text, begin, end, row in zip(batch, words.offsets[:-1], words.offsets[1:], found, strict=True):
        spans = zip(words.starts[begin:end], words.stops[begin:end], strict=True)
        listed = [text.encode()[start:stop].decode() for start, stop in spans]
        assert row == [_top(listed, n) for n in TOP_SIZES] + [repeated(listed, n) for n in REPEATED_SIZES]


@settings(deadline=None)  # the first call compiles
@given(st.lists(word_lists, min_size=1, max_size=5), st.data())
def test_ngrams_are_the_same_in_any_batch(batch: list[list[str]], data: st.DataObject) -> None:
    """Splitting the batch changes nothing."""
    at = data.draw(st.integers(0, len(batch)))
    assert _found(batch[:at], False) + _found(batch[at:], False) == _found(batch, False)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.lists(st.sampled_from(["", "x", "yy", "é一"]), min_size=1, max_size=12), max_size=4))
def test_repeated_units_are_those_of_the_definition(batch: list[list[str]]) -> None:
    """Copies after the first, or all copies, with their characters."""
    units = split_lines(*text_buffers(pa.array(["\n".join(lines) for lines in batch], pa.string())))
    split = [[line for k, line in enumerate(lines) if line or k in (0, len(lines) - 1)] for lines in batch]
    split = [lines if any(lines) or len(lines) < 2 else ["", ""] for lines in split]
    for all_copies in (False, True):
        counts = [Counter(lines) for lines in split]
        extra = [{line: n if all_copies and n > 1 else n - 1 for line, n in c.items()} for c in counts]
        number, chars = repeated_units(units, all_copies)
        assert number.tolist() == [sum(e.values()) for e in extra]
        assert chars.tolist() == [sum(len(line) * n for line, n in e.items()) for e in extra]


def test_a_long_text_of_one_word_is_measured_in_full() -> None:
    """A table too small, or a slow path of equal keys, would show here: a million equal words."""
    found = _found([["a"] * 1_000_000], False)[0]
    assert found[0] == 999_999 * 3 and found[-1] == 999_990
