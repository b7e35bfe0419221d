"""Gopher's rules: each at its inclusive bound, and the scores from their definitions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.filters.gopher import GopherQuality, GopherRepetition

texts = st.text() | st.text("the be to #….-•\n 一9", max_size=80)

QUALITY = [
    ("min_words", "words", "too_few_words"),
    ("max_words", "words", "too_many_words"),
    ("min_mean_word_chars", "mean_word_chars", "short_words"),
    ("max_mean_word_chars", "mean_word_chars", "long_words"),
    ("max_hashes_per_word", "hashes_per_word", "too_many_hashes"),
    ("max_ellipses_per_word", "ellipses_per_word", "too_many_ellipses"),
    ("max_bullet_lines", "bullet_lines", "too_many_bullet_lines"),
    ("max_ellipsis_lines", "ellipsis_lines", "too_many_ellipsis_lines"),
    ("min_alphabetic_words", "alphabetic_words", "too_few_alphabetic_words"),
    ("min_stop_words", "stop_words", "too_few_stop_words"),
]
QUALITY_TEXT = "- This is the #1 of 20 ways to go ...\nAnd that is all.\n"
REPETITION_TEXT = ("a b c d e f g h i j k\n\n" * 2 + "one two three\n" + "x y z w\n" * 2) * 2
REPETITION = [name for name in GopherRepetition.model_fields if name.startswith("max_")]


@pytest.mark.parametrize(("field", "score", "reason"), QUALITY)
def test_quality_bounds_are_inclusive(field: str, score: str, reason: str) -> None:
    """A document at the bound stays; just past it, it goes for that reason; without the rule it stays."""
    off = dict.fromkeys([rule[0] for rule in QUALITY])
    value = GopherQuality(**off)(QUALITY_TEXT).scores[score]
    step = 1 if score in ("words", "stop_words") else 1e-9
    whole = int if score in ("words", "stop_words") else float
    past = value + step if field.startswith("min_") else value - step
    assert value > 0 and GopherQuality(**off)(QUALITY_TEXT).keep
    assert GopherQuality(**(off | {field: whole(value)}))(QUALITY_TEXT).keep
    assert GopherQuality(**(off | {field: whole(past)}))(QUALITY_TEXT).reason == reason


@pytest.mark.parametrize("field", REPETITION)
def test_repetition_bounds_are_inclusive(field: str) -> None:
    """A document at the bound stays; just past it, it goes for that reason; without the rule it stays."""
    off = dict.fromkeys(REPETITION)
    value = GopherRepetition(**off)(REPETITION_TEXT).scores[field.removeprefix("max_")]
    assert value > 0 and GopherRepetition(**off)(REPETITION_TEXT).keep
    assert GopherRepetition(**(off | {field: value}))(REPETITION_TEXT).keep
    reason = GopherRepetition(**(off | {field: value - 1e-9}))(REPETITION_TEXT).reason
    assert reason == field.replace("max_", "many_")


def test_quality_scores_of_a_text_by_hand() -> None:
    """13 words, 5 other tokens (hyphen, number sign, two ellipses' dots as one, full stop) and two lines."""
    scores = GopherQuality()(QUALITY_TEXT).scores
    assert scores["words"] == 13 and scores["stop_words"] == 5
    assert scores["hashes_per_word"] == scores["ellipses_per_word"] == 1 / 17
    assert scores["alphabetic_words"] == 11 / 17
    assert scores["bullet_lines"] == scores["ellipsis_lines"] == 1 / 2
    assert GopherQuality(count_symbols=False)(QUALITY_TEXT).scores["alphabetic_words"] == 11 / 13


def test_four_equal_lines_by_either_count() -> None:
    """Of four equal lines three are repeats, and all four are copies."""
    text = "\n".join(["the same line"] * 4)
    assert GopherRepetition()(text).scores["duplicate_lines"] == 0.75
    assert GopherRepetition(count="all_copies")(text).scores["duplicate_lines"] == 1.0


def test_an_empty_text_is_no_document() -> None:
    """Nothing to measure is a reason of its own, or too few words."""
    assert GopherRepetition()("").reason == "empty"
    assert GopherQuality()("").reason == "too_few_words"


def test_a_stop_word_is_one_word() -> None:
    """A phrase among the stop words could never be found; it is refused."""
    with pytest.raises(ValidationError, match="'of the' is not one word but 2"):
        GopherQuality(stop_words=["of the"])


@settings(deadline=None)  # the first call compiles
@given(st.lists(texts, min_size=1, max_size=5), st.data())
@pytest.mark.parametrize("stage", [GopherQuality(), GopherRepetition(), GopherRepetition(count="all_copies")])
def test_a_document_is_judged_the_same_in_any_batch(stage, batch: list[str], data: st.DataObject) -> None:
    """Splitting the batch changes nothing."""
    at = data.draw(st.integers(0, len(batch)))
    assert stage(batch[:at]) + stage(batch[at:]) == stage(batch)
