"""One document of ten megabytes through every heuristic filter."""

from __future__ import annotations

import pytest

from curate.filters.c4 import C4Quality
from curate.filters.fineweb import FinewebQuality
from curate.filters.gopher import GopherQuality, GopherRepetition

LINES = 180_000
WORDS = ["the", "quick", "brown", "fox", "of", "一二", "naïve", "words", "…"]


@pytest.fixture(scope="module")
def text() -> str:
    """Lines that all differ, each of one sentence of 12 words, and one of them once more at the end."""
    lines = [
        f"Line {n:06} has {WORDS[n % 5]} and {WORDS[n * 7 % 5]}-{n * 31 % 1000} to naïve café # 一二."
        for n in range(LINES)
    ]
    return "\n".join([*lines, lines[0]])


def test_gopher_quality_counts_all_of_it(text: str) -> None:
    """Words, number signs and stop words of every line."""
    scores = GopherQuality(count_symbols=False)(text).scores
    assert len(text.encode()) > 10_000_000
    assert scores["words"] == 12 * (LINES + 1)
    assert scores["hashes_per_word"] == 1 / 12
    assert scores["stop_words"] == 4  # the, of, and, to


def test_gopher_repetition_finds_the_one_line(text: str) -> None:
    """Of 180,001 lines one is a repeat, with its characters."""
    scores = GopherRepetition()(text).scores
    assert scores["duplicate_lines"] == 1 / (LINES + 1)
    assert scores["duplicate_line_chars"] == len(text.split("\n")[0]) / len(text)
    assert scores["top_2_gram_chars"] == (LINES + 1) * len("to naïve") / len(text)


def test_c4_quality_keeps_all_of_it(text: str) -> None:
    """Every line is a sentence, and none is cut."""
    verdict = C4Quality()(text)
    assert verdict.scores["sentences"] == verdict.scores["kept_lines"] == LINES + 1
    assert verdict.pieces == (text,)


def test_fineweb_quality_measures_all_of_it(text: str) -> None:
    """Every line ends as a sentence does."""
    scores = FinewebQuality()(text).scores
    assert scores["punctuated_lines"] == 1
    assert scores["duplicate_line_chars"] == len(text.split("\n")[0]) / len(text.replace("\n", ""))
