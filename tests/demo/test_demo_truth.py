"""What `truth.json` says is so, in the texts that a pipeline reads, and nothing else of the kind is."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from demo_reading import Corpus, Place, place, similar_pairs

from curate.demo.document import jaccard, ngrams, words

#: How far headlines and the like may move the similarity of a page after extraction.
EXTRACTION = 0.02


@pytest.fixture(scope="module")
def passages(folder: Path) -> dict[str, list[str]]:
    """The words of each item's passage, by item."""
    items: dict[str, list[str]] = {}
    for path in sorted(folder.glob("benchmarks/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            items[item["id"]] = words(item.get("context") or f"{item['question']} {item['answer']}")
    return items


def test_duplicates_are_as_similar_as_they_say(corpus: Corpus, truth: dict[str, Any]) -> None:
    """Every kind of copy is planted; its similarity is exact for texts, and nearly so after HTML extraction."""
    for entry in truth["duplicates"]:
        found = jaccard(corpus[place(entry)][1], corpus[place(entry["partner"])][1])
        crawled = "crawl" in entry["file"] + entry["partner"]["file"]
        assert found == pytest.approx(entry["jaccard"], abs=EXTRACTION if crawled else 1e-6), entry
        least, most = {"exact": (1, 1), "near": (0.88, 0.99), "distant": (0.3, 0.58)}[entry["kind"]]
        assert least <= entry["jaccard"] <= most
    assert set(Counter(entry["kind"] for entry in truth["duplicates"])) == {"exact", "near", "distant"}


def test_duplicates_lie_within_and_across_sources(truth: dict[str, Any]) -> None:
    """There are copies inside the crawl, inside a reference, between references, and of references in the crawl."""
    where = {(e["partner"]["file"].split("/")[0], e["file"].split("/")[0]) for e in truth["duplicates"]}
    expected = {("crawl", "crawl"), ("webtext2", "webtext2"), ("wikipedia", "webtext2"), ("webtext2", "crawl")}
    assert where >= expected | {("books1", "books2"), ("wikipedia", "crawl")}


@pytest.mark.slow
def test_no_other_documents_are_alike(corpus: Corpus, truth: dict[str, Any]) -> None:
    """Every pair above 0.6 is planted, and far enough below 0.8 is what a threshold of 0.8 must not touch."""
    family: dict[Place, Place] = {}
    for entry in truth["duplicates"]:
        family[place(entry)] = family[place(entry["partner"])] = place(entry["partner"])
    unplanned = [
        (one, other, value)
        for (one, other), value in similar_pairs(corpus, 0.6).items()
        if family.get(one, one) != family.get(other, other)
    ]
    assert unplanned == []


def test_each_document_is_planted_in_once(truth: dict[str, Any]) -> None:
    """Originals, copies and leaking documents are all different, so every finding has one cause."""
    originals = {place(entry["partner"]) for entry in truth["duplicates"]}
    copies = [place(entry) for entry in truth["duplicates"]]
    leaking = [place(entry) for entry in truth["leaks"]]
    assert len(copies + leaking) == len(set(copies + leaking))
    assert originals.isdisjoint(copies + leaking)


def test_leaks_are_where_they_say_and_nowhere_else(
    corpus: Corpus, truth: dict[str, Any], passages: dict[str, list[str]]
) -> None:
    """By brute force: a document holds 13 words of an item, or all of a shorter one, only if the truth says so."""
    ignored = {item for status in truth["benchmarks"].values() for item in status["too_short"]}
    found: set[tuple[Place, str]] = set()
    for size in sorted({min(13, len(passage)) for item, passage in passages.items() if item not in ignored}):
        grams = {
            gram: item for item, text in passages.items() if min(13, len(text)) == size for gram in ngrams(text, size)
        }
        for where, (_, text) in corpus.items():
            hits = set(grams).intersection(ngrams(words(text), size))
            found |= {(where, grams[gram]) for gram in hits if grams[gram] not in ignored}
    planted = {(place(leak), item) for leak in truth["leaks"] if leak["kind"] != "words_12" for item in leak["items"]}
    assert found == planted


def test_every_source_leaks(truth: dict[str, Any]) -> None:
    """There are leaks in the crawl and in each reference source."""
    assert {leak["file"].split("/")[0] for leak in truth["leaks"]} == {
        "crawl",
        "webtext2",
        "wikipedia",
        "books1",
        "books2",
    }


@pytest.mark.parametrize(("kind", "count"), [("words_12", 12), ("words_13", 13), ("words_23", 23)])
def test_partial_leaks_have_the_length_they_say(
    corpus: Corpus, truth: dict[str, Any], passages: dict[str, list[str]], kind: str, count: int
) -> None:
    """A leak of n words holds the item's first n words in a row, and not one more."""
    leaks = [leak for leak in truth["leaks"] if leak["kind"] == kind]
    assert leaks
    for leak in leaks:
        (item,) = leak["items"]
        text = " ".join(words(corpus[place(leak)][1]))
        assert " ".join(passages[item][:count]) in text
        assert " ".join(passages[item][: count + 1]) not in text


def test_the_flooded_document_has_more_than_ten_separate_leaks(
    corpus: Corpus, truth: dict[str, Any], passages: dict[str, list[str]]
) -> None:
    """Its leaks lie so far apart that windows of 200 characters around them do not touch."""
    (leak,) = (leak for leak in truth["leaks"] if leak["kind"] == "many")
    text = " ".join(words(corpus[place(leak)][1]))
    spans = sorted((text.index(" ".join(passages[item])), len(" ".join(passages[item]))) for item in leak["items"])
    assert len(spans) > 10
    assert all(right[0] - sum(left) > 400 for left, right in pairwise(spans))


def test_common_speech_is_in_more_than_ten_documents(truth: dict[str, Any]) -> None:
    """One item stands in so many documents that its n-grams must be passed over."""
    common = [leak for leak in truth["leaks"] if leak["kind"] == "common"]
    assert len({place(leak) for leak in common}) > 10
    (item,) = {item for leak in common for item in leak["items"]}
    assert item in truth["benchmarks"]["last_word"]["common"]


def test_every_item_has_one_status(truth: dict[str, Any], passages: dict[str, list[str]]) -> None:
    """Each item is dirty, clean, common or too short; items that no leak names, or only 12 words of, are clean."""
    statuses = {name: {i for by in truth["benchmarks"].values() for i in by[name]} for name in ("dirty", "clean")}
    listed = [item for by in truth["benchmarks"].values() for group in by.values() for item in group]
    assert sorted(listed) == sorted(passages)
    assert all(not one & other for one, other in combinations(statuses.values(), 2))
    partly = {item for leak in truth["leaks"] if leak["kind"] == "words_12" for item in leak["items"]}
    assert partly <= statuses["clean"]
    assert len(statuses["clean"]) > len(statuses["dirty"]) > 40


def test_items_of_every_length_are_there(truth: dict[str, Any], passages: dict[str, list[str]]) -> None:
    """Long items, items of 8 to 12 words that match whole, and shorter ones that must never match."""
    lengths = {item: len(passage) for item, passage in passages.items()}
    tiny = truth["benchmarks"]["short"]["too_short"]
    assert tiny and all(lengths[item] < 8 for item in tiny)
    assert all(25 <= count <= 60 for item, count in lengths.items() if item.startswith("reading"))
    asked = [count - 1 for item, count in lengths.items() if item.startswith("short") and item not in tiny]
    assert asked and all(8 <= count <= 12 for count in asked)  # without the answer, which completes the question
