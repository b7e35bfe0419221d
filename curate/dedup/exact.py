"""Exact deduplication: of equal texts one survives."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from curate.dedup.base import Dedup
from curate.dedup.matching import Matching
from curate.documents import Documents
from curate.kernels.buffers import text_buffers
from curate.kernels.fingerprint import fingerprints


class ExactDedup(Dedup):
    """Keep one of every group of equal documents, found by a 128-bit hash (MurmurHash3_x64_128).

    With `normalize: words` documents are equal when their lower-cased words are, whatever stands between them;
    documents without any word are then never duplicates. For survivors, scope and columns see `Dedup`.

    >>> stage = ExactDedup(normalize="words")
    >>> [verdict.keep for verdict in stage(["Don't panic!", "don't PANIC", "Do not panic"])]
    [True, False, True]
    """

    name: ClassVar[str] = "exact_dedup"
    shared: ClassVar[tuple[str, ...]] = ("normalize",)

    normalize: Literal["none", "words"] = Field(
        "none", description="none: equal byte for byte; words: equal in their lower-cased words."
    )

    def signatures(self, docs: Documents) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """The 128-bit hashes as `uint32` of shape (n, 4)."""
        if self.normalize == "none":
            hashes = fingerprints(*text_buffers(docs.text))
            return hashes.view(np.uint32), np.ones(len(docs), bool)
        words = docs.words
        return fingerprints(words.hashes.view(np.uint8), words.offsets * 8).view(np.uint32), words.counts > 0

    def matching(self) -> Matching:
        """Equal hashes, and nothing else."""
        return Matching(0, 0, 0, 0, within_source=self.scope == "within")
