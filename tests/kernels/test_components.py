"""Union-find against label spreading."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.components import components, unite


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40), st.randoms(use_true_random=False))
def test_components_do_not_depend_on_the_order_of_edges(edges: list[tuple[int, int]], random) -> None:
    """Each node's root is the lowest node it is connected to, in whatever order the edges come."""
    label = list(range(20))
    for _ in range(20):
        for left, right in edges:
            label[left] = label[right] = min(label[left], label[right])
    random.shuffle(edges)
    parent = np.arange(20)
    for left, right in edges:
        unite(parent, left, right)
    assert components(parent).tolist() == label
