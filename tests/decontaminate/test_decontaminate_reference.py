"""Decontamination against the plain implementation in `decontaminate_reference`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from decontaminate_reference import decontaminate, grams_in, grams_of
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.decontaminate import Decontaminate
from curate.documents import Documents, apply_cuts

_WORDS = ["a", "Été", "ΩΣ", "b1", "日", "𝔘", "no", "ЖУК"]
_SEPARATORS = [" ", ", ", " — ", "\n", " 😀 ", "_", "...     "]


def _texts(words: int, separators: list[str]) -> st.SearchStrategy[str]:
    token = st.tuples(st.sampled_from(_WORDS), st.sampled_from(separators))
    return st.lists(token, max_size=words).map(lambda tokens: "".join(word + mark for word, mark in tokens))


_parameters = st.fixed_dictionaries(
    {
        "ngram": st.integers(2, 4),
        "window_chars": st.integers(0, 12),
        "min_piece_chars": st.integers(0, 15),
        "max_cuts": st.integers(0, 4),
    }
)


def _judge(texts: list[str], items: list[str], parameters: dict[str, int], count: int | None = None):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.jsonl")
        path.write_text("".join(json.dumps({"text": item}) + "\n" for item in items))
        stage = Decontaminate(benchmarks=str(path), min_item_words=2, max_document_count=count, **parameters)
        stage.fit(Documents.from_texts(texts), Path(folder))
        said = stage.annotate(Documents.from_texts(texts))
    left = apply_cuts(pa.array(texts), said.cuts).to_pylist()
    kept = [tuple(filter(None, text.split("\0"))) if keep else () for text, keep in zip(left, said.keep, strict=True)]
    return said, kept


@pytest.mark.parametrize("separators", [_SEPARATORS, [*_SEPARATORS, "\0"]], ids=["whole", "split"])
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_same_spans_cuts_and_pieces(separators, data) -> None:
    """Spans, cuts, verdict and pieces are those of the reference: any script, overlap, edge or earlier split."""
    items = data.draw(st.lists(_texts(8, _SEPARATORS), min_size=1, max_size=3))
    texts = data.draw(st.lists(_texts(40, separators), min_size=1, max_size=3))
    parameters = data.draw(_parameters)
    rules = {name: parameters[name] for name in ("window_chars", "min_piece_chars", "max_cuts")}
    grams = grams_of(items, parameters["ngram"], 2)
    said, pieces = _judge(texts, items, parameters)
    table = said.tables["contamination"].to_pylist()
    for row, text in enumerate(texts):
        expected = decontaminate(text, grams, **rules)
        document = Documents.from_texts([text]).id[0].as_py().hex()
        spans = sorted({(match["start"], match["stop"]) for match in table if match["document"] == document})
        assert spans == expected.spans
        assert said.columns["matches"][row].as_py() == len(spans)
        assert said.columns["cut_count"][row].as_py() == expected.cuts
        assert said.reason[row].as_py() == expected.reason
        assert pieces[row] == expected.pieces


@settings(max_examples=60, deadline=None)
@given(st.lists(_texts(8, _SEPARATORS), min_size=1, max_size=3), st.lists(_texts(20, _SEPARATORS), max_size=8))
def test_ngrams_in_many_documents_are_ignored(items, texts) -> None:
    """What is in more than two documents, however often in each, is left; the rest is found."""
    grams = grams_of(items, 3, 2)
    holders = {gram: sum(gram in grams_in(text, {gram}) for text in texts) for gram in grams}
    rare = {gram for gram in grams if holders[gram] <= 2}
    rules = {"window_chars": 3, "min_piece_chars": 4, "max_cuts": 5}
    said, pieces = _judge(texts, items, {"ngram": 3, **rules}, count=2)
    expected = [decontaminate(text, rare, **rules) for text in texts]
    assert said.reason.to_pylist() == [one.reason for one in expected]
    assert pieces == [one.pieces for one in expected]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 86), st.sampled_from(["word ", "été — ", "日 ", "😀 "]))
def test_a_planted_13_gram_is_always_cut(position, begin, filler) -> None:
    """Thirteen words in a row of an item never survive, wherever they stand and whatever stands beside them."""
    words = [f"leak{number}" for number in range(99)]
    text = (filler * 3000)[:3000]
    planted = f"{text[:position]} {' '.join(words[begin : begin + 13])} {text[position:]}"
    said, (pieces,) = _judge([planted], [" ".join(words)], {"ngram": 13})
    assert said.columns["cut_count"].to_pylist() == [1]
    assert not any("leak" in piece for piece in pieces)
    assert sum(map(len, pieces)) >= 3000 - 2 * 200 - 200
