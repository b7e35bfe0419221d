"""Locality-sensitive hashing: the shape of bands, and who is compared with whom in a bucket.

A signature of `bands * rows` values is cut into bands; two documents that agree in all rows of any band are
candidates. A pair of Jaccard similarity j becomes one with probability `1 - (1 - j**rows)**bands`
(Leskovec, Rajaraman and Ullman 2014, "Mining of Massive Datasets", section 3.4).

What comes of a bucket depends on the signatures in it and on nothing else:

- Up to `MAX_PAIRED` documents: every pair is a candidate. Pairs of all buckets are gathered, so that each is compared
  once however many bands it shares.
- More: the documents are compared, in the order of a hash of their signatures, with the *leaders* of the bucket: the
  first `_ALL_LEADERS`, and those after them that resembled no leader before, at most `MAX_LEADERS` in all. So
  the time is linear in the size of the bucket, and up to `_ALL_LEADERS` documents nothing is missed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.kernels.bare import bare_njit, inner_njit
from curate.kernels.signatures import Matrix, agree, copy_row

#: A pair exactly at the threshold is a candidate with at least this probability, where any shape can do it.
MIN_CANDIDATE_PROBABILITY = 0.99

#: Documents of a bucket that are all paired; see above.
MAX_PAIRED = 8
#: Leaders of a larger bucket; so many are leaders whatever they resemble.
MAX_LEADERS, _ALL_LEADERS = 256, 64

#: Two documents of each edge or pair, by number.
Edges = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def candidate_probability(jaccard: float, bands: int, rows: int) -> float:
    """The probability that a pair of the given similarity shares a bucket.

    >>> [round(candidate_probability(j, bands=21, rows=6), 3) for j in (0.5, 0.7, 0.8, 0.85)]
    [0.282, 0.928, 0.998, 1.0]
    """
    return float(1 - (1 - jaccard**rows) ** bands)


def band_shape(threshold: float, num_perm: int) -> tuple[int, int]:
    """Bands and rows for a threshold: the most rows that find a pair at the threshold with 99 % probability.

    More rows mean fewer candidates to verify. Where even one row does not reach 99 %, one row it is.

    Differs from `datasketch.MinHashLSH`, which minimises the sum of the false positive and false negative areas
    and therefore misses many pairs near the threshold: at 0.8 and 128 permutations it takes 9 bands of 13 rows,
    which find a pair of similarity 0.8 with probability 0.40, where 21 bands of 6 rows find it with 0.998.

    >>> band_shape(0.8, 128), band_shape(0.5, 128), band_shape(1.0, 128)
    ((21, 6), (42, 3), (1, 128))
    """
    for rows in range(num_perm, 1, -1):
        if candidate_probability(threshold, num_perm // rows, rows) >= MIN_CANDIDATE_PROBABILITY:
            return num_perm // rows, rows
    return num_perm, 1


def star_edges(members: NDArray[np.uint64], starts: NDArray[np.int64]) -> Edges:
    """An edge from the lowest document of each bucket to each other one.

    Args:
        members: `uint64` of shape (m,), bucket by bucket.
        starts: `int64` of shape (buckets + 1,): where buckets begin in `members`.

    >>> [ends.tolist() for ends in star_edges(np.array([8, 3, 5, 1], np.uint64), np.array([0, 2, 4]))]
    [[3, 1], [8, 5]]
    """
    sizes = np.diff(starts)
    lowest = np.repeat(np.minimum.reduceat(members, starts[:-1]), sizes) if len(sizes) else members
    others = members != lowest
    return lowest[others], members[others]


def pairs_within(members: NDArray[np.uint64], starts: NDArray[np.int64]) -> Edges:
    """Every pair of each bucket of up to `MAX_PAIRED` documents, the lower number first; larger buckets give none.

    >>> [ends.tolist() for ends in pairs_within(np.array([8, 3, 5], np.uint64), np.array([0, 3]))]
    [[3, 5, 3], [8, 8, 5]]
    """
    sizes = np.diff(starts)
    sizes = np.where(sizes <= MAX_PAIRED, sizes, 0)
    pairs = int((sizes * (sizes - 1) // 2).sum())
    left, right = np.empty(pairs, np.uint64), np.empty(pairs, np.uint64)
    _pairs(members, starts, left, right)
    return left, right


class LeaderSearch:
    """Compares the documents of large buckets with their leaders; remembers the leaders of the bucket it is in.

    Args:
        values: of a signature.
        min_agreement: positions in which two documents must agree.
    """

    def __init__(self, values: int, min_agreement: int):
        self._min_agreement = min_agreement
        self._signatures = np.empty((MAX_LEADERS, values), np.uint32)
        self._numbers, self._labels = np.empty(MAX_LEADERS, np.uint64), np.empty(MAX_LEADERS, np.int64)
        self._state = np.array([-1, 0])  # the bucket, and how many leaders there are

    def edges(self, buckets: NDArray[np.int64], numbers: NDArray[np.uint64], signatures: Matrix) -> Edges:
        """Edges that connect what resembles each other; the next call goes on in the bucket where this one ends.

        Args:
            buckets: `int64` of shape (n,), ascending: the bucket of each document.
            numbers: `uint64` of shape (n,).
            signatures: `uint32` of shape (n, values).
        """
        left, right = np.empty((2, len(numbers) + MAX_LEADERS), np.uint64)
        leaders = self._signatures, self._numbers, self._labels
        count = _lead(buckets, numbers, signatures, self._min_agreement, leaders, self._state, left, right)
        return left[:count], right[:count]


@bare_njit
def _pairs(members, starts, left, right):  # type: ignore[no-untyped-def]
    count = 0
    for bucket in range(len(starts) - 1):
        begin, end = starts[bucket], starts[bucket + 1]
        if end - begin > MAX_PAIRED:
            continue
        for one in range(begin, end):
            for other in range(one + 1, end):
                left[count] = min(members[one], members[other])
                right[count] = max(members[one], members[other])
                count += 1


@bare_njit
def _lead(buckets, numbers, signatures, min_agreement, leaders, state, left, right):  # type: ignore[no-untyped-def]
    found, found_numbers, labels = leaders
    edges = 0
    for at in range(len(numbers)):
        if buckets[at] != state[0]:
            state[0], state[1] = buckets[at], 0
        count, label = state[1], -1
        for k in range(count):
            if labels[k] != label and agree(found[k], signatures[at]) >= min_agreement:
                left[edges], right[edges] = found_numbers[k], numbers[at]
                edges += 1
                if label < 0:
                    label = labels[k]
                else:
                    _relabel(labels, count, labels[k], label)
        if count < _ALL_LEADERS or (label < 0 and count < MAX_LEADERS):
            copy_row(signatures[at], found[count])
            found_numbers[count] = numbers[at]
            labels[count] = label if label >= 0 else count
            state[1] += 1
    return edges


@inner_njit
def _relabel(labels, count, old, new):  # type: ignore[no-untyped-def]
    for k in range(count):
        if labels[k] == old:
            labels[k] = new
