"""The bars on real near-duplicates whose exact similarities are known."""

from __future__ import annotations

import gzip
import html
import io
import json
import re
from pathlib import Path

import pytest
from dedup_runs import run_dedup

from curate.dedup import FuzzyDedup

pytestmark = pytest.mark.slow

Pairs = list[tuple[str, str, float]]


def _pairs(path: Path) -> Pairs:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    return [(one, other, float(value)) for one, other, value in rows]


def _javadoc(folder: Path) -> tuple[dict[str, str], Pairs]:
    """Pages by URL: markup, scripts, styles and comments dropped as for the pairs (`<noscript>` too, it shows)."""
    from fastwarc import ArchiveIterator, WarcRecordType

    texts = {}
    with (folder / "crawl" / "crawl-javadoc-versions.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response):
            page = record.reader.read().decode("utf-8", "replace")
            page = re.sub(r"(?is)<(script|style|noscript)\b.*?</\1\s*>|<!--.*?-->", " ", page)
            texts[record.headers["WARC-Target-URI"]] = html.unescape(re.sub(r"<[^>]+>", " ", page))
    return texts, _pairs(folder / "crawl" / "crawl-javadoc-versions.pairs.tsv.gz")


def _reuters(folder: Path) -> tuple[dict[str, str], Pairs]:
    import zstandard

    with (folder / "dedup" / "reuters.jsonl.zst").open("rb") as file:
        stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        texts = {record["id"]: record["text"] for record in map(json.loads, stream)}
    return texts, _pairs(folder / "dedup" / "reuters.pairs.tsv.gz")


@pytest.fixture(scope="module", params=[_javadoc, _reuters], ids=["javadoc", "reuters"])
def corpus(request, shared_data) -> tuple[dict[str, str], Pairs]:
    """Texts by key, and every pair with a similarity of 0.3 or more."""
    return request.param(shared_data)


def _jaccard(one: str, other: str) -> float:
    """Exact Jaccard similarity of the sets of 5 successive lower-cased words."""
    words = [re.findall(r"\w+", text.lower()) for text in (one, other)]
    first, second = ({tuple(found[at : at + 5]) for at in range(len(found) - 4)} for found in words)
    return len(first & second) / len(first | second)


def _figures(outcome, texts: dict[str, str], pairs: Pairs) -> tuple[float, float, float]:
    """Recall as pairs of 0.85 of which not both survive, and as pairs in one cluster; precision at 0.7."""
    alike = [(one, other) for one, other, value in pairs if value >= 0.85]
    not_both = sum(not (outcome.keep[one] and outcome.keep[other]) for one, other in alike)
    clustered = sum(outcome.cluster[one] == outcome.cluster[other] is not None for one, other in alike)
    good = sum(_jaccard(texts[key], texts[outcome.survivor[key]]) >= 0.7 for key in outcome.removed)
    return not_both / len(alike), clustered / len(alike), good / len(outcome.removed)


def test_texts_are_those_of_the_pairs(corpus) -> None:
    """What we compare has the similarities that the file of pairs lists."""
    texts, pairs = corpus
    assert all(abs(_jaccard(texts[one], texts[other]) - value) < 1e-3 for one, other, value in pairs[::13])


def test_recall_and_precision_at_the_default_threshold(corpus, tmp_path) -> None:
    """Recall 0.95 and more of pairs at 0.85, and 97 % of removals have 0.7 and more to their survivor."""
    texts, pairs = corpus
    rows = [(key, "web", text) for key, text in texts.items()]
    not_both, clustered, precision = _figures(
        run_dedup(tmp_path, FuzzyDedup(threshold=0.8), rows, parts=3), texts, pairs
    )
    assert not_both >= 0.95 and clustered >= 0.95
    assert precision >= 0.97


def test_verification_is_what_makes_it_precise(corpus, tmp_path) -> None:
    """Unverified candidates find every pair, and remove many documents that nothing resembles."""
    texts, pairs = corpus
    rows = [(key, "web", text) for key, text in texts.items()]
    not_both, _, precision = _figures(run_dedup(tmp_path, FuzzyDedup(threshold=0.8, verify=False), rows), texts, pairs)
    assert not_both >= 0.99 and precision < 0.9
