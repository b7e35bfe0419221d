"""The word stream against a plain-Python reading of its definition."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.kernels.characters import _SINGLE_RANGES, _TABLE_SIZE
from curate.kernels.words import find_words, scan_words

#: Letters whose lower case is special, marks, scripts without spaces, digits of several scripts, and separators.
TRICKY = (
    "aZİIıßẞΣσςÅÅé\u0301\u0307\u20dd一二々〇ァﾊひ가ไทยກမខ٣Ⅷ½_-'’.\u200b\u00a0\u00ad🙂👩\u200d🚀\ufe0f\U000e0100\0 \n\t"
)
texts = st.text() | st.text(TRICKY) | st.text(st.characters(codec="utf-8", categories=["L", "M", "N"]))


def _kind(character: str) -> str:
    code, category = ord(character), unicodedata.category(character)[0]
    if category == "M":
        return "m"
    if category not in "LN":
        return "o"
    return "s" if any(first <= code <= last for first, last in _SINGLE_RANGES) else "w"


def _reference_words(text: str) -> list[tuple[int, int, str]]:
    """Byte span and lower-cased form of each word."""
    kinds = "".join(map(_kind, text))
    found = []
    for match in re.finditer("sm*|w[wm]*", kinds):
        before, word = text[: match.start()], text[match.start() : match.end()]
        start = len(before.encode())
        found.append((start, start + len(word.encode()), word.lower().replace("ς", "σ")))
    return found


def _hashes_of(texts: list[str]) -> list[list[int]]:
    words = scan_words(pa.array(texts, pa.string()))
    return [words.hashes[a:b].tolist() for a, b in zip(words.offsets[:-1], words.offsets[1:], strict=True)]


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, max_size=5))
@example(
    ["\u0301", "a\u0301b", "\u0301a", "一\u0301a", "a一b", "\U000323af\U000323b0", "葛\U000e0100城", "\U000e0100a"]
)
def test_spans_are_those_of_the_definition(batch: list[str]) -> None:
    """Every word of every text has the bytes and characters that the definition gives it, whatever the characters."""
    words = scan_words(pa.array(batch, pa.string()))
    expected = [_reference_words(text) for text in batch]
    assert words.counts.tolist() == [len(found) for found in expected]
    spans = list(zip(words.starts.tolist(), words.stops.tolist(), strict=True))
    assert spans == [(start, stop) for found in expected for start, stop, _ in found]
    whole = [text.encode()[start:stop].decode() for text, found in zip(batch, expected) for start, stop, _ in found]  # noqa: B905
    assert words.chars.tolist() == [len(word) for word in whole]


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, max_size=5))
@example(["ΑΣ ας ασ ΣΑΣ σασ", "İ i\u0307 i I ı", "ß ẞ SS", "Ⓐ ⓐ Ⅷ ⅷ"])
def test_words_hash_alike_exactly_if_their_lower_case_does(batch: list[str]) -> None:
    """Hashes are equal for words that are equal in lower case (final sigma as sigma), and for no others."""
    forms = [form for text in batch for _, _, form in _reference_words(text)]
    hashes = scan_words(pa.array(batch, pa.string())).hashes.tolist()
    assert len(set(forms)) == len(set(hashes)) == len(set(zip(forms, hashes, strict=True)))


@settings(deadline=None)  # the first call compiles
@given(texts)
@example("ΌΣΟΣ İstanbul")
def test_text_and_its_lower_case_have_the_same_words(text: str) -> None:
    """The stream of a text is that of `text.lower()`, hash by hash."""
    upper, lower = _hashes_of([text, text.lower()])
    assert upper == lower


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, min_size=1, max_size=6), st.data())
def test_a_text_has_the_same_words_in_any_batch(batch: list[str], data: st.DataObject) -> None:
    """Splitting, slicing or widening the batch changes nothing."""
    whole = _hashes_of(batch)
    at = data.draw(st.integers(0, len(batch)))
    assert _hashes_of(batch[:at]) + _hashes_of(batch[at:]) == whole
    sliced = scan_words(pa.array(batch, pa.large_string()).slice(at))
    assert sliced.hashes.tolist() == [value for words in whole[at:] for value in words]


def test_every_code_point_of_the_table_is_classed() -> None:
    """Each character alone is a word or not as the definition says."""
    characters = [chr(code) for code in range(1, _TABLE_SIZE + 300) if not 0xD800 <= code < 0xE000]
    counts = scan_words(pa.array(characters, pa.string())).counts
    assert counts.tolist() == [int(_kind(character) in "sw") for character in characters]


def test_empty_batches_have_no_words() -> None:
    """No text, or no word in any, is no special case."""
    assert scan_words(pa.array([], pa.string())).offsets.tolist() == [0]
    words = scan_words(pa.array(["", " _-_ ", "🙂"]))
    assert words.counts.tolist() == [0, 0, 0] and words.hashes.dtype == np.uint64


def test_a_text_with_more_bytes_than_positions_is_refused() -> None:
    """Positions are 32-bit numbers; a larger text stops before any of it is read."""
    with pytest.raises(ValueError, match="2 GiB"):
        find_words(np.empty(0, np.uint8), np.array([0, 1 << 31]))


def test_nulls_are_refused() -> None:
    """A null is no text; the message says how many there are."""
    with pytest.raises(ValueError, match="1 texts are null"):
        scan_words(pa.array(["a", None]))


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts | st.text("abcXYZ019 -é", min_size=50, max_size=200), max_size=4))
@example(["a" * 64, "a" * 65, "b" * 63 + "é", " " * 63 + "ab", "x" * 8 + " " + "y" * 9, "é" + "z" * 56 + " end"])
def test_text_far_from_the_end_of_a_batch_has_the_same_words(batch: list[str]) -> None:
    """Whether 64 bytes can be looked at together, or a text is too near the end for that, changes nothing."""
    alone = [words for text in batch for words in _hashes_of([text])]
    assert _hashes_of([*batch, "-" * 64])[:-1] == alone
    assert _hashes_of(["".join(f"{text}\n" for text in batch) + "-" * 64]) == [
        [value for words in alone for value in words]
    ]


def test_a_text_of_ten_megabytes_has_the_words_of_its_parts() -> None:
    """One text of 10 MB has every word of the sentence that it repeats, at its place."""
    sentence = "The naïve café-owner didn't see 1,234 一二 words of Ελλάδα; extraordinarily incomprehensibilities. "
    repeats = 10_000_000 // len(sentence.encode()) + 1
    once, many = (scan_words(pa.array([sentence * count])) for count in (1, repeats))
    assert many.hashes.tolist() == once.hashes.tolist() * repeats
    places = np.arange(repeats)[:, None] * len(sentence.encode())
    assert np.array_equal(many.starts, (places + once.starts).ravel())
    assert np.array_equal(many.stops, (places + once.stops).ravel())
