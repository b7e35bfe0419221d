"""Connected components by union-find, with the lowest member of each component as its root."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, inline="always")
def find(parent, node):  # type: ignore[no-untyped-def]
    """The root of a node; halves the path on the way (Tarjan and van Leeuwen 1984)."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, nogil=True, inline="always")
def unite(parent, left, right):  # type: ignore[no-untyped-def]
    """Join two components; the lower root stays, so the outcome does not depend on the order of the edges."""
    left, right = find(parent, left), find(parent, right)
    if left < right:
        parent[right] = left
    else:
        parent[left] = right


def components(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """The root of every node: the lowest node of its component.

    >>> parent = np.arange(5)
    >>> for left, right in [(3, 4), (1, 3)]:
    ...     unite(parent, left, right)
    >>> components(parent).tolist()
    [0, 1, 2, 1, 1]
    """
    roots = np.empty_like(parent)
    _flatten(parent, roots)
    return roots


@njit(cache=True, nogil=True)
def _flatten(parent, roots):  # type: ignore[no-untyped-def]
    """Parents are never above their children, so one ascending pass sees every root before its members."""
    for node in range(len(parent)):
        roots[node] = node if parent[node] == node else roots[parent[node]]
