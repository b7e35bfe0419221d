"""Whether caution by page type holds for pages it was not chosen on: `python benchmarks/extraction/nested.py DATA`.

For each of five folds by site, every page type gets the caution at which its pages of the *other* folds do best; these
are judged by models which have seen neither their fold nor the one that is left out. What is chosen so is then used on
the fold that was left out, beside trafilatura, the constants in the repository, and one caution for all.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import numpy as np
from ablate import FOLDS, Folds, Judged, Masked, choose_blocks, drop_comments, judge
from bench import SETS, extract_all
from scoring import Floats, interval, mean, page_score, page_scores
from variants import Variant

from curate.ingest.extraction.engine import Blocks
from curate.ingest.extraction.learn import learn
from curate.kernels.html_score import CAUTION
from curate.kernels.html_types import PAGE_TYPES

_CAUTIONS = (500, 700, 850, 1000, 1200, 1400)


class Nested:
    """Pages, and what models say of them that have not seen their fold, nor one other.

    Args:
        folds: the pages.
        seed: of learning.
    """

    def __init__(self, folds: Folds, seed: int):
        self.folds, self.seed = folds, seed
        self.examples = Masked(folds.examples.pages, folds.examples.counts, folds.examples.room)
        self.fold_of = np.array([page.fold(FOLDS) for page in self.examples.pages])
        self.kinds = np.array([row.get("page_type") or "article" for row in folds.rows])
        self.outer = self._judged((fold,) for fold in range(FOLDS))
        self.inner = self._judged(combinations(range(FOLDS), 2))

    def _judged(self, left_out: Iterable[tuple[int, ...]]) -> dict[tuple[int, tuple[int, ...]], Judged]:
        """What models say of the pages of the folds that were left out when they learnt."""
        found = {}
        for without in left_out:
            model = learn(self.examples, np.flatnonzero(~np.isin(self.fold_of, without)).tolist(), self.seed)
            lexicon, forest = model.lexicon, model.forest()
            for member in np.flatnonzero(np.isin(self.fold_of, without)).tolist():
                found[member, without] = judge(self.examples, member, lexicon, forest, True)
        return found

    def score(self, member: int, judged: Judged, caution: dict[str, int]) -> tuple[float, float]:
        """The score of a page."""
        page = self.examples.pages[member]
        keep = choose_blocks(page, judged, Variant("", caution=caution), self.examples.room)
        drop_comments(page.page, judged.types, keep)
        return page_score(self.folds.rows[member], Blocks(page.page, len(keep), judged.scores, keep).joined())

    def chosen(self, fold: int) -> dict[str, int]:
        """The caution at which the pages of each type do best, of all folds but one."""
        others = np.flatnonzero(self.fold_of != fold)
        at = {caution: self._scores_at(fold, others.tolist(), caution) for caution in _CAUTIONS}
        sets = np.array(self.folds.sets)[others]

        def value(kind: str, caution: int) -> float:
            part = self.kinds[others] == kind
            return float(np.mean([mean(at[caution][part & (sets == name)]) for name in set(sets[part])]))

        return {kind: max(_CAUTIONS, key=lambda caution: value(kind, caution)) for kind in PAGE_TYPES}

    def _scores_at(self, fold: int, members: list[int], caution: int) -> Floats:
        same = dict.fromkeys(CAUTION, caution)
        pairs = (tuple(sorted((fold, int(self.fold_of[member])))) for member in members)
        return np.array([self.score(m, self.inner[m, pair], same) for m, pair in zip(members, pairs, strict=True)])

    def scores(self, cautions: list[dict[str, int]]) -> Floats:
        """The score of each page, with the caution of its fold."""
        folds = self.fold_of.tolist()
        return np.array([self.score(m, self.outer[m, (fold,)], cautions[fold]) for m, fold in enumerate(folds)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    folds = Folds(options.data / "crawl", [])
    pages = list(zip(folds.rows, folds.html, strict=True))
    other = page_scores(folds.rows, extract_all(pages, "trafilatura")[0])
    found = [_of_seed(Nested(folds, seed)) for seed in range(options.seeds)]
    names = ("chosen by the other folds", "the constants", "1.2 for all")
    for name, scores in zip(names, np.mean(found, axis=0), strict=True):
        print(f"\n| {name} | pages | curate | trafilatura | difference |\n|---|---:|---:|---:|---:|")
        for kind, part in _parts(folds).items():
            sites = [page.site for page, inside in zip(folds.examples.pages, part, strict=True) if inside]
            low, high = interval(scores[part], other[part], sites)
            means = mean(scores[part]), mean(other[part])
            print(f"| {kind} | {part.sum()} | {means[0]:.4f} | {means[1]:.4f} | {low:+.3f} … {high:+.3f} |", flush=True)


def _of_seed(nested: Nested) -> Floats:
    """The scores with caution as the other folds choose it, with the constants, and with 1.2 for all."""
    chosen = [nested.chosen(fold) for fold in range(FOLDS)]
    for fold, caution in enumerate(chosen):
        print(f"fold {fold}: {caution}", flush=True)
    flat = dict.fromkeys(CAUTION, 1200)
    return np.stack([nested.scores(chosen), nested.scores([CAUTION] * FOLDS), nested.scores([flat] * FOLDS)])


def _parts(folds: Folds) -> dict[str, np.ndarray]:
    """The pages of each set, and of each page type of the first."""
    sets = np.array(folds.sets)
    kinds = np.array([row.get("page_type") or "" for row in folds.rows])
    return {name: sets == name for name in SETS} | {kind: kinds == kind for kind in PAGE_TYPES}


if __name__ == "__main__":
    main()
