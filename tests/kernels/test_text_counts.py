"""Counts of text against a plain-Python reading of their definitions."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.kernels.buffers import text_buffers
from curate.kernels.characters import OTHER, character_tables
from curate.kernels.lines import split_lines, split_paragraphs
from curate.kernels.text_counts import count_text, count_words, text_chars
from curate.kernels.words import scan_words

texts = st.text() | st.text("aB9 .…#-•'’_\n\r\t\u2028\u00a0é一ไ🙂,\x85") | st.text("ab \n", max_size=60)


def _is_word_character(character: str) -> bool:
    classes, _ = character_tables()
    return ord(character) < len(classes) and bool(classes[ord(character)] != OTHER)


def _symbols(text: str) -> int:
    shape = "".join("w" if _is_word_character(c) else " " if c.isspace() else c for c in text)
    runs = re.findall(r"([^w ])\1*", re.sub(r"(?<=w)['’._@&,:/](?=w)", "w", shape))
    return len(runs) - len(re.findall(r"(?<=[0-9])['._@&,:/](?=[0-9])", text))


def _counts(text: str) -> list[int]:
    lines = text.splitlines()
    return [
        text.count("\n"),
        _symbols(text),
        text.count("#"),
        text.count("...") + text.count("…"),
        len(lines),
        sum(line.lstrip().startswith(("•", "-")) for line in lines),
        sum(line.rstrip().endswith(("...", "…")) for line in lines),
    ]


def _found(batch: list[str]) -> list[list[int]]:
    counts = count_text(*text_buffers(pa.array(batch, pa.string())))
    return np.stack([getattr(counts, name) for name in counts.__dataclass_fields__], axis=1).tolist()


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, max_size=4))
@example(["", "a", "w'w", "1,234.5", "1’2", "a'.b", "....", "-\r\n•", "\n\n", "…\u00a0\n", "一", "\x85-"])
def test_counts_are_those_of_the_definition(batch: list[str]) -> None:
    """Every count of every text is what Python's own string methods say."""
    assert _found(batch) == [_counts(text) for text in batch]


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, max_size=4))
def test_words_have_the_right_length_and_letters(batch: list[str]) -> None:
    """Characters of each word, words with a letter, and different special words found."""
    array = pa.array(batch, pa.string())
    words = scan_words(array)
    special = np.unique(scan_words(pa.array(["a", "ab", "一"])).hashes)
    counts = count_words(*text_buffers(array), words, special)
    spans = np.stack([words.starts, words.stops], axis=1)
    expected = [
        [text.encode()[start:stop].decode() for start, stop in spans[begin:end]]
        for text, begin, end in zip(batch, words.offsets[:-1], words.offsets[1:], strict=True)
    ]
    assert text_chars(*text_buffers(array)).tolist() == [len(text) for text in batch]
    assert counts.chars.tolist() == [sum(map(len, listed)) for listed in expected]
    assert counts.alphabetic.tolist() == [sum(any(c.isalpha() for c in word) for word in listed) for listed in expected]
    assert counts.special.tolist() == [len({w.lower() for w in listed} & {"a", "ab", "一"}) for listed in expected]


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, max_size=4))
@example(["", "\n", "\n\n\n", " \n\na\n\n\n", "a\nb\n\nc", "\u2028\n\nx"])
def test_lines_and_paragraphs_are_those_of_re_split(batch: list[str]) -> None:
    """Units have the lengths, last characters, blankness and equality that splitting by pattern gives."""
    buffers = text_buffers(pa.array(batch, pa.string()))
    lines = [re.split(r"\n+", text) for text in batch]
    paragraphs = [re.split(r"\n{2,}", text.strip()) for text in batch]
    for units, expected in ((split_lines(*buffers), lines), (split_paragraphs(*buffers), paragraphs)):
        flat = [unit for listed in expected for unit in listed]
        assert units.counts.tolist() == [len(listed) for listed in expected]
        assert units.chars.tolist() == [len(unit) for unit in flat]
        assert units.last.tolist() == [ord(unit[-1]) if unit else 0 for unit in flat]
        assert units.blank.tolist() == [not unit.strip() for unit in flat]
        assert len(set(units.hashes.tolist())) == len(set(flat)) == len(set(zip(units.hashes.tolist(), flat)))  # noqa: B905


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, min_size=1, max_size=5), st.data())
def test_a_text_has_the_same_counts_in_any_batch(batch: list[str], data: st.DataObject) -> None:
    """Splitting the batch changes nothing."""
    at = data.draw(st.integers(0, len(batch)))
    assert _found(batch[:at]) + _found(batch[at:]) == _found(batch)


def test_every_category_of_character_is_counted_once() -> None:
    """A text of one character of each Unicode category has as many characters, and no word among its symbols."""
    kinds = {unicodedata.category(chr(code)): chr(code) for code in range(1, 0x30000) if not 0xD800 <= code < 0xE000}
    batch = sorted(kinds.values())
    assert _found(batch) == [_counts(text) for text in batch]


def test_a_text_of_ten_megabytes_is_counted_in_full() -> None:
    """One text of 10 MB has the counts of the page that it repeats, so many times."""
    page = "- It's #1 of 1,234 … he said...\r\n\u2028• naïve “quotes”, 一二。\n\nabc def ghi jkl mno pqr stu vwx yz\n"
    repeats = 10_000_000 // len(page.encode()) + 1
    assert _found([page * repeats]) == [[repeats * value for value in _counts(page)]]
