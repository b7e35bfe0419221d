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


def smallest_members(
    roots: NDArray[np.int64], ids: NDArray[np.uint64], members: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The member with the smallest id in the component of each member.

    Args:
        roots: `int64` of shape (n,), from `components`.
        ids: `uint64` of shape (n, 2), compared number by number.
        members: `int64` of shape (m,): the nodes to look at.

    Returns:
        `int64` of shape (m,), nodes.

    >>> ids = np.array([[5, 0], [1, 2], [1, 1], [0, 9]], np.uint64)
    >>> smallest_members(np.array([0, 0, 0, 3]), ids, np.array([0, 1, 2, 3])).tolist()
    [2, 2, 2, 3]
    """
    smallest = np.full(len(roots), -1, np.int64)
    _find_smallest(roots, ids, members, smallest)
    return smallest[roots[members]]


@njit(cache=True, nogil=True)
def _find_smallest(roots, ids, members, smallest):  # type: ignore[no-untyped-def]
    for node in members:
        best = smallest[roots[node]]
        if best < 0 or ids[node, 0] < ids[best, 0] or (ids[node, 0] == ids[best, 0] and ids[node, 1] < ids[best, 1]):
            smallest[roots[node]] = node
