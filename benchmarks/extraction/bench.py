"""How good and how fast the engines extract: `python benchmarks/extraction/bench.py DATA [--folds 5]`.

DATA is the folder with `crawl/`. For `crawl-wcxb` and `crawl-aeb`, on which the model in the repository is trained,
`--folds` trains models by site and measures each on the sites it has not seen; without it the model in the repository
is measured, which is fair only on sets that it was not trained on. Rates are pages per second of processor time, from
bytes to text and metadata.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from curate.ingest.extraction.engine import BETA_SQUARED
from curate.ingest.extraction.labels import word_f1
from curate.ingest.extraction.learn import Examples, learn
from curate.ingest.extraction.pages import LabelledPage, label_pages
from curate.ingest.extraction.train import read_gold, read_pages
from curate.ingest.html import ExtractionError, extract_page
from curate.ingest.source import ExtractOptions
from curate.kernels.html_score import score_blocks

ENGINES = ("curate", "resiliparse", "trafilatura")
LEARNT_FROM = ("crawl-wcxb", "crawl-aeb")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--engines", nargs="*", default=ENGINES)
    options = parser.parse_args()
    folder = options.data / "crawl"
    for name in LEARNT_FROM:
        rows, html = _load(folder, name)
        for engine in options.engines:
            texts, rate = extract_all(html, rows, engine)
            scores = [word_f1(text, row["text"]) for text, row in zip(texts, rows, strict=True)]
            note = " (trained on these pages)" if engine == "curate" else ""
            show(f"{name} {engine}{note}", rows, scores, rate)
    for engine in options.engines:
        snippets(*_load(folder, "crawl-trafeval"), engine)
    if options.folds:
        cross_validate(folder, options.folds)


def _load(folder: Path, name: str) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    rows = read_rows(folder / f"{name}.gold.jsonl.zst")
    return rows, dict(read_pages(folder / f"{name}.warc.gz"))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a gold file; those of snippets have no text."""
    import io
    import json

    import zstandard

    with path.open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        return [json.loads(line) for line in io.TextIOWrapper(stream, encoding="utf-8")]


def extract_all(html: dict[str, bytes], rows: list[dict[str, Any]], engine: str) -> tuple[list[str], float]:
    """The text of each page, and pages per second."""
    options, texts = ExtractOptions(engine=engine, comments=False), []
    extract_page(html[rows[0]["url"]], "utf-8", options)  # compiles and loads
    started = time.process_time()
    for row in rows:
        try:
            texts.append(extract_page(html[row["url"]], "utf-8", options).text)
        except ExtractionError:
            texts.append("")
    return texts, len(rows) / (time.process_time() - started)


def show(name: str, rows: list[dict[str, Any]], scores: list[tuple[float, float, float]], rate: float) -> None:
    """One line: F1, precision, recall, pages per second, F1 by page type."""
    kinds: dict[str, list[float]] = defaultdict(list)
    for row, score in zip(rows, scores, strict=True):
        kinds[row["page_type"]].append(score[0])
    f1, precision, recall = np.mean(scores, axis=0)
    types = " ".join(f"{kind} {np.mean(values):.3f}" for kind, values in sorted(kinds.items()))
    print(
        f"{name}: F1 {f1:.4f} precision {precision:.3f} recall {recall:.3f}, {rate:,.0f} pages/s; {types}", flush=True
    )


def snippets(rows: list[dict[str, Any]], html: dict[str, bytes], engine: str) -> None:
    """The share of wanted snippets that are in the text, and of unwanted that are not."""
    texts, rate = extract_all(html, rows, engine)
    wanted = [snippet in text for text, row in zip(texts, rows, strict=True) for snippet in row["with"]]
    unwanted = [snippet not in text for text, row in zip(texts, rows, strict=True) for snippet in row["without"]]
    both = f"with {np.mean(wanted):.3f} without {np.mean(unwanted):.3f} all {np.mean(wanted + unwanted):.3f}"
    print(f"crawl-trafeval {engine}: {both}, {rate:,.0f} pages/s", flush=True)


def cross_validate(folder: Path, folds: int) -> None:
    """Train on all but one part of the sites, measure on that part, for each part."""
    rows, pages = [], []
    for name in LEARNT_FROM:
        gold = read_gold(folder / f"{name}.gold.jsonl.zst")
        html = dict(read_pages(folder / f"{name}.warc.gz"))
        rows += [row | {"set": name} for row in gold]
        pages += label_pages((row["url"], html[row["url"]], row["text"]) for row in gold)
    examples, scores = Examples.of(pages), [(0.0, 0.0, 0.0)] * len(pages)
    for fold in range(folds):
        members = [number for number, page in enumerate(pages) if page.fold(folds) != fold]
        model = learn(examples, members, 0)
        lexicon = model.lexicon
        for number, page in enumerate(pages):
            if page.fold(folds) == fold:
                scores[number] = judge(page, lexicon, model, examples)
    for name in LEARNT_FROM:
        chosen = [number for number, row in enumerate(rows) if row["set"] == name]
        show(
            f"{name} curate, {folds} folds by site",
            [rows[k] for k in chosen],
            [scores[k] for k in chosen],
            float("nan"),
        )


def judge(page: LabelledPage, lexicon: Any, model: Any, examples: Examples) -> tuple[float, float, float]:
    """The scores of a page whose blocks are known."""
    score_blocks(
        page.page,
        lexicon,
        model.first,
        model.second,
        page.title,
        page.page_bytes,
        BETA_SQUARED["balance"],
        examples.room,
    )
    return page.f1(examples.room.keep[: len(page.sizes)])


if __name__ == "__main__":
    main()
