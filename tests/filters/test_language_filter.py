"""The language filter: right languages, and one verdict for a text however it comes."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.documents import Documents
from curate.errors import ResourceError
from curate.filters import LanguageFilter, language
from curate.filters.fasttext_lines import as_lines

SENTENCES = Path(__file__).resolve().parents[3] / "shared" / "data" / "langid" / "sentences.jsonl.zst"

ENGLISH = "The committee will meet again in the spring to discuss the report."
GERMAN = "Der Ausschuss wird im Frühjahr erneut zusammentreten, um den Bericht zu beraten."


def test_keeps_only_the_languages_asked_for():
    """English passes by default; German is dropped as another language, and passes when asked for."""
    verdicts = LanguageFilter()([ENGLISH, GERMAN])
    assert [(v.keep, v.reason) for v in verdicts] == [(True, None), (False, "other_language")]
    assert [v.scores["language"] for v in verdicts] == ["en", "de"]
    assert LanguageFilter(keep=["en", "de"])(GERMAN).keep


def test_a_low_score_is_a_reason_of_its_own():
    """A text in a wanted language under min_score is dropped as low_score; the bound is inclusive."""
    score = LanguageFilter(min_score=0)(ENGLISH).scores["score"]
    assert LanguageFilter(min_score=score)(ENGLISH).keep
    assert LanguageFilter(min_score=np.nextafter(score, 1))(ENGLISH).reason == "low_score"


@pytest.mark.parametrize("text", ["", "   \n", "123 456-789", "… — !!!", "\0"])
def test_a_text_without_a_letter_has_no_language(text):
    """No letter: no language, no score, and its own reason."""
    verdict = LanguageFilter()(text)
    assert (verdict.reason, verdict.scores) == ("no_language", {"language": None, "score": None})


def test_only_the_beginning_is_looked_at():
    """Characters after max_chars change nothing, and characters are not bytes."""
    start = "é" * 5 + " Le comité se réunira de nouveau au printemps."
    first = LanguageFilter(max_chars=len(start), keep=["fr"])
    assert first(start).scores == first(start + ENGLISH * 10).scores
    assert LanguageFilter(max_chars=3)("123" + ENGLISH).reason == "no_language"


@pytest.mark.parametrize("noise", ["\n", "\r\n", "\x0b", "\0", " </s> ", " __label__ "])
def test_what_fasttext_takes_for_markup_is_text_to_us(noise):
    """Newlines, NULs, end-of-line tokens and labels inside a text neither end it nor change what it says."""
    clean, noisy = LanguageFilter()([ENGLISH + " " + ENGLISH, ENGLISH + noise + ENGLISH])
    assert noisy.scores == clean.scores


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=8))
def test_the_batch_does_not_matter(texts):
    """Any texts, odd characters included, get the same columns alone and together; lines hold no newline."""
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    together = LanguageFilter()(pa.array(texts, pa.string()))
    alone = [LanguageFilter()(pa.array([text])) for text in texts]
    assert together.to_pylist() == [row for table in alone for row in table.to_pylist()]
    assert not any("\n" in line for line in as_lines(pa.array(texts, pa.string()), 1000).to_pylist())


def test_says_what_fasttext_says():
    """Labels and probabilities are those of fastText's own predict on the same line."""
    model = fasttext.load_model(str(language._model_path()))
    verdicts = LanguageFilter()([ENGLISH, GERMAN])
    for verdict, text in zip(verdicts, (ENGLISH, GERMAN), strict=True):
        labels, scores = model.predict(text)
        assert labels[0] == f"__label__{verdict.scores['language']}"
        assert verdict.scores["score"] == pytest.approx(min(scores[0], 1.0), abs=1e-9)


@pytest.mark.parametrize(("code", "hint"), [("eng", "did you mean 'en'"), ("deutsch", "ISO 639-1"), ("EN", "'en'")])
def test_an_unknown_language_is_refused_with_a_hint(code, hint):
    """A code that the model does not know is an error at once, not a filter that drops everything."""
    with pytest.raises(ValidationError, match=hint):
        LanguageFilter(keep=["en", code])


@pytest.mark.parametrize("wrong", [{"keep": []}, {"min_score": 1.1}, {"max_chars": 0}, {"min_scores": 0.5}])
def test_parameters_out_of_range_are_refused(wrong):
    """An empty list, a probability above 1, no characters, a misspelt name."""
    with pytest.raises(ValidationError):
        LanguageFilter(**wrong)


def test_a_damaged_model_is_refused(tmp_path):
    """A truncated model, which fastText itself would load, is an error that names the file and what to do."""
    damaged = tmp_path / "lid.176.ftz"
    damaged.write_bytes(language._model_path().read_bytes()[:500_000])
    with pytest.raises(ResourceError, match=r"lid\.176\.ftz: this is not the published .*\n.*\n.*pip install"):
        language._checked(damaged)
    with pytest.raises(ResourceError, match=r"gone: the language model cannot be read: No such file"):
        language._checked(tmp_path / "gone")


@pytest.mark.skipif(not SENTENCES.exists(), reason="needs shared/data")
def test_accuracy_on_real_sentences():
    """On single sentences at least 98 % of the English, German, French and Spanish ones get their language."""
    with SENTENCES.open("rb") as file:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        rows = [row for row in map(json.loads, lines) if row["lang"] in ("en", "de", "fr", "es")]
    said = LanguageFilter().annotate(Documents.from_texts([row["text"] for row in rows]))
    right = defaultdict(list)
    for row, found in zip(rows, said.columns["language"].to_pylist(), strict=True):
        right[row["lang"]].append(row["lang"] == found)
    assert {lang: np.mean(hits) >= 0.98 for lang, hits in right.items()} == dict.fromkeys(right, True)
    assert len(right) == 4
