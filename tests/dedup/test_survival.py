"""Who survives, within which scope, and that nothing else has a say."""

from __future__ import annotations

import random

import pytest
from dedup_runs import Row, run_dedup, similar_texts

from curate.dedup import ExactDedup, FuzzyDedup

TEXT = " ".join(f"word{n}" for n in range(200))
SOURCES = ("web", "books", "wiki")


def _mixed_rows(count: int, seed: int) -> list[Row]:
    return [(str(n), SOURCES[n * 7 % 3], text) for n, text in enumerate(similar_texts(count, seed))]


def test_rules_in_their_order(tmp_path) -> None:
    """Preferred source, then quality, then length, then the smallest id; the report names the rule."""
    stage = FuzzyDedup(prefer=["wiki", "web"])
    rows = [("a", "web", TEXT), ("b", "books", TEXT + " longer"), ("c", "wiki", TEXT), ("d", "web", TEXT + " long")]
    outcome = run_dedup(tmp_path, stage, rows)
    assert {key: row["survivor_source"] for key, row in outcome.report.items()} == dict.fromkeys("abd", "wiki")
    assert {row["reason"] for row in outcome.report.values()} == {"source"}
    by_quality = run_dedup(tmp_path, stage, [rows[0], rows[3]], quality={"a": 0.9, "d": 0.2})
    assert by_quality.removed == {"d"} and by_quality.report["d"]["reason"] == "quality"
    by_length = run_dedup(tmp_path, stage, [rows[0], rows[3]], quality={"a": 0.5, "d": 0.5})
    assert by_length.removed == {"a"} and by_length.report["a"]["reason"] == "length"
    by_id = run_dedup(tmp_path, stage, [("e", "web", TEXT), rows[0]])
    [row] = by_id.report.values()
    assert row["reason"] == "id" and row["survivor"] < row["document"]


def test_documents_that_no_filter_judged_count_as_good(tmp_path) -> None:
    """A missing quality score is no low score: the reference's copy stays, the crawl's goes."""
    rows = [("a", "web", TEXT), ("b", "books", TEXT)]
    outcome = run_dedup(tmp_path, FuzzyDedup(), rows, quality={"a": 0.99})
    assert outcome.removed == {"a"} and outcome.report["a"]["reason"] == "quality"


@pytest.mark.parametrize("stage", [FuzzyDedup(scope="within"), ExactDedup(scope="within")], ids=lambda s: s.name)
def test_within_compares_documents_of_one_source_only(tmp_path, stage) -> None:
    """Equal documents of two sources both stay; within each, one does."""
    rows = [("a", "web", TEXT), ("b", "books", TEXT), ("c", "web", TEXT), ("d", "books", TEXT), ("e", "wiki", TEXT)]
    outcome = run_dedup(tmp_path, stage, rows)
    assert len(outcome.removed & {"a", "c"}) == len(outcome.removed & {"b", "d"}) == 1 and outcome.keep["e"]
    assert outcome.cluster["e"] is None and outcome.cluster["a"] == outcome.cluster["c"] != outcome.cluster["b"]
    assert all(row["source"] == row["survivor_source"] for row in outcome.report.values())


@pytest.mark.parametrize("stage_class", [FuzzyDedup, ExactDedup])
def test_remove_from_one_what_is_in_another(tmp_path, stage_class) -> None:
    """GPT-3's way: only the crawl loses documents, and only those that WebText has too."""
    rows = [("a", "web", TEXT), ("b", "web", TEXT), ("c", "wiki", TEXT), ("d", "wiki", TEXT)]
    rows += [("e", "web", "twice in the crawl and nowhere else"), ("f", "web", "twice in the crawl and nowhere else")]
    rows += [
        ("g", "books", TEXT),
        ("h", "books", "in two others but not in wiki"),
        ("i", "web", "in two others but not in wiki"),
    ]
    outcome = run_dedup(tmp_path, stage_class(remove_from=["web"], found_in=["wiki"], prefer=["web"]), rows)
    assert outcome.removed == {"a", "b"}
    assert {row["survivor_source"] for row in outcome.report.values()} == {"wiki"}
    assert {row["reason"] for row in outcome.report.values()} == {"source"}


def test_remove_from_alone_and_found_in_alone(tmp_path) -> None:
    """Without `found_in` any copy counts, also one of the same source; without `remove_from` all may lose."""
    rows = [("a", "web", TEXT), ("b", "web", TEXT), ("c", "books", TEXT), ("d", "books", TEXT), ("e", "wiki", TEXT)]
    assert run_dedup(tmp_path, FuzzyDedup(remove_from=["web"]), rows).removed == {"a", "b"}
    only_web = [row for row in rows if row[1] == "web"]
    assert len(run_dedup(tmp_path, FuzzyDedup(remove_from=["web"]), only_web).removed) == 1
    assert run_dedup(tmp_path, FuzzyDedup(found_in=["wiki"], prefer=["web"]), rows).removed == set("abcd")
    assert not run_dedup(tmp_path, FuzzyDedup(found_in=["wiki"]), rows[:4]).removed


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "stage",
    [FuzzyDedup(prefer=["wiki"]), FuzzyDedup(verify=False), FuzzyDedup(scope="within"), ExactDedup(found_in=["web"])],
    ids=["verified", "unverified", "within", "exact"],
)
def test_order_and_parts_do_not_matter(tmp_path, stage, seed: int) -> None:
    """Shuffled input, cut into any number of parts and key ranges: the same outcome; the report byte for byte."""
    rows = _mixed_rows(240, seed)
    quality = {key: (int(key) % 5) / 5 for key, source, _ in rows if source == "web"}
    first = run_dedup(tmp_path, stage, rows, quality=quality)
    assert first.removed
    random.Random(seed).shuffle(rows)
    cut = {"slots": 64, "max_memory_bytes": 60_000} if seed % 2 else {}
    second = run_dedup(tmp_path, stage, rows, parts=2 + 3 * seed, quality=quality, **cut)
    assert second.file == first.file
    assert (second.keep, second.cluster, second.survivor) == (
        {key: first.keep[key] for key, _, _ in rows},
        {key: first.cluster[key] for key, _, _ in rows},
        {key: first.survivor[key] for key, _, _ in rows},
    )


def test_the_report_is_complete_and_sorted(tmp_path) -> None:
    """One row for each removed document, by cluster, then document; survivors survive and share the cluster."""
    rows = _mixed_rows(240, seed=9)
    outcome = run_dedup(tmp_path, FuzzyDedup(prefer=list(SOURCES)), rows)
    listed = list(outcome.report.values())
    assert set(outcome.report) == outcome.removed and len(listed) == len(outcome.removed)
    assert [(r["cluster"], r["document"]) for r in listed] == sorted((r["cluster"], r["document"]) for r in listed)
    source_of = {key: source for key, source, _ in rows}
    for key, row in outcome.report.items():
        survivor = outcome.survivor[key]
        assert outcome.keep[survivor] and outcome.cluster[key] == outcome.cluster[survivor]
        assert (row["source"], row["survivor_source"]) == (source_of[key], source_of[survivor])
        assert row["cluster"] <= min(row["document"], row["survivor"]) and row["bands_matched"] >= 0
