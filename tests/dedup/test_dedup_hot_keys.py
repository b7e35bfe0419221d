"""One key with more rows than a task may hold: the same documents survive, with the same report."""

from __future__ import annotations

import numpy as np
import pytest
from dedup_runs import Row, run_dedup, similar_texts

from curate.dedup import ExactDedup, FuzzyDedup

SOURCES = ("web", "books", "wiki")
STAGES = {
    "fuzzy": FuzzyDedup(num_perm=32, threshold=0.7, prefer=["wiki"]),
    "strict survivors": FuzzyDedup(num_perm=32, threshold=0.9),
    "within": FuzzyDedup(num_perm=32, threshold=0.7, scope="within"),
    "found in": FuzzyDedup(num_perm=32, threshold=0.7, remove_from=["web"], found_in=["wiki", "web"]),
    "unverified": FuzzyDedup(num_perm=32, threshold=0.7, verify=False),
    "exact": ExactDedup(),
}


def _rows(seed: int) -> list[Row]:
    """Hundreds of copies and near copies of one text among others."""
    draw = np.random.default_rng(seed)
    words = [f"w{number}" for number in draw.integers(0, 500, 60)]
    texts = [*similar_texts(60, seed, words=40)]
    for number in range(700):
        text = list(words)
        if number % 3:
            text[number % 57] = f"x{number % 41}"
        if number % 7 == 0:
            text[(number * 5) % 31] = f"y{number % 13}"
        texts.append(" ".join(text))
    order = draw.permutation(len(texts))
    return [(str(n), SOURCES[int(draw.integers(3))], texts[at]) for n, at in enumerate(order)]


@pytest.mark.parametrize("name", STAGES)
def test_a_key_that_does_not_fit_gives_what_it_gives_when_it_does(tmp_path, name) -> None:
    """With a fraction of the memory: the same verdicts, clusters, survivors and report, byte for byte."""
    rows = _rows(len(name))
    quality = {key: float(key) % 5 / 5 for key, _, _ in rows[::2]}
    whole = run_dedup(tmp_path, STAGES[name], rows, parts=3, quality=quality)
    assert len(whole.removed) > 200
    for slots, memory in ((1, 40_000), (8, 16_000)):
        cut = run_dedup(tmp_path, STAGES[name], rows, 5, quality, slots, memory)
        assert cut == whole


def test_pairs_that_do_not_fit_give_what_they_give_when_they_do(tmp_path) -> None:
    """Eight near copies share many bands, and each shared band pairs them anew."""
    texts = [f"{text} the end {n} of it" for text in similar_texts(6, 3, words=60) for n in range(8)]
    rows = [(str(n), "web", text) for n, text in enumerate(texts)]
    stage = FuzzyDedup(num_perm=64, threshold=0.6)
    whole = run_dedup(tmp_path, stage, rows)
    assert len(whole.removed) > 30
    assert run_dedup(tmp_path, stage, rows, 2, slots=4, max_memory_bytes=3_000) == whole
