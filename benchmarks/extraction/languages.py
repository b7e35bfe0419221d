"""How good the engine is in other languages: `python benchmarks/extraction/languages.py DATA`.

DATA is the folder with `crawl/`, `langid/` and `text/`. By five folds of sites, comments left out. Prints

- pages of `crawl-wcxb` whose words are put into another language (`translate.py`): F1 by page type. The gold text is
  that of the English page: what is kept is compared block by block, so the words are the same;
- pages that are in other languages: the share of right passages of `crawl-trafeval` by the language that a page says it
  is in and the type that the model finds; F1 of `crawl-aeb` and `crawl-readability` by the language of the gold text.
  Words are those of curate's word stream, in which each Chinese or Japanese character is one.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ablate import FOLDS, Folds, Judged
from scoring import Floats, interval, mean, page_score
from translate import LANGUAGES, Translator, read_texts
from variants import VARIANTS

from curate.documents import Documents
from curate.filters.language import LanguageFilter
from curate.ingest.extraction.engine import Blocks, Engine
from curate.ingest.extraction.labels import counted_f1
from curate.ingest.extraction.train import gold_of
from curate.kernels.html_types import PAGE_TYPES


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=1, help="Models for each fold; translated pages get their mean.")
    options = parser.parse_args()
    folds = Folds(options.data / "crawl", [0])
    learnt = [folds.learn(VARIANTS[0], seed) for seed in range(options.seeds)]
    engines = [[Engine(model) for model in models] for models, _ in learnt]
    show_translated(folds, engines, options.data)
    show_real(folds, engines[0], learnt[0][1])


def show_translated(folds: Folds, engines: Sequence[Sequence[Engine]], data: Path) -> None:
    """The table of translated pages, from engines for each fold for each seed."""
    members = [number for number, name in enumerate(folds.sets) if name == "crawl-wcxb"]
    gold = [gold_of(folds.rows[number]).text or "" for number in members]
    translators = [None, *(Translator(language, gold, read_texts(data, language)) for language in LANGUAGES)]
    columns = [[translated_score(folds, engines, number, one) for number in members] for one in translators]
    rows = [at for at in range(len(members)) if all(column[at] is not None for column in columns)]
    scores = [np.array([[column[at], 1.0] for at in rows]) for column in columns]
    kinds = np.array([folds.rows[members[at]]["page_type"] for at in rows])
    sites = np.array([folds.examples.pages[members[at]].site for at in rows])
    print(
        f"| crawl-wcxb, put into | pages | en | {' | '.join(LANGUAGES)} |\n|---|---:|---:|" + "---:|" * len(LANGUAGES)
    )
    for kind in ("all", *PAGE_TYPES):
        part = np.ones(len(rows), bool) if kind == "all" else kinds == kind
        cells = [_difference(one[part], scores[0][part], list(sites[part])) for one in scores[1:]]
        print(f"| {kind} | {part.sum()} | {mean(scores[0][part]):.3f} | " + " | ".join(cells) + " |", flush=True)


def translated_score(
    folds: Folds, engines: Sequence[Sequence[Engine]], number: int, translator: Translator | None
) -> float | None:
    """F1 of a page, by the words that its blocks have in English; None if it falls into other blocks."""
    page, html = folds.examples.pages[number], folds.html[number]
    if translator:
        html = translator.page(html.decode("utf-8", "replace")).encode("utf-8", "replace")
    judged = [of_seed[page.fold(FOLDS)].judge(html, comments=False) for of_seed in engines]
    if judged[0].count != len(page.sizes):
        return None
    return float(np.mean([page.f1(blocks.keep)[0] for blocks in judged]))


def _difference(scores: Floats, other: Floats, sites: list[str]) -> str:
    low, high = interval(scores, other, sites)
    return f"{mean(scores):.3f} ({low:+.3f} … {high:+.3f})"


def show_real(folds: Folds, engines: Sequence[Engine], judged: Sequence[Judged]) -> None:
    """The tables of pages that are in other languages."""
    passages: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    texts: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number, (row, html) in enumerate(zip(folds.rows, folds.html, strict=True)):
        blocks = engines[folds.examples.pages[number].fold(FOLDS)].judge(html, comments=False)
        if folds.sets[number] == "crawl-trafeval":
            kind = PAGE_TYPES[int(np.argmax(judged[number].types))]
            passages[language_of(_all_text(blocks)), kind].append(page_score(row, blocks.joined()))
        elif folds.sets[number] != "crawl-wcxb":
            gold = gold_of(row).text or ""
            score = counted_f1(words(blocks.joined()), words(gold))[0]
            texts[language_of(gold), folds.sets[number]].append(score)
    print("\n| crawl-trafeval: language, type found | pages | passages | right |\n|---|---:|---:|---:|")
    for (language, kind), found in sorted(passages.items()):
        total = np.array(found)
        print(f"| {language}, {kind} | {len(found)} | {total[:, 1].sum():.0f} | {mean(total):.3f} |")
    print("\n| gold text: language, set | pages | F1 |\n|---|---:|---:|")
    for (language, name), scores in sorted(texts.items()):
        print(f"| {language}, {name} | {len(scores)} | {np.mean(scores):.3f} |")


def words(text: str) -> Counter[str]:
    """The words of the word stream, by their hashes."""
    return Counter(map(str, Documents.from_texts([text]).words.hashes.tolist()))


def language_of(text: str) -> str:
    """By fastText, of the first thousand characters."""
    return str(_LANGUAGES(text).scores["language"])


def _all_text(blocks: Blocks) -> str:
    return " ".join(text for text in map(blocks.text, range(blocks.count)) if len(text) > 60)


_LANGUAGES = LanguageFilter(keep=["en"], min_score=0.0)

if __name__ == "__main__":
    main()
