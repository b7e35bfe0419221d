"""Locality-sensitive hashing: the shape of bands, and the verified candidates of each bucket united.

A signature of `bands * rows` values is cut into bands; two documents that agree in all rows of any band are
candidates. A pair of Jaccard similarity j becomes one with probability `1 - (1 - j**rows)**bands`
(Leskovec, Rajaraman and Ullman 2014, "Mining of Massive Datasets", section 3.4).

Documents are numbered by rank, best first, and buckets are walked in that order, so nothing here depends on the
order in which signatures were computed or stored.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.kernels.buckets import grouped
from curate.kernels.components import find, unite
from curate.kernels.signatures import Signatures, agree

#: A pair exactly at the threshold is a candidate with at least this probability, where any shape can do it.
MIN_CANDIDATE_PROBABILITY = 0.99

#: A document is compared with all of a bucket up to this size. In a larger bucket it is compared with the best
#: documents of the bucket and with those that resembled none of them: at most `_MAX_LEADERS` in all.
_SMALL_BUCKET, _MAX_LEADERS = 64, 256


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


def unite_buckets(
    parent: NDArray[np.int64],
    members: NDArray[np.int64],
    keys: NDArray[np.uint64],
    signatures: Signatures,
    min_agreement: int,
) -> None:
    """Unite, in the union-find `parent`, documents that share a key and agree in enough positions.

    The time is linear in the size of a bucket: see `_SMALL_BUCKET`. Pairs already united are not compared.

    Args:
        parent: `int64` of shape (n,), changed in place; see `curate.kernels.components`.
        members: `int64` of shape (m,), ascending: the documents to look at.
        keys: `uint64` of shape (m,), their band keys.
        signatures: of all n documents.
        min_agreement: positions that must agree, 0 to num_perm; 0 unites whole buckets unverified.
    """
    keys, members = grouped(keys, members)
    _unite_buckets(parent, members, keys, signatures.addresses, signatures.num_perm, min_agreement)


@njit(cache=True, nogil=True)
def _unite_buckets(parent, members, keys, addresses, num_perm, min_agreement):  # type: ignore[no-untyped-def]
    leaders = np.empty(_MAX_LEADERS, np.int64)
    begin = 0
    while begin < len(keys):
        end = begin + 1
        while end < len(keys) and keys[end] == keys[begin]:
            end += 1
        if end - begin > 1:
            if min_agreement == 0:
                for at in range(begin + 1, end):
                    unite(parent, members[begin], members[at])
            else:
                _unite_bucket(parent, members[begin:end], addresses, num_perm, min_agreement, leaders)
        begin = end


@njit(cache=True, nogil=True)
def _unite_bucket(parent, bucket, addresses, num_perm, min_agreement, leaders):  # type: ignore[no-untyped-def]
    count = 0
    for node in bucket:
        alone = True
        for leader in leaders[:count]:
            if find(parent, leader) == find(parent, node):
                alone = False
            elif agree(addresses, num_perm, leader, node) >= min_agreement:
                unite(parent, leader, node)
                alone = False
        if count < _SMALL_BUCKET or (alone and count < _MAX_LEADERS):
            leaders[count] = node
            count += 1
