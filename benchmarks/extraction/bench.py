"""How good and how fast the engines extract: `python benchmarks/extraction/bench.py DATA [--folds 5]`.

DATA is the folder with `crawl/`. The model in the repository is trained on these pages, so its own figures mean little:
`--folds` trains models by site and measures each on the sites it has not seen. Rates are pages per second of processor
time, from bytes to text; those of curate include what the page says of itself. Comments are left out by all engines.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scoring import Row, has_passages, interval, mean, page_scores

from curate.ingest.extraction.engine import Engine
from curate.ingest.extraction.labels import word_f1
from curate.ingest.extraction.learn import Examples, learn
from curate.ingest.extraction.metadata import page_metadata
from curate.ingest.extraction.pages import label_pages, site_of
from curate.ingest.extraction.train import gold_of, read_gold, read_pages
from curate.ingest.html import ExtractionError, extract_page
from curate.ingest.source import ExtractOptions

ENGINES = ("curate", "resiliparse", "trafilatura")
SETS = ("crawl-wcxb", "crawl-aeb", "crawl-readability", "crawl-trafeval")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--engines", nargs="*", default=ENGINES)
    options = parser.parse_args()
    folder = options.data / "crawl"
    sets = {name: read_set(folder, name) for name in SETS}
    others: dict[str, dict[str, list[str]]] = {name: {} for name in sets}
    for name, pages in sets.items():
        for engine in options.engines:
            texts, rate = extract_all(pages, engine)
            if engine != "curate":
                others[name][engine] = texts
            note = " (trained on these pages)" if engine == "curate" else ""
            show(f"{name} {engine}{note}, {rate:,.0f} pages/s", [row for row, _ in pages], texts)
    if options.folds:
        texts_of = cross_validate(sets, options.folds)
        for name, pages in sets.items():
            rows = [row for row, _ in pages]
            show(f"{name} curate, {options.folds} folds by site", rows, texts_of[name])
            for engine in others[name]:
                compare(f"more than {engine}", rows, texts_of[name], others[name][engine])


def read_set(folder: Path, name: str) -> list[tuple[Row, bytes]]:
    """The rows of a gold file, with the language that the page says it is in, and their pages in UTF-8."""
    html = dict(read_pages(folder / f"{name}.warc.gz"))
    rows = read_gold(folder / f"{name}.gold.jsonl.zst")
    return [(row | {"lang": _language(html[row["url"]])}, html[row["url"]]) for row in rows]


def _language(html: bytes) -> str:
    return page_metadata(html, Engine(None).cut(html)).get("html_language", "unknown").lower()[:2]


def extract_all(pages: Sequence[tuple[Row, bytes]], engine: str) -> tuple[list[str], float]:
    """The text of each page, and pages per second."""
    options, texts = ExtractOptions(engine=engine, comments=False), []
    extract_page(pages[0][1], "utf-8", options)  # compiles and loads
    started = time.process_time()
    for _, html in pages:
        try:
            texts.append(extract_page(html, "utf-8", options).text)
        except ExtractionError:
            texts.append("")
    return texts, len(pages) / (time.process_time() - started)


def show(name: str, rows: Sequence[Row], texts: Sequence[str]) -> None:
    """One line: F1, precision, recall, and F1 by page type or language; or the share of passages that are right."""
    if has_passages(rows[0]):
        print(f"{name}: {_passages(rows, texts)}", flush=True)
        return
    groups: dict[str, list[float]] = defaultdict(list)
    scores = [word_f1(text, gold_of(row).text or "") for text, row in zip(texts, rows, strict=True)]
    for row, score in zip(rows, scores, strict=True):
        groups[row.get("page_type") or row["lang"]].append(score[0])
    f1, precision, recall = np.mean(scores, axis=0)
    parts = " ".join(f"{kind} {np.mean(values):.3f} ({len(values)})" for kind, values in sorted(groups.items()))
    print(f"{name}: F1 {f1:.4f} precision {precision:.3f} recall {recall:.3f}; {parts}", flush=True)


def _passages(rows: Sequence[Row], texts: Sequence[str]) -> str:
    """The share of wanted passages that are in the text, and of unwanted that are not; also by language."""
    groups: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for row, text in zip(rows, texts, strict=True):
        found = [(passage in text, True) for passage in row["with"]]
        found += [(passage not in text, False) for passage in row["without"]]
        groups["all"] += found
        groups[row["lang"]] += found
    return "; ".join(
        f"{name} {np.mean([right for right, _ in found]):.3f}"
        f" (with {np.mean([right for right, wanted in found if wanted]):.3f},"
        f" without {np.mean([right for right, wanted in found if not wanted]):.3f}, {len(found)} passages)"
        for name, found in sorted(groups.items())
    )


def compare(name: str, rows: Sequence[Row], texts: Sequence[str], others: Sequence[str]) -> None:
    """How much better the first texts are, with 95 % intervals over draws of sites: all pages, and by page type."""
    scores, other = page_scores(rows, texts), page_scores(rows, others)
    kinds = np.array([row.get("page_type", "") for row in rows])
    sites = np.array([site_of(row["url"]) for row in rows])
    for kind in ("all", *sorted(set(kinds) - {""})):
        part = np.ones(len(rows), bool) if kind == "all" else kinds == kind
        low, high = interval(scores[part], other[part], sites[part].tolist())
        gain = mean(scores[part]) - mean(other[part])
        print(f"  {name}, {kind} ({part.sum()}): {gain:+.4f}, 95 % from {low:+.4f} to {high:+.4f}", flush=True)


def cross_validate(sets: dict[str, list[tuple[Row, bytes]]], folds: int) -> dict[str, list[str]]:
    """Train on all but one part of the sites, extract that part, for each part: the texts of each set."""
    pages = [label_pages((row["url"], html, gold_of(row)) for row, html in found) for found in sets.values()]
    examples = Examples.of([page for found in pages for page in found])
    engines = []
    for fold in range(folds):
        members = [number for number, page in enumerate(examples.pages) if page.fold(folds) != fold]
        engines.append(Engine(learn(examples, members, 0)))
    return {
        name: [
            engines[page.fold(folds)].judge(html, comments=False).joined()
            for page, (_, html) in zip(found, sets[name], strict=True)
        ]
        for name, found in zip(sets, pages, strict=True)
    }


if __name__ == "__main__":
    main()
