"""Samples and quantiles are those of sorting everything, however the documents are listed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import sampling
from curate.sampling import find_crossing, quantile, sample_threshold

DRAWS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 1000)), min_size=1, max_size=60)


def listed(documents: list[tuple[float, int]], step: int):
    """The documents `step` at a time."""
    draws, weights = np.array([d for d, _ in documents]), np.array([w for _, w in documents], np.int64)
    return lambda: ((draws[at : at + step], weights[at : at + step]) for at in range(0, len(draws), step))


@pytest.mark.parametrize("sorted_at_once", [1 << 16, 1])
@given(documents=DRAWS, budget=st.integers(0, 40_000), step=st.integers(1, 9))
def test_the_crossing_is_where_sorted_documents_exceed_the_budget(documents, budget, step, sorted_at_once):
    """With bins that are looked at once or to the last bit, the crossing is that of a sorted list."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "_SORTED_AT_ONCE", sorted_at_once)
        found = find_crossing(listed(documents, step), budget)
    ascending = sorted(documents, key=lambda document: document[0])
    reached = np.cumsum([weight for _, weight in ascending])
    if reached[-1] <= budget:
        assert (found.draw, found.weight, found.before, found.next_draw) == (np.inf, 0, reached[-1], np.inf)
        return
    at = int(np.searchsorted(reached, budget, "right"))
    assert found.draw == ascending[at][0]
    if len({draw for draw, _ in documents}) == len(documents):
        assert (found.weight, found.before) == (ascending[at][1], reached[at] - ascending[at][1])
        assert found.next_draw == (ascending[at + 1][0] if at + 1 < len(ascending) else np.inf)


@given(DRAWS, st.integers(0, 40_000), st.integers(0, 40_000))
def test_samples_are_prefixes_of_each_other(documents, one, other):
    """A sample keeps its budget, and one with a smaller budget is a subset of one with a larger."""
    for budget in (one, other):
        threshold = sample_threshold(listed(documents, 7), budget)
        assert sum(weight for draw, weight in documents if draw < threshold) <= budget
    small, large = (sample_threshold(listed(documents, 7), budget) for budget in sorted((one, other)))
    assert small <= large


@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=40), st.data())
def test_a_quantile_is_the_value_at_its_place(values, data):
    """Of values with repeats, very small and very large ones."""
    place = data.draw(st.integers(0, len(values) - 1))
    arrays = [np.array(values[:9]), np.array(values[9:])]
    assert quantile(lambda: arrays, place) == sorted(values)[place]
