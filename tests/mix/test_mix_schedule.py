"""Epochs without replacement, within a document of the target, at the right places."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.mix.schedule import Schedule, schedule_source


def random_ids(count: int) -> np.ndarray:
    """Ids of a source's documents."""
    return np.random.default_rng(count).integers(0, 1 << 63, (count, 2), dtype=np.uint64)


def schedule(seed: int, ids: np.ndarray, tokens: np.ndarray, target: int, max_tokens: float = np.inf) -> Schedule:
    """The schedule of documents that are listed in two batches."""
    half = len(ids) // 2
    batches = [(ids[half:], tokens[half:]), (ids[:half], tokens[:half])]
    return schedule_source(seed, lambda: batches, int(tokens.sum()), target, max_tokens)


@st.composite
def sources(draw) -> tuple[np.ndarray, np.ndarray, int]:
    """Ids and tokens of a source, and a target of up to about four epochs."""
    tokens = np.array(draw(st.lists(st.integers(1, 500), min_size=1, max_size=40)), np.int64)
    return random_ids(len(tokens)), tokens, draw(st.integers(0, int(4 * tokens.sum())))


@given(sources(), st.integers(0, 99))
def test_tokens_read_are_within_half_a_document_of_the_target(source, seed: int):
    """Documents are not cut, so the target is met as nearly as the crossing document allows."""
    ids, tokens, target = source
    counts, _ = schedule(seed, ids, tokens, target).positions(seed, ids)
    assert abs(int(counts @ tokens) - target) <= tokens.max() / 2


@given(sources(), st.integers(0, 99))
def test_a_cap_is_never_exceeded(source, seed: int):
    """With the target as its cap, a source reads at most that, and misses less than one document."""
    ids, tokens, target = source
    counts, _ = schedule(seed, ids, tokens, target, max_tokens=target).positions(seed, ids)
    assert 0 <= target - int(counts @ tokens) < tokens.max()


@given(sources(), st.integers(0, 99))
def test_no_document_comes_twice_before_all_have_come_once(source, seed: int):
    """Sorted by position, each full epoch is a permutation of the documents, and the rest holds none twice."""
    ids, tokens, target = source
    chosen = schedule(seed, ids, tokens, target)
    counts, positions = chosen.positions(seed, ids)
    assert ((positions >= 0) & (positions < 1)).all() and set(counts) <= {
        chosen.full_epochs,
        chosen.full_epochs + 1,
    }
    order = np.repeat(np.arange(len(ids)), counts)[np.argsort(positions, kind="stable")]
    for epoch in range(chosen.full_epochs + 1):
        seen = order[epoch * len(ids) : (epoch + 1) * len(ids)]
        assert len(set(seen)) == len(seen) == (len(ids) if epoch < chosen.full_epochs else len(seen))


@given(sources(), st.integers(0, 99))
def test_epochs_are_the_tokens_read(source, seed: int):
    """The schedule's epochs times the source's tokens are the tokens of the copies, exactly."""
    ids, tokens, target = source
    chosen = schedule(seed, ids, tokens, target)
    counts, _ = chosen.positions(seed, ids)
    assert round(chosen.epochs * int(tokens.sum())) == int(counts @ tokens)


def test_positions_are_even_in_every_tenth():
    """In each tenth of the training order a source has a tenth of its tokens, within sampling error."""
    ids, tokens = random_ids(20_000), np.full(20_000, 100, np.int64)
    for target in (2_000_000 * 3 // 10, 2_000_000 * 27 // 10):
        _, positions = schedule(5, ids, tokens, target).positions(5, ids)
        tenths = np.histogram(positions, bins=10, range=(0, 1))[0]
        assert abs(tenths / (len(positions) / 10) - 1).max() < 5 / np.sqrt(len(positions) / 10)


def test_epochs_have_different_orders():
    """The second epoch is shuffled anew."""
    ids = random_ids(50)
    _, positions = Schedule(2, 0.0, 2.0).positions(3, ids)
    first, second = np.argsort(positions.reshape(50, 2), axis=0).T
    assert sorted(first) == sorted(second) and list(first) != list(second)


def test_nothing_to_read_gives_no_copies():
    """A target of nothing, or far below the smallest document, reads nothing."""
    ids = random_ids(3)
    for target in (0, 4):
        counts, positions = schedule(0, ids, np.array([10, 10, 10]), target).positions(0, ids)
        assert counts.tolist() == [0, 0, 0] and len(positions) == 0
