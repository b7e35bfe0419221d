"""Fuzzy deduplication: MinHash signatures of word n-grams, LSH, verified candidates, clusters, survivors."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from curate.dedup.base import Dedup
from curate.dedup.matching import Matching
from curate.documents import Documents
from curate.kernels.lsh import band_shape
from curate.kernels.minhash import minhash_signatures
from curate.kernels.ngrams import ngram_hashes


class FuzzyDedup(Dedup):
    """Keep one of every group of documents whose word n-grams have a Jaccard similarity from `threshold` up.

    A document is the set of its word n-grams (lower-cased words, see `curate.kernels.words`; a document shorter
    than `ngram` words is one shingle, one without any word is never a duplicate). MinHash estimates the similarity
    of two sets, banding finds the pairs to estimate, agreement of the signatures verifies them, and what is
    connected by verified pairs is a cluster. A pair exactly at the default threshold of 0.8 becomes a candidate with
    probability 0.998 (21 bands of 6 rows); see `curate.kernels.lsh.band_shape` for other values.

    Similarity is not transitive: the ends of a cluster may differ. With `linkage: survivor` the best document of a
    cluster survives, every other makes way for the first survivor that it resembles, and one that resembles none
    survives too; so each removal can be justified by a pair. With `transitive` one document per cluster survives.

    Which one survives, `scope`, `remove_from` and `found_in` (GPT-3's "remove from Common Crawl what is in WebText")
    and the columns: see `Dedup`.

    Report `duplicates`: each removed document with its source, its cluster, its survivor and that one's source, their
    estimated Jaccard similarity, how many bands they share, and which rule preferred the survivor.

    Sources: Broder 1997; Brown et al. 2020, appendix A, which deduplicates with Spark's MinHashLSH and 10 hashes.

    Measured on real near-duplicates at threshold 0.8: 612 pages of documentation in many versions, and 7,769 newswire
    stories. Recall: of the pairs with similarity 0.85 or more, those of which not both survive. Precision: of the
    removed documents, those with similarity 0.7 or more to their survivor, by exact sets.

    ==================================  ======================  ======================
    parameters                          documentation           newswire
    ==================================  ======================  ======================
    default                             recall .999, prec. 1.0  recall .995, prec. 1.0
    linkage: transitive                 recall 1.0, prec. .913  recall .995, prec. 1.0
    verify: false                       recall 1.0, prec. .255  recall 1.0, prec. .784
    verify: false, bands: 9, rows: 13   recall .999, prec. .820  recall .967, prec. .994
    ==================================  ======================  ======================

    Signatures are bit-identical to `datasketch.MinHash(num_perm, seed, scheme="affine32")` over the same shingle
    hashes. From English text they take 276 MB/s on one core, the scan for words that other stages share included
    (datasketch's `bulk` 5.9, Daft's `minhash` 45). A million documents, a quarter of them near-duplicates, go
    from files of signatures to survivors and the report at 300,000 documents/s and in 0.5 GB, all tables on the way
    written to files (`datasketch.MinHashLSH`, query and insert alone: 23,400 documents/s in 4.4 GB). Memory is bounded
    by `max_memory_bytes`: with 200 MB of it, 0.25, 1 and 4 million documents took 0.36, 0.38 and 0.42 GB in all.

    >>> tale = "once upon a time there was a small kernel that lived in a very large file of its own and was content "
    >>> stage = FuzzyDedup(ngram=3, threshold=0.7, num_perm=256)
    >>> [verdict.keep for verdict in stage([tale, tale.upper() + "indeed!", "another story altogether", ""])]
    [False, True, True, True]
    """

    name: ClassVar[str] = "fuzzy_dedup"
    version: ClassVar[int] = 3
    shared: ClassVar[tuple[str, ...]] = ("ngram", "num_perm", "seed")

    ngram: int = Field(5, ge=1, description="Words per shingle. Shorter documents are one shingle.")
    num_perm: int = Field(128, ge=1, le=4096, description="Values per signature, 4 bytes each.")
    threshold: float = Field(
        0.8, gt=0, le=1, description="Jaccard similarity of two documents' shingles from which they are duplicates."
    )
    bands: int | None = Field(None, ge=1, description="Bands of a signature. None: from the threshold.")
    rows: int | None = Field(None, ge=1, description="Values per band. None: from the threshold.")
    verify: bool = Field(
        True, description="Compare candidates by their signatures; false: sharing one band makes duplicates."
    )
    linkage: Literal["survivor", "transitive"] = Field(
        "survivor",
        description="survivor: remove only what itself reaches the threshold with a survivor of its cluster; "
        "transitive: keep one document of each cluster, though its ends may differ.",
    )
    seed: int = Field(1, ge=0, lt=1 << 32, description="Of the permutations; the same seed, comparable signatures.")

    @model_validator(mode="after")
    def _bands_fit(self) -> FuzzyDedup:
        bands, rows = self.band_shape()
        if bands * rows > self.num_perm or not bands * rows:
            raise ValueError(f"{bands} bands of {rows} rows need {bands * rows} values; num_perm is {self.num_perm}")
        return self

    def band_shape(self) -> tuple[int, int]:
        """Bands and rows: as given, filled up to `num_perm`, or chosen from the threshold."""
        if self.bands is None and self.rows is None:
            return band_shape(self.threshold, self.num_perm)
        bands = self.bands or self.num_perm // (self.rows or 1)
        return bands, self.rows or self.num_perm // bands

    def signatures(self, docs: Documents) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """MinHash signatures, `uint32` of shape (n, num_perm); documents without a word have no duplicates."""
        words = docs.words
        shingles, offsets = ngram_hashes(words.hashes, words.offsets, self.ngram, whole_if_short=True)
        return minhash_signatures(shingles, offsets, self.num_perm, self.seed), words.counts > 0

    def matching(self) -> Matching:
        """Candidates by bands; verified, and close to their survivor, unless the parameters say otherwise."""
        bands, rows = self.band_shape()
        agreement = max(1, math.ceil(round(self.threshold * self.num_perm, 6)))
        verified = agreement if self.verify else 0
        close = verified if self.linkage == "survivor" else 0
        return Matching(bands, rows, verified, close, within_source=self.scope == "within")
