"""On how many of 802 documents our verdicts differ from datatrove's, and why.

`golden/datatrove.jsonl` holds what datatrove 0.10.1 says of 75 documents made for the purpose and of 727 of the shared
data (Wikipedia, BBC, IMDB, main texts of web pages, and Common Crawl documents that people judged); without these, the
75 are compared. `make_golden.py` writes it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from golden_documents import key, made, shared

from curate.filters.c4 import C4Quality
from curate.filters.fineweb import FinewebQuality
from curate.filters.gopher import GopherQuality, GopherRepetition
from curate.stage import Filter, Verdict

GOLDEN = Path(__file__).parent / "golden" / "datatrove.jsonl"

Case = tuple[str, Verdict, dict[str, Any]]


def _golden() -> dict[str, dict[str, Any]]:
    header, *rows = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    assert header["datatrove"] == "0.10.1"
    return {row[0]: dict(zip(header["columns"], row, strict=True)) for row in rows}


@pytest.fixture(scope="module", params=["made", "shared"])
def texts(request: pytest.FixtureRequest) -> dict[str, str]:
    """Documents by their name in the golden file: those made here, and the real ones."""
    if request.param == "made":
        return made()
    return dict(shared(request.getfixturevalue("shared_data")))


def _cases(stage: Filter, texts: dict[str, str]) -> list[Case]:
    """The name of every document, our verdict and datatrove's row."""
    golden = _golden()
    assert all(key(text) == golden[name]["key"] for name, text in texts.items())
    return [(name, verdict, golden[name]) for name, verdict in zip(texts, stage(list(texts.values())), strict=True)]


def _differing(stage: Filter, texts: dict[str, str]) -> list[Case]:
    return [case for case in _cases(stage, texts) if case[1].keep != (case[2][stage.name] is None)]


def _why(cases: list[Case], explanations: dict[str, Callable[[Case], bool]]) -> Counter[str]:
    """How many documents each explanation is the first to account for."""
    return Counter(
        next((name for name, explains in explanations.items() if explains(case)), "unexplained") for case in cases
    )


def _with_their(score: str, value: Callable[[dict[str, Any]], float], low: float) -> Callable[[Case], bool]:
    """Whether our verdict is datatrove's once its value of one score stands in the place of ours."""

    def explains(case: Case) -> bool:
        _, verdict, row = case
        return (verdict.scores[score] < low) != (value(row) < low)

    return explains


def test_every_document_of_the_golden_file_is_compared(shared_data: Path) -> None:
    """There are 802 of them, and none is missing."""
    assert len(made()) == 75
    assert {**made(), **dict(shared(shared_data))}.keys() == _golden().keys()
    assert len(_golden()) == 802


@pytest.mark.parametrize(("texts", "expected"), [("made", {}), ("shared", {})], indirect=["texts"])
def test_fineweb_quality(texts: dict[str, str], expected: dict[str, int]) -> None:
    """No verdict differs."""
    assert [name for name, *_ in _differing(FinewebQuality(), texts)] == []


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ("made", {"alphabetic_words": 5, "stop_words": 1, "mean_word_chars": 1}),
        ("shared", {"alphabetic_words": 41, "stop_words": 1}),
    ],
    indirect=["texts"],
)
def test_gopher_quality(texts: dict[str, str], expected: dict[str, int]) -> None:
    """Tokens beside words are counted by rule and not by spaCy, stop words in any case, and 1,234.5 is three words."""
    explanations = {
        "alphabetic_words": _with_their("alphabetic_words", lambda row: row["alphabetic"] / row["tokens"], 0.8),
        "stop_words": _with_their("stop_words", lambda row: row["stop_words"], 2),
        "mean_word_chars": _with_their("mean_word_chars", lambda row: row["mean_word_chars"], 3),
    }
    assert _why(_differing(GopherQuality(), texts), explanations) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [("made", {"symbols": 1, "joined words": 1}), ("shared", {"symbols": 6})],
    indirect=["texts"],
)
def test_gopher_repetition(texts: dict[str, str], expected: dict[str, int]) -> None:
    """Symbols are in no n-gram, and words are lower-cased; value_1 is two words, which repeat more than one."""
    explanations = {
        "symbols": lambda case: case[1].keep == (case[2]["repetition_of_words"] is None),
        "joined words": lambda case: case[0] == "made/code",
    }
    assert _why(_differing(GopherRepetition(), texts), explanations) == expected


@pytest.mark.parametrize(("texts", "expected"), [("made", {}), ("shared", {"sentences": 3})], indirect=["texts"])
def test_c4_quality(texts: dict[str, str], expected: dict[str, int]) -> None:
    """Sentences are counted by rule, not by spaCy."""
    explanations = {"sentences": _with_their("sentences", lambda row: row["sentences"], 3)}
    assert _why(_differing(C4Quality(), texts), explanations) == expected


@pytest.mark.parametrize(
    ("texts", "marks", "expected"),
    [
        ("made", '.?!"', {True: 62, False: 3}),
        ("made", ".?!\"'", {True: 65}),
        ("shared", '.?!"', {True: 643, False: 12}),
        ("shared", ".?!\"'", {True: 655}),
    ],
    indirect=["texts"],
)
def test_text_that_c4_quality_leaves(texts: dict[str, str], marks: str, expected: dict[bool, int]) -> None:
    """Where both keep a page, the same text is left, once `'` is an end mark as it is in datatrove."""
    cases = [case for case in _cases(C4Quality(end_marks=marks), texts) if case[1].keep and case[2]["c4_text"]]
    assert Counter(key(verdict.pieces[0]) == row["c4_text"] for _, verdict, row in cases) == expected
