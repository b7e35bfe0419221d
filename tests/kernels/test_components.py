"""Components of marked numbers against label spreading."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.components import Components, count_marks, list_marks, set_marks

EDGE = st.tuples(st.integers(0, 1999), st.integers(0, 1999))


@settings(deadline=None)  # the first call compiles
@given(st.lists(EDGE, max_size=40), st.integers(0, 40), st.randoms(use_true_random=False))
def test_components_do_not_depend_on_the_order_of_edges(edges, cut: int, random) -> None:
    """Each number's root is the lowest it is connected to, in whatever order and pieces the edges come."""
    label = {number: number for edge in edges for number in edge}
    for _ in range(len(label)):
        for left, right in edges:
            label[left] = label[right] = min(label[left], label[right])
    random.shuffle(edges)
    ends = np.array(edges, np.uint64).reshape(-1, 2).T
    pieces = [(ends[0, :cut], ends[1, :cut]), (ends[0, cut:], ends[1, cut:])]
    found = Components(2000)
    for piece in pieces:
        found.mark(*piece)
    for piece in pieces:
        found.unite(*piece)
    numbers = found.numbers().tolist()
    assert {number: numbers[root] for number, root in zip(numbers, found.roots(), strict=True)} == label


@settings(deadline=None)  # the first call compiles
@given(st.sets(st.integers(0, 999)), st.integers(0, 1000), st.integers(0, 1000))
def test_marks_are_a_set(numbers: set[int], first: int, stop: int) -> None:
    """Counted and listed from anywhere to anywhere."""
    marks = np.zeros(16, np.uint64)
    set_marks(marks, np.array(sorted(numbers), np.uint64))
    assert count_marks(marks) == len(numbers)
    assert list_marks(marks, first, max(first, stop)).tolist() == [n for n in sorted(numbers) if first <= n < stop]
