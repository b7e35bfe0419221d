"""FineWeb's rules against a plain-Python reading of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.filters.fineweb import FinewebQuality
from curate.kernels.characters import SENTENCE_ENDS

texts = st.text() | st.text("ab. \n\r?。", max_size=80) | st.lists(st.sampled_from(["a.", "b", "", " "])).map("\n".join)


def _scores(text: str) -> dict[str, float]:
    lines = [line for line in text.split("\n") if line.strip()]
    seen: set[str] = set()
    repeated = 0
    for line in lines:
        repeated += len(line) if line in seen else 0
        seen.add(line)
    return {
        "punctuated_lines": sum(line.endswith(tuple(SENTENCE_ENDS)) for line in lines) / max(1, len(lines)),
        "short_lines": sum(len(line) <= 30 for line in lines) / max(1, len(lines)),
        "duplicate_line_chars": repeated / max(1, len(text.replace("\n", ""))),
    }


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, max_size=4))
@example(["", "\n", " \n ", "a\na", "。", "x" * 30 + "\n" + "x" * 31])
def test_scores_are_those_of_the_definition(batch: list[str]) -> None:
    """Line scores are what splitting and counting strings gives, for whatever text."""
    for text, verdict in zip(batch, FinewebQuality()(batch), strict=True):
        expected = _scores(text)
        assert {name: verdict.scores[name] for name in expected} == expected
        assert (verdict.reason == "empty") == (not text.strip())


RULES = [
    ("min_punctuated_lines", "punctuated_lines", "few_punctuated_lines", "One.\nTwo\nThree\nFour\n"),
    ("max_short_lines", "short_lines", "many_short_lines", "Short.\n" + "A line that is longer than thirty.\n" * 1),
    ("max_duplicate_line_chars", "duplicate_line_chars", "many_duplicate_line_chars", "Same.\nSame.\nNot the same."),
    ("max_newlines_per_word", "newlines_per_word", "many_newlines", "a\nb\nc\nd"),
]
OFF = dict.fromkeys([rule[0] for rule in RULES])


@pytest.mark.parametrize(("field", "score", "reason", "text"), RULES)
def test_bounds_are_inclusive(field: str, score: str, reason: str, text: str) -> None:
    """A document at the bound stays; just past it, it goes for that reason; without the rule it stays."""
    value = FinewebQuality(**OFF)(text).scores[score]
    past = value + 1e-9 if field.startswith("min_") else value - 1e-9
    assert value > 0 and FinewebQuality(**OFF)(text).keep
    assert FinewebQuality(**(OFF | {field: value}))(text).keep
    assert FinewebQuality(**(OFF | {field: past}))(text).reason == reason


def test_punctuation_counts_among_words_if_asked() -> None:
    """Newlines per word: of two words and two full stops, or of two words."""
    text = "One.\nTwo."
    assert FinewebQuality()(text).scores["newlines_per_word"] == 1 / 4
    assert FinewebQuality(count_symbols=False)(text).scores["newlines_per_word"] == 1 / 2


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=5), st.data())
def test_a_document_is_judged_the_same_in_any_batch(batch: list[str], data: st.DataObject) -> None:
    """Splitting the batch changes nothing."""
    at = data.draw(st.integers(0, len(batch)))
    assert FinewebQuality()(batch[:at]) + FinewebQuality()(batch[at:]) == FinewebQuality()(batch)
