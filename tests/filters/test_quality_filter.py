"""The quality filter: its rules keep what they promise, whatever the batches."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from filter_texts import documents, slices, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import kstest

from curate.corpus import MemoryCorpus
from curate.documents import ID, Documents
from curate.errors import InputError, StateError
from curate.filters import QualityFilter
from curate.filters.models import LogisticModel


def fixed(score: float, **parameters) -> QualityFilter:
    """A filter whose classifier gives every document the same score."""
    quality = QualityFilter(positives=["any"], **parameters)
    bias = math.log(score / (1 - score)) if 0 < score < 1 else math.copysign(1e3, score - 0.5)
    quality._model = LogisticModel(8, np.zeros(256), bias)
    return quality


@pytest.fixture(scope="module")
def many() -> Documents:
    """20,000 empty documents with random ids."""
    ids = np.random.default_rng(3).bytes(16 * 20_000)
    columns = {"id": pa.array([ids[n : n + 16] for n in range(0, len(ids), 16)], ID)}
    columns |= {"source": pa.repeat("any", 20_000), "text": pa.repeat("", 20_000)}
    return Documents(pa.RecordBatch.from_pydict(columns))


@pytest.fixture(scope="module")
def trained(docs, tmp_path_factory):
    """Called with a rule, gives a filter fitted on the three sources."""

    def fit(**parameters):
        quality = QualityFilter(positives=["wiki", "books"], **parameters)
        quality.fit(docs, tmp_path_factory.mktemp("state"))
        return quality

    return fit


@pytest.mark.parametrize("alpha", [1.0, 3.0, 9.0])
@pytest.mark.parametrize("score", [0.0, 0.5, 0.9, 0.99, 1.0])
def test_pareto_keep_rate(many, score, alpha):
    """The share that is kept is (2 - score)**-alpha, within 4 standard errors; a score of 1 is always kept."""
    rate = (2 - score) ** -alpha
    kept = fixed(score, alpha=alpha).annotate(many).keep.mean()
    assert abs(kept - rate) <= 4 * math.sqrt(rate * (1 - rate) / len(many)) + 1e-12


def test_pareto_draws_follow_numpys_pareto(many):
    """The draws have the law of numpy's pareto (Lomax), by a Kolmogorov-Smirnov test on both sides."""
    draws = np.asarray(fixed(0.5, alpha=9.0).annotate(many).columns["draw"])
    assert kstest(draws, lambda x: 1 - (1 + x) ** -9.0).pvalue > 0.01
    assert kstest(draws, np.random.default_rng(0).pareto(9.0, 100_000)).pvalue > 0.01


def test_pareto_is_the_published_rule(trained, docs):
    """A document is kept exactly when its draw exceeds 1 - score; both are columns, and the reason is `pareto`."""
    said = trained(alpha=2.0).annotate(docs)
    score, draw = (np.asarray(said.columns[name]) for name in ("score", "draw"))
    assert said.keep.tolist() == (draw > 1 - score).tolist()
    assert 0 < said.keep.sum() < len(docs)
    assert set(said.reason.filter(pa.array(~said.keep)).to_pylist()) == {"pareto"}


def test_a_tiny_alpha_keeps_everything(many):
    """Infinite draws are fine: alpha 1e-6 keeps all, without a warning."""
    assert fixed(0.01, alpha=1e-6).annotate(many).keep.mean() > 0.99


def test_seeds_give_other_draws(many):
    """Another seed keeps other documents, None is seed 0."""
    kept = [fixed(0.9, seed=seed).annotate(many).keep for seed in (None, 0, 1)]
    assert (kept[0] == kept[1]).all() and (kept[0] != kept[2]).any()


def test_threshold_is_inclusive(trained, docs):
    """The rule threshold keeps scores at and above it."""
    scores = trained(rule="threshold").annotate(docs).columns["score"].to_pylist()
    said = trained(rule="threshold", threshold=scores[7]).annotate(docs)
    assert said.keep.tolist() == [score >= scores[7] for score in scores]
    assert set(said.reason.drop_null().to_pylist()) == {"below_threshold"}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 460), st.integers(1, 1000), st.lists(st.integers(0, 460), max_size=4), st.booleans())
def test_top_fraction_keeps_exactly_the_share(tmp_path_factory, docs, rows, permille, cuts, ties):
    """Exactly ceil(fraction * n) are kept, none of them below one that is dropped, whatever the batches and ties."""
    fraction = permille / 1000
    some = Documents(docs.batch.slice(0, rows))
    quality = fixed(0.5, rule="top_fraction", fraction=fraction)
    if not ties:
        quality._model = LogisticModel(8, np.random.default_rng(0).normal(size=256), 0.0)
    state = tmp_path_factory.mktemp("state")
    batches = slices(some, [cut for cut in cuts if cut < rows])
    step = quality.rounds()[-1]
    step.conclude(MemoryCorpus(some), [step.summarize(batch) for batch in reversed(batches)], state)
    found = json.loads((state / "threshold.json").read_text())
    quality._cut = (found["score"], found["draw"])
    keep = np.concatenate([quality.annotate(batch).keep for batch in batches])
    assert keep.sum() == math.ceil(Fraction(permille, 1000) * rows)
    scores = quality._model.score(some)
    assert scores[keep].min() >= scores[~keep].max(initial=0)


@pytest.mark.parametrize("rule", ["pareto", "threshold", "top_fraction"])
def test_verdicts_do_not_depend_on_batches(trained, docs, rule):
    """The same documents are kept, with the same columns, in one batch, in many and in reversed order."""
    quality = trained(rule=rule)
    whole = quality(docs.batch)
    parts = pa.concat_tables([quality_table(quality, batch) for batch in slices(docs, [1, 2, 100, 459])])
    assert quality_table(quality, docs).equals(parts)
    backwards = Documents(docs.batch.take(pa.array(range(len(docs))[::-1])))
    assert quality_table(quality, backwards).take(pa.array(range(len(docs))[::-1])).equals(parts)
    assert whole.num_rows == len(docs)


def quality_table(quality, docs):
    """What the filter says, as one table."""
    said = quality.annotate(docs)
    return pa.table({"keep": pa.array(said.keep), "reason": said.reason, **said.columns})


def test_top_fraction_counts_only_the_sources_it_applies_to(docs, tmp_path):
    """The share is of the judged sources: a tenth of the crawl, not of everything."""
    quality = QualityFilter(sources=["crawl"], positives=["wiki"], rule="top_fraction", fraction=0.1)
    quality.fit(docs, tmp_path)
    assert quality.annotate(docs.of_sources(["crawl"])).keep.sum() == 30


def test_calling_a_filter_trains_on_the_data_given(docs):
    """In a script one call on a batch with sources trains and judges: prose stays, shop talk goes."""
    table = QualityFilter(positives=["wiki", "books"], rule="threshold")(docs.batch)
    keep, crawl = table["keep"].to_numpy(), np.asarray(docs.source) == "crawl"
    assert keep[~crawl].mean() > 0.95 and keep[crawl].mean() < 0.05


@pytest.mark.parametrize("model", ["logistic", "fasttext"])
def test_fit_texts_gives_a_filter_for_strings(model, tmp_path):
    """Texts in, a filter for strings out; the folder it leaves serves a second filter that says the same."""
    prose, shop = texts("prose", 60), texts("shop", 60)
    quality = QualityFilter.fit_texts(prose, shop, tmp_path / "mine", model=model, rule="threshold")
    again = QualityFilter(classifier=str(tmp_path / "mine"), rule="threshold")
    good, bad = texts("prose", 1, 9)[0], texts("shop", 1, 9)[0]
    assert [v.keep for v in quality([good, bad])] == [True, False]
    assert quality([good, bad, ""]) == again([good, bad, ""])
    assert quality(bad).reason == "below_threshold" and 0 <= quality(bad).scores["score"] < 0.5
    assert again.input_files() == {"classifier": [str(tmp_path / "mine" / "card.json")]}


def test_a_trained_classifier_needs_no_round(tmp_path):
    """With `classifier` nothing looks at the corpus first, but for the quantile of top_fraction."""
    QualityFilter.fit_texts(texts("prose", 20), texts("shop", 20), tmp_path)
    assert QualityFilter(classifier=str(tmp_path)).rounds() == []
    top = QualityFilter(classifier=str(tmp_path), rule="top_fraction", fraction=0.25)
    assert [step.name for step in top.rounds()] == ["threshold"]
    assert sum(v.keep for v in top(texts("prose", 8, 5))) == 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "positives or classifier is required"),
        ({"positives": ["a"], "classifier": "x"}, "not both"),
        ({"negatives": ["a"], "classifier": "x"}, "not both"),
        ({"positives": ["a"], "negatives": []}, "negatives is empty"),
        ({"positives": ["a"], "negatives": ["b", "a"]}, "'a' cannot be among"),
        ({"positives": ["a"], "alpha": 0}, "greater than 0"),
        ({"positives": ["a"], "alpha": float("nan")}, "finite"),
        ({"positives": ["a"], "threshold": 1.5}, "less than or equal to 1"),
        ({"positives": ["a"], "fraction": 0}, "greater than 0"),
        ({"positives": ["a"], "held_out": 0}, "greater than 0"),
        ({"positives": ["a"], "rule": "best"}, "'pareto', 'threshold' or 'top_fraction'"),
        ({"positives": ["a"], "model": "bert"}, "'logistic' or 'fasttext'"),
        ({"positives": ["a"], "hash_bits": 99}, "less than or equal to 24"),
    ],
)
def test_wrong_parameters_are_refused(wrong, says):
    """Contradictions and values out of range are errors that say what is expected."""
    with pytest.raises(ValidationError, match=says):
        QualityFilter(**wrong)


def test_an_untrained_filter_says_so():
    """annotate before any round is a StateError, not a crash."""
    docs = documents(any=["some text"])
    with pytest.raises(StateError, match="no classifier yet"):
        QualityFilter(positives=["any"]).annotate(docs)
    with pytest.raises(StateError, match="has not seen the corpus"):
        fixed(0.5, rule="top_fraction").annotate(docs)


def test_no_negatives_left(docs, tmp_path):
    """If every source is a positive there is nothing to tell them from."""
    with pytest.raises(InputError, match="no source is left to be the negatives"):
        QualityFilter(positives=["crawl", "wiki", "books"]).fit(docs, tmp_path)
