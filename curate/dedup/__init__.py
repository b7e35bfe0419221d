"""Exact and fuzzy deduplication.

Both stages group documents into clusters, keep the best of each by rule, and report every removal:

    summarize   a signature of each document           (exact: 128-bit hash; fuzzy: MinHash)
    conclude    buckets, clusters, survivors           clusters.py, on the kernels `lsh`, `components`, `survivors`
    annotate    look each document up in the outcome   base.py
"""

from curate.dedup.exact import ExactDedup
from curate.dedup.from_signatures import cluster_signatures, deduplicate_signatures
from curate.dedup.fuzzy import FuzzyDedup

__all__ = ["ExactDedup", "FuzzyDedup", "cluster_signatures", "deduplicate_signatures"]
