"""Exact deduplication."""

from __future__ import annotations

import pyarrow as pa
from dedup_runs import run_dedup
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dedup import ExactDedup


def test_one_of_equal_texts_survives(tmp_path) -> None:
    """Equal byte for byte: the smallest id stays, the report says so, and bands do not apply."""
    rows = [(key, "web", text) for key, text in zip("abcdef", ["x y", "x y", "X y", "x y", "", ""], strict=True)]
    outcome = run_dedup(tmp_path, ExactDedup(), rows, parts=2)
    assert len(outcome.removed & set("abd")) == 2 and len(outcome.removed & set("ef")) == 1 and outcome.keep["c"]
    assert set(outcome.report) == outcome.removed
    for key in outcome.removed:
        row = outcome.report[key]
        assert (row["estimated_jaccard"], row["bands_matched"], row["reason"]) == (1.0, None, "id")
        assert row["survivor"] == row["cluster"] < row["document"]


def test_words_may_differ_in_case_and_punctuation(tmp_path) -> None:
    """`normalize: words` compares words only, and texts without any are never duplicates."""
    rows = [
        (key, "web", text) for key, text in zip("abcde", ["Hello, world!", "hello WORLD", "!!", "!!", ""], strict=True)
    ]
    outcome = run_dedup(tmp_path, ExactDedup(normalize="words"), rows)
    assert outcome.removed == {"b"} and outcome.report["b"]["reason"] == "length"
    assert run_dedup(tmp_path, ExactDedup(), rows).removed in ({"c"}, {"d"})


def test_word_boundaries_count(tmp_path) -> None:
    """The same letters in other words are another text."""
    outcome = run_dedup(
        tmp_path, ExactDedup(normalize="words"), [("a", "web", "ab c"), ("b", "web", "a bc"), ("c", "web", "abc")]
    )
    assert not outcome.removed


@settings(deadline=None, max_examples=40)  # each writes and syncs a state
@given(st.lists(st.text("aA .", max_size=4), max_size=12))
def test_called_on_a_list_one_of_each_text_is_kept(texts: list[str]) -> None:
    """In scripts, equal texts share no fate but the duplicate's: exactly one verdict of each says keep."""
    kept = [text for text, verdict in zip(texts, ExactDedup()(texts), strict=True) if verdict.keep]
    assert sorted(kept) == sorted(set(texts))


def test_called_on_arrow_data_it_returns_a_table() -> None:
    """A chunked array in, columns out; no document is no special case."""
    table = ExactDedup()(pa.chunked_array([["a", "b"], ["a"]]))
    assert table.column_names == ["keep", "reason", "cluster", "survivor"]
    assert table["reason"].to_pylist().count("duplicate") == 1
    assert ExactDedup()(pa.array([], pa.string())).num_rows == 0 and ExactDedup()([]) == []
    assert ExactDedup()("one").keep
