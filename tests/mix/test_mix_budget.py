"""The arithmetic of published mixtures, and what holds for every mixture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.mix.budget import allocate, largest_budget, normalise

BILLION = 10**9
GPT3 = {"common_crawl": 410, "webtext2": 19, "books1": 12, "books2": 55, "wikipedia": 3}
GPT3_WEIGHTS = {"common_crawl": 60, "webtext2": 22, "books1": 8, "books2": 8, "wikipedia": 3}
LLAMA = {  # weight in percent, epochs at 1.4T tokens (Touvron et al. 2023, table 1)
    "common_crawl": (67.0, 1.10),
    "c4": (15.0, 1.06),
    "github": (4.5, 0.64),
    "wikipedia": (4.5, 2.45),
    "books": (4.5, 2.23),
    "arxiv": (2.5, 1.06),
    "stackexchange": (2.0, 1.03),
}
PALM = {"social": 50, "web": 27, "books": 13, "github": 5, "wikipedia": 4, "news": 1}


def epochs(available: dict[str, int], tokens: dict[str, int]) -> list[float]:
    """Epochs of each source, in order."""
    return [tokens[source] / available[source] for source in tokens]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [(300, [0.435, 3.44, 1.98, 0.432, 2.97]), (303, [0.439, 3.47, 2.00, 0.436, 3.00])],
)
def test_gpt3_table_2_2(budget: int, expected: list[float]):
    """Weights that sum to 101 are normalised; 101 % of the budget undoes that, and gives the raw w * 300B / n."""
    available = {source: n * BILLION for source, n in GPT3.items()}
    found = epochs(available, allocate(available, normalise(GPT3_WEIGHTS), budget * BILLION))
    assert found == pytest.approx(expected, rel=0.003)


def test_llama_table_1():
    """Weights, which sum to 100, and the unique tokens that the table implies give its epochs back, at 1.4T."""
    assert sum(weight for weight, _ in LLAMA.values()) == 100
    implied = [853, 198, 98.4, 25.7, 28.3, 33.0, 27.2]
    available = {source: int(n * BILLION) for source, n in zip(LLAMA, implied, strict=True)}
    shares = normalise({source: weight for source, (weight, _) in LLAMA.items()})
    found = epochs(available, allocate(available, shares, 1400 * BILLION))
    assert found == pytest.approx([times for _, times in LLAMA.values()], abs=0.005)


def test_palm_table_2():
    """780B tokens by PaLM's weights."""
    shares = normalise(PALM)
    tokens = allocate(dict.fromkeys(PALM, 780 * BILLION), shares, 780 * BILLION, max_epochs=1)
    assert [n / BILLION for n in tokens.values()] == pytest.approx([390, 210.6, 101.4, 39, 31.2, 7.8])


def test_a_capped_source_leaves_its_share_to_the_others():
    """The cap of one source is filled up by the others in proportion, which may cap the next one."""
    available = {"a": 100, "b": 100, "c": 1000}
    assert allocate(available, {"a": 0.5, "b": 0.3, "c": 0.2}, 400, max_epochs=1) == {"a": 100, "b": 100, "c": 200}
    assert allocate(available, {"a": 0.5, "b": 0.1, "c": 0.4}, 400, max_epochs=1) == {"a": 100, "b": 60, "c": 240}


def test_all_capped_shrinks_the_budget():
    """A budget beyond every cap gives the sum of the caps."""
    assert allocate({"a": 10, "b": 30}, {"a": 0.5, "b": 0.5}, 1000, max_epochs=2.5) == {"a": 25, "b": 75}


SOURCES = st.lists(st.tuples(st.integers(1, 10**12), st.floats(0.001, 100)), min_size=1, max_size=8)


@given(SOURCES, st.integers(1, 10**12), st.none() | st.floats(0.01, 20))
def test_allocation_is_the_water_level(sources: list[tuple[int, float]], budget: int, cap: float | None):
    """No source is above its cap, the budget is spent unless all are at it, and open sources keep their proportions."""
    available = {str(i): n for i, (n, _) in enumerate(sources)}
    shares = normalise({str(i): weight for i, (_, weight) in enumerate(sources)})
    tokens = allocate(available, shares, budget, cap)
    caps = {s: float("inf") if cap is None else cap * n for s, n in available.items()}
    assert all(tokens[s] <= caps[s] for s in tokens)
    slack = len(tokens) + 1e-6 * budget
    assert sum(tokens.values()) <= budget + slack
    opened = [s for s in tokens if tokens[s] < caps[s] - 1]
    if opened:
        assert sum(tokens.values()) >= budget - slack
        in_opened, opening = sum(tokens[s] for s in opened), sum(shares[s] for s in opened)
        for s in tokens:
            expected = pytest.approx(in_opened / opening * shares[s], rel=1e-6, abs=len(tokens) + 1)
            highest = (in_opened + len(opened)) / opening * shares[s]
            assert tokens[s] == expected if s in opened else tokens[s] <= highest * (1 + 1e-6) + 1


@given(SOURCES, st.floats(0.01, 20))
def test_largest_budget_is_feasible_and_tight(sources: list[tuple[int, float]], max_epochs: float):
    """At the automatic budget some source is just at the cap and none is above."""
    available = {str(i): n for i, (n, _) in enumerate(sources)}
    shares = normalise({str(i): weight for i, (_, weight) in enumerate(sources)})
    budget = largest_budget(available, shares, max_epochs)
    room = [max_epochs * available[s] - budget * shares[s] for s in shares]
    assert min(room) == pytest.approx(0, abs=1 + 1e-9 * budget)
    assert min(room) >= -0.5 - 1e-9 * budget
