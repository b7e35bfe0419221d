"""What each idea of the extractor gains: `python benchmarks/extraction/ablate.py DATA [--seeds 1] [--only NAME ...]`.

Each row leaves one idea out. Where that changes what is learnt, models are trained anew, one for each of five parts of
the sites, and measure the pages of the part they have not seen. DATA is the folder with `crawl/`. Prints a table in
Markdown: F1 on `crawl-wcxb` with the difference to the whole engine, its 95 % interval over draws of sites, and F1 by
page type; F1 on `crawl-aeb` and `crawl-readability`; the share of right passages on `crawl-trafeval`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from bench import SETS, read_set
from numba import njit
from numpy.typing import NDArray
from scoring import Floats, Row, interval, mean, page_scores
from variants import VARIANTS, Variant

from curate.documents import apply_cuts
from curate.filters.host_templates import HostTemplates
from curate.ingest.extraction.embedded import FEW_BYTES, embedded_html
from curate.ingest.extraction.engine import BETA_SQUARED, Blocks, Engine
from curate.ingest.extraction.learn import FIRST_PASS, SECOND_PASS, Examples, learn
from curate.ingest.extraction.model import ContentModel
from curate.ingest.extraction.pages import LabelledPage, label_pages
from curate.ingest.extraction.train import gold_of
from curate.kernels import html_coherence, html_comments
from curate.kernels.html_choose import PROBABILITY_UNIT, choose, to_probabilities
from curate.kernels.html_lexicon import Lexicon
from curate.kernels.html_page import ELEMENT, ELEMENT_FLAGS, HALF_WORDS, IS_HIDDEN
from curate.kernels.html_score import (
    CAUTION,
    FEATURE_NAMES,
    FIRST,
    FIRST_TYPE,
    SECOND,
    TYPE_COLUMN,
    Scratch,
    spread_first_pass,
)
from curate.kernels.html_trees import Forest, tree_scores
from curate.kernels.html_types import PAGE_TYPES, type_probabilities

FOLDS = 5
#: Inner functions of kernels, made callable.
level_lists, keep_headings = njit(html_coherence.level_lists), njit(html_coherence.keep_headings)
drop_comments = njit(html_comments.drop_comments)


@dataclass(frozen=True)
class Masked(Examples):
    """Examples some of whose features are 0 on all pages."""

    masked: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(len(FEATURE_NAMES), np.bool_))

    def features(self, member: int, lexicon) -> NDArray[np.int32]:  # type: ignore[no-untyped-def]
        """As of `Examples`."""
        count = len(super().features(member, lexicon))
        self.room.features[:count, self.masked] = 0
        return self.room.features[:count].copy()

    def second(self, member: int, features: NDArray[np.int32], lexicon, scores: NDArray[np.int64]) -> None:  # type: ignore[no-untyped-def]
        """As of `Examples`."""
        super().second(member, features, lexicon, scores)
        features[:, self.masked] = 0


@dataclass(frozen=True)
class Judged:
    """What models of other sites say of a page: the log odds of its blocks in 1/65536, and its types."""

    scores: NDArray[np.int64]
    types: NDArray[np.int64]


class Folds:
    """Pages of all sets, and the models that judge each of them without having seen its site."""

    def __init__(self, folder: Path, seeds: Sequence[int]):
        self.seeds, pages = seeds, []
        self.rows: list[Row] = []
        self.html: list[bytes] = []
        self.sets: list[str] = []
        for name in SETS:
            found = read_set(folder, name)
            pages += label_pages((row["url"], html, gold_of(row)) for row, html in found)
            self.rows += [row for row, _ in found]
            self.html += [html for _, html in found]
            self.sets += [name] * len(found)
        self.examples = Examples.of(pages)
        self._judged: dict[object, list[tuple[list[ContentModel], list[Judged]]]] = {}

    def scores(self, variant: Variant) -> Floats:
        """The score of each page, the mean over the seeds."""
        if variant.learns not in self._judged:
            if len(self._judged) > 1:
                self._judged.popitem()  # the first stays: most variants learn what it learns
            self._judged[variant.learns] = [self.learn(variant, seed) for seed in self.seeds]
        return np.mean([self._scores(variant, *found) for found in self._judged[variant.learns]], axis=0)

    def _scores(self, variant: Variant, models: list[ContentModel], judged: list[Judged]) -> Floats:
        texts = [self._text(number, judged[number], variant) for number in range(len(judged))]
        if variant.scripts:
            texts = [self._with_scripts(number, text, models) for number, text in enumerate(texts)]
        if variant.templates:
            texts = self._without_templates(texts, variant.templates)
        return page_scores(self.rows, texts)

    def _without_templates(self, texts: list[str], min_pages: int) -> list[str]:
        """The texts without lines that so many pages of their host have, and almost a third of all."""
        columns = {"url": [row["url"] for row in self.rows], "source": self.sets, "text": texts}
        docs = pa.table(columns).filter(pc.equal(pa.array(self.sets), "crawl-wcxb"))
        said = HostTemplates(min_pages=min_pages)(docs)
        left = apply_cuts(docs["text"].combine_chunks(), said["cuts"].combine_chunks()).to_pylist()
        left = [text if keep else "" for text, keep in zip(left, said["keep"].to_pylist(), strict=True)]
        return left + texts[len(left) :]

    def learn(self, variant: Variant, seed: int) -> tuple[list[ContentModel], list[Judged]]:
        """The model of each fold, and what they say of its pages."""
        masked = np.array([any(fnmatch(name, one) for one in variant.hidden) for name in FEATURE_NAMES])
        pages = [page if variant.types else replace(page, page_type=None) for page in self.examples.pages]
        examples = Masked(pages, self.examples.counts, self.examples.room, masked)
        trees = FIRST_PASS if variant.second else replace(FIRST_PASS, trees=FIRST_PASS.trees + SECOND_PASS.trees)
        folds = [page.fold(FOLDS) for page in pages]
        allowed = [n for n in range(len(pages)) if self.sets[n] in variant.sets]
        models = [
            learn(examples, [n for n in allowed if folds[n] != fold], seed, first_pass=trees) for fold in range(FOLDS)
        ]
        judges = [(model.lexicon, model.forest()) for model in models]
        return models, [judge(examples, n, *judges[fold], variant.second) for n, fold in enumerate(folds)]

    def _text(self, number: int, judged: Judged, variant: Variant) -> str:
        page = self.examples.pages[number]
        keep = page.labels >= 0.5 if variant.labels else choose_blocks(page, judged, variant, self.examples.room)
        if not variant.labels:
            drop_comments(page.page, judged.types, keep)
        return Blocks(page.page, len(keep), judged.scores, keep).joined()

    def _with_scripts(self, number: int, text: str, models: list[ContentModel]) -> str:
        inside = embedded_html(self.html[number]) if len(text) < FEW_BYTES else b""
        if len(inside) <= 2 * len(text):
            return text
        model = models[self.examples.pages[number].fold(FOLDS)]
        return max(text, Engine(model).judge(inside, comments=False).joined(), key=len)


def judge(examples: Masked, member: int, lexicon: Lexicon, forest: Forest, second: bool) -> Judged:
    """Both passes, or the first, as `curate.kernels.html_score` does them."""
    room, page = examples.room, examples.pages[member].page
    count = len(examples.features(member, lexicon))
    features, scores, active = room.features[:count], room.scores[:count], np.arange(count)
    if count:
        left = tree_scores(features, forest, FIRST, active, scores)
        to_probabilities(scores, room.probabilities[:count])
        spread_first_pass(page, room)
        features[:, examples.masked] = 0
        type_probabilities(room.known, forest, FIRST_TYPE, room.type_active, room.type_scores, room.types)
        features[:, TYPE_COLUMN : TYPE_COLUMN + len(PAGE_TYPES)] = room.types
        if second:
            tree_scores(features, forest, SECOND, active[:left], scores)
    return Judged(scores.copy(), room.types.copy())


def choose_blocks(page: LabelledPage, judged: Judged, variant: Variant, room: Scratch) -> NDArray[np.bool_]:
    """The blocks to keep, by the log odds."""
    count, words = len(judged.scores), page.page.blocks[:, HALF_WORDS].astype(np.int64)
    probabilities, keep = np.empty(count, np.int64), np.zeros(count, np.bool_)
    to_probabilities(smoothed(judged.scores, words, variant.smooth), probabilities)
    if variant.lists and count:
        level_lists(page.page.blocks, page.page.elements, room.extra, room.groups, probabilities)
    caution = variant.caution or CAUTION
    shares = judged.types / max(1, judged.types.sum())
    mean_caution = round(sum(share * caution[name] for share, name in zip(shares, PAGE_TYPES, strict=True)))
    threshold = choose(probabilities, words, BETA_SQUARED["balance"], mean_caution, keep)
    if variant.caution is None:
        keep[:] = probabilities > PROBABILITY_UNIT // 2
    if variant.headings and count:
        keep_headings(page.page.blocks, page.page.elements, probabilities, threshold, keep)
    if variant.unseen:
        keep &= page.page.elements[page.page.blocks[:, ELEMENT], ELEMENT_FLAGS] & IS_HIDDEN == 0
    return keep


def smoothed(scores: NDArray[np.int64], words: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """The mean of each score and of half of those around it, weighed by words."""
    if reach == 0 or len(scores) == 0:
        return scores
    kernel = np.full(2 * reach + 1, 0.5)
    kernel[reach] = 1.0
    sums = [
        np.convolve(values, kernel)[reach : reach + len(scores)] for values in (scores * (words + 1.0), words + 1.0)
    ]
    return (sums[0] / sums[1]).astype(np.int64)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=1, help="Models for each fold; scores are their means.")
    parser.add_argument("--only", nargs="*", help="Rows to measure besides the first, by patterns of their names.")
    options = parser.parse_args()
    folds = Folds(options.data / "crawl", range(options.seeds))
    wanted = [v for v in VARIANTS if not options.only or any(fnmatch(v.name, one) for one in options.only)]
    whole = folds.scores(VARIANTS[0])
    print("| without, or with another | " + " | ".join(column_names()) + " |", flush=True)
    print("|---|" + "---:|" * len(column_names()), flush=True)
    for variant in [VARIANTS[0], *(variant for variant in wanted if variant is not VARIANTS[0])]:
        scores = whole if variant is VARIANTS[0] else folds.scores(variant)
        print(f"| {variant.name} | " + " | ".join(cells(folds, scores, whole)) + " |", flush=True)


def column_names() -> list[str]:
    """Of the columns of figures."""
    kinds = [f"{name[:4]}." for name in PAGE_TYPES]
    return ["wcxb", "± to the first", *kinds, "aeb", "readability", "trafeval"]


def cells(folds: Folds, scores: Floats, whole: Floats) -> list[str]:
    """The figures of a row."""
    sets = np.array(folds.sets)
    inside = sets == "crawl-wcxb"
    kinds = np.array([row.get("page_type") for row in folds.rows])
    sites = [page.site for page in folds.examples.pages]
    low, high = interval(scores[inside], whole[inside], [site for site, yes in zip(sites, inside, strict=True) if yes])
    parts = [inside & (kinds == name) for name in PAGE_TYPES] + [sets == name for name in SETS[1:]]
    means = [f"{mean(scores[part]):.3f}" for part in parts]
    return [f"{mean(scores[inside]):.4f}", f"{low:+.4f} … {high:+.4f}", *means]


if __name__ == "__main__":
    main()
