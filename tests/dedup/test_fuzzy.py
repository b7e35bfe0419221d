"""Fuzzy deduplication: what counts as a duplicate, and what the parameters do."""

from __future__ import annotations

import numpy as np
import pytest
from dedup_runs import run_dedup, similar_texts
from pydantic import ValidationError

from curate.dedup import FuzzyDedup
from curate.kernels.lsh import candidate_probability

WORDS = " ".join(f"word{n}" for n in range(200))


def _jaccard(one: str, other: str, ngram: int = 5) -> float:
    sets = []
    for text in (one, other):
        words = text.lower().split()
        sets.append({tuple(words[at : at + ngram]) for at in range(max(1, len(words) - ngram + 1))})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def test_called_on_strings_it_keeps_one_of_each_group() -> None:
    """The longest of a group stays, equal texts share an outcome but for one survivor."""
    verdicts = FuzzyDedup(threshold=0.8)([WORDS, WORDS + " more", "other", WORDS, ""])
    assert [verdict.keep for verdict in verdicts] == [False, True, True, False, True]
    assert [verdict.reason for verdict in verdicts] == ["duplicate", None, None, "duplicate", None]
    assert verdicts[0].scores["survivor"] == verdicts[3].scores["survivor"] != verdicts[1].scores["survivor"]


def test_short_and_empty_documents(tmp_path) -> None:
    """Fewer words than an n-gram: duplicates only if all words are equal. No word: never a duplicate."""
    texts = {
        "a": "two words",
        "b": "Two, words!",
        "c": "two",
        "d": "words two",
        "e": "",
        "f": "",
        "g": "...",
        "h": "...",
    }
    outcome = run_dedup(tmp_path, FuzzyDedup(), [(key, "web", text) for key, text in texts.items()])
    assert outcome.removed == {"a"} and outcome.survivor["a"] == "b"
    assert all(outcome.cluster[key] is None for key in "cdefgh")


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_every_removal_resembles_its_survivor(tmp_path, threshold: float) -> None:
    """With `linkage: survivor` the reported estimate reaches the threshold, and the exact value is near it."""
    rows = [(str(n), "web", text) for n, text in enumerate(similar_texts(300, seed=1))]
    text_of = {key: text for key, _, text in rows}
    outcome = run_dedup(tmp_path, FuzzyDedup(threshold=threshold), rows)
    assert len(outcome.removed) > 30
    for key in outcome.removed:
        estimate = outcome.report[key]["estimated_jaccard"]
        assert estimate >= threshold
        exact = _jaccard(text_of[key], text_of[outcome.survivor[key]])
        assert abs(exact - estimate) < 5 * np.sqrt(0.25 / 128)


def test_transitive_linkage_leaves_one_per_cluster(tmp_path) -> None:
    """A chain of texts, each like the next: all but one go, where the default keeps the far ends."""
    words = [f"w{n}" for n in range(400)]
    rows = [(str(n), "web", " ".join(words[12 * n : 12 * n + 200])) for n in range(12)]
    chain = run_dedup(tmp_path, FuzzyDedup(threshold=0.8, linkage="transitive"), rows)
    direct = run_dedup(tmp_path, FuzzyDedup(threshold=0.8), rows)
    assert len(set(chain.cluster.values())) == 1 and chain.cluster == direct.cluster
    assert len(chain.removed) == 11 and 0 < len(direct.removed) < 11
    assert min(row["estimated_jaccard"] for row in chain.report.values()) < 0.8


def test_without_verification_a_shared_band_is_enough(tmp_path) -> None:
    """`verify: false` removes what shares a band, however little it agrees elsewhere."""
    rows = [(str(n), "web", text) for n, text in enumerate(similar_texts(300, seed=2))]
    strict = run_dedup(tmp_path, FuzzyDedup(threshold=0.8), rows)
    loose = run_dedup(tmp_path, FuzzyDedup(threshold=0.8, verify=False), rows)
    assert len(strict.removed) < len(loose.removed)
    clustered = [sum(cluster is not None for cluster in one.cluster.values()) for one in (strict, loose)]
    assert clustered[0] < clustered[1] and len(set(loose.cluster.values())) < len(set(strict.cluster.values()))
    assert min(row["estimated_jaccard"] for row in loose.report.values()) < 0.8


def test_a_bucket_of_many_equal_documents_is_not_quadratic(tmp_path) -> None:
    """20,000 equal documents and 20,000 nearly equal ones: done in one go, one survivor each."""
    rows = [(f"a{n}", "web", WORDS) for n in range(20_000)]
    outcome = run_dedup(tmp_path, FuzzyDedup(), rows, parts=4)
    assert len(outcome.removed) == 19_999 and len(set(outcome.cluster.values())) == 1
    rows = [(f"b{n}", "web", f"{WORDS} {n}") for n in range(20_000)]
    outcome = run_dedup(tmp_path, FuzzyDedup(), rows)
    assert len(outcome.removed) == 19_999 and len(set(outcome.survivor.values())) == 2


def test_shape_of_bands() -> None:
    """Chosen from the threshold, or as given, filled up to the size of the signature."""
    assert FuzzyDedup().band_shape() == (21, 6)
    assert round(candidate_probability(0.8, 21, 6), 3) == 0.998
    assert FuzzyDedup(bands=14, rows=8).band_shape() == (14, 8)
    assert FuzzyDedup(bands=9).band_shape() == (9, 14)
    assert FuzzyDedup(rows=13).band_shape() == (9, 13)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"bands": 20, "rows": 10}, "20 bands of 10 rows need 200 values; num_perm is 128"),
        ({"rows": 200}, "0 bands of 200 rows"),
        ({"threshold": 0}, "greater than 0"),
        ({"ngram": 0}, "greater than or equal to 1"),
        ({"scope": "between"}, "'across' or 'within'"),
        ({"prefer": ["a", "a"]}, "names a source twice"),
        ({"scope": "within", "remove_from": ["a"], "found_in": ["b"]}, "use scope: across"),
        ({"found_in": []}, "at least 1 item"),
    ],
)
def test_impossible_parameters_are_refused(parameters: dict[str, object], message: str) -> None:
    """The message says what is wrong with them."""
    with pytest.raises(ValidationError, match=message):
        FuzzyDedup(**parameters)


def test_it_must_see_the_corpus_first() -> None:
    """Annotating without a state is a programming error that names the stage."""
    from curate.documents import Documents

    with pytest.raises(RuntimeError, match="fuzzy_dedup: load a state"):
        FuzzyDedup().annotate(Documents.from_texts(["a"]))
