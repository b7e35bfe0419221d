"""Where GPT-3's rules and lm-eval's Janitor agree, they give the same pieces; where not, it is known how."""

from __future__ import annotations

import string

import pytest

from curate.decontaminate import Decontaminate

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _janitor(text: str, item: str) -> list[str]:
    """Janitor's procedure: each matching 13-gram is cut with 200 characters on both sides, at most 10 of them."""

    def words(of: str) -> list[tuple[int, int, str]]:
        placed, at = [], 0
        for word in of.split():
            at = of.index(word, at)
            placed.append((at, at + len(word), word.translate(_NO_PUNCTUATION).lower()))
            at += len(word)
        return [word for word in placed if word[2]]

    def grams(placed: list[tuple[int, int, str]]) -> list[tuple[int, int, tuple[str, ...]]]:
        runs = [placed[at : at + 13] for at in range(len(placed) - 12)]
        return [(run[0][0], run[-1][1], tuple(word for _, _, word in run)) for run in runs]

    known = {gram for _, _, gram in grams(words(item))}
    pieces, position = [], 0
    for number, (start, stop) in enumerate((a, b) for a, b, gram in grams(words(text)) if gram in known):
        if number >= 10:
            return []
        if start - 200 - position > 200:
            pieces.append(text[position : start - 200])
        position = min(stop + 200, len(text))
    return [*pieces, text[position:]] if len(text) - position > 200 else pieces


@pytest.mark.parametrize("words", [13, 14, 17, 22])
@pytest.mark.parametrize("before, after", [(0, 1000), (300, 1000), (401, 401), (1000, 1000), (5000, 0)])
def test_a_single_overlap_gives_the_same_pieces(write_benchmark, leak, prose, words, before, after) -> None:
    """One overlap of 13 to 22 words: the same pieces, wherever it is."""
    text = prose(before) + leak(words) + prose(after)
    verdict = Decontaminate(benchmarks=write_benchmark(leak(99)))(text)
    assert list(verdict.pieces) == _janitor(text, leak(99))


def test_an_overlap_of_23_words_deletes_nothing_here(write_benchmark, leak, prose) -> None:
    """Janitor counts its 11 n-grams as 11 cuts and returns nothing; merged first, they are one."""
    text = prose(1000) + leak(23) + prose(1000)
    assert _janitor(text, leak(99)) == []
    assert [len(piece) for piece in Decontaminate(benchmarks=write_benchmark(leak(99)))(text).pieces] == [800, 800]


def test_a_short_clean_document_stays_here(write_benchmark, leak, prose) -> None:
    """Janitor returns nothing for a text of 200 characters without a match."""
    assert _janitor(prose(200), leak(99)) == []
    assert Decontaminate(benchmarks=write_benchmark(leak(99)))(prose(200)).pieces == (prose(200),)
