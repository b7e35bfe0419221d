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

from curate.kernels.buckets import number_bits, sort_entries
from curate.kernels.components import find, unite
from curate.kernels.hashing import U64
from curate.kernels.signatures import Signatures, agree, same_values

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
    entries: NDArray[np.uint64],
    signatures: Signatures,
    band: tuple[int, int],
    min_agreement: int,
) -> None:
    """Unite, in the union-find `parent`, documents that share a band and agree in enough positions.

    The time is linear in the size of a bucket: see `_SMALL_BUCKET`. Pairs already united are not compared.

    Args:
        parent: `int64` of shape (n,), changed in place; see `curate.kernels.components`.
        entries: of `Signatures.band_entries`, for the documents to look at; used as working memory.
        signatures: of all n documents.
        band: its first position, and the one past its last.
        min_agreement: positions that must agree, 0 to num_perm; 0 unites whatever shares the band.
    """
    bits = np.uint64(number_bits(len(signatures)))
    _unite_buckets(parent, sort_entries(entries), bits, signatures.addresses, signatures.num_perm, band, min_agreement)


@njit(cache=True, nogil=True)
def _unite_buckets(parent, entries, bits, addresses, num_perm, band, min_agreement):  # type: ignore[no-untyped-def]
    leaders = np.empty(_MAX_LEADERS, np.int64)
    begin = 0
    for end in range(1, len(entries) + 1):
        if end == len(entries) or (entries[end] ^ entries[begin]) >> bits != U64(0):
            if end - begin > 1:
                _unite_bucket(parent, entries, begin, end, bits, addresses, num_perm, band, min_agreement, leaders)
            begin = end


@njit(cache=True, nogil=True, inline="always")
def _unite_bucket(parent, entries, begin, end, bits, addresses, num_perm, band, min_agreement, leaders):  # type: ignore[no-untyped-def]
    mask = (U64(1) << bits) - U64(1)
    count = 0
    for at in range(begin, end):
        node = np.int64(entries[at] & mask)
        root = find(parent, node)
        alone = True
        for k in range(count):
            if find(parent, leaders[k]) == root:
                alone = False
            elif _alike(addresses, num_perm, leaders[k], node, band, min_agreement):
                unite(parent, leaders[k], node)
                root = find(parent, node)
                alone = False
        if count < _SMALL_BUCKET or (alone and count < _MAX_LEADERS):
            leaders[count] = node
            count += 1


@njit(cache=True, nogil=True, inline="always")
def _alike(addresses, num_perm, left, right, band, min_agreement):  # type: ignore[no-untyped-def]
    if min_agreement == 0:
        return same_values(addresses, num_perm, left, right, band[0], band[1])
    return agree(addresses, num_perm, left, right) >= min_agreement
