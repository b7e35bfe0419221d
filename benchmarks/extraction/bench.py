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
from typing import Any

import numpy as np

from curate.ingest.extraction.engine import BETA_SQUARED, Blocks, Engine
from curate.ingest.extraction.labels import word_f1
from curate.ingest.extraction.learn import Examples, learn
from curate.ingest.extraction.metadata import page_metadata
from curate.ingest.extraction.pages import LabelledPage, label_pages
from curate.ingest.extraction.train import gold_of, read_gold, read_pages
from curate.ingest.html import ExtractionError, extract_page
from curate.ingest.source import ExtractOptions
from curate.kernels.html_lexicon import Lexicon
from curate.kernels.html_score import score_blocks
from curate.kernels.html_trees import Forest

ENGINES = ("curate", "resiliparse", "trafilatura")
SETS = ("crawl-wcxb", "crawl-aeb", "crawl-readability", "crawl-trafeval")

Row = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--engines", nargs="*", default=ENGINES)
    options = parser.parse_args()
    folder = options.data / "crawl"
    sets = {name: read_set(folder, name) for name in SETS}
    for name, pages in sets.items():
        for engine in options.engines:
            texts, rate = extract_all(pages, engine)
            note = " (trained on these pages)" if engine == "curate" else ""
            show(f"{name} {engine}{note}, {rate:,.0f} pages/s", [row for row, _ in pages], texts)
    if options.folds:
        texts_of = cross_validate(sets, options.folds)
        for name, pages in sets.items():
            show(f"{name} curate, {options.folds} folds by site", [row for row, _ in pages], texts_of[name])


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
    if "with" in rows[0] and "text" not in rows[0]:
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


def cross_validate(sets: dict[str, list[tuple[Row, bytes]]], folds: int) -> dict[str, list[str]]:
    """Train on all but one part of the sites, extract that part, for each part: the texts of each set."""
    named = [
        (name, page)
        for name, pages in sets.items()
        for page in label_pages((row["url"], html, gold_of(row)) for row, html in pages)
    ]
    pages = [page for _, page in named]
    examples, texts = Examples.of(pages), [""] * len(pages)
    for fold in range(folds):
        model = learn(examples, [number for number, page in enumerate(pages) if page.fold(folds) != fold], 0)
        lexicon, forest = model.lexicon, model.forest()
        for number, page in enumerate(pages):
            if page.fold(folds) == fold:
                texts[number] = text_of(page, lexicon, forest, examples)
    return {name: [text for (other, _), text in zip(named, texts, strict=True) if other == name] for name in sets}


def text_of(page: LabelledPage, lexicon: Lexicon, forest: Forest, examples: Examples) -> str:
    """The text of a page whose blocks are known."""
    room, beta_squared = examples.room, BETA_SQUARED["balance"]
    score_blocks(page.page, lexicon, forest, page.title, page.page_bytes, beta_squared, False, room)
    count = len(page.sizes)
    return Blocks(page.page, count, room.probabilities[:count], room.keep[:count]).joined()


if __name__ == "__main__":
    main()
