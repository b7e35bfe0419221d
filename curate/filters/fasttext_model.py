"""fastText as a quality model, trained so that the same documents give the same bytes."""

from __future__ import annotations

import errno
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.documents import Documents
from curate.draws import uniform
from curate.errors import InputError
from curate.filters.fasttext_check import check_model
from curate.filters.fasttext_lines import END_OF_LINE, LABEL, as_lines, best_labels, load_model
from curate.filters.models import Model

_NEVER = 2**31 - 1


class FastTextModel(Model):
    """fastText's linear classifier on the words of a text (Joulin et al. 2016), 10 dimensions, under 30 MB.

    Differs from plain `fasttext.train_supervised`: the first vectors of all words are given. fastText 0.9 fills only a
    tenth of them for each thread and leaves the rest as memory happens to be; with one thread, which it takes for
    the same result twice, 9 of 10 are so, and training small models ended in "Encountered NaN". For the same reason
    there are no buckets, hence no word pairs.

    Args:
        trained: a model of fastText, if it has learnt already.
    """

    kind = "fasttext"
    features = "words of the first 10000 characters (v1)"
    weights_file = "model.bin"
    package = "fasttext-numpy2"

    #: A book would else weigh as much as thousands of pages.
    MAX_CHARS = 10_000
    #: Words must be seen this often, and the most frequent ones are taken: 60 bytes each in the file.
    MIN_COUNT, MAX_WORDS = 3, 400_000
    SETTINGS: ClassVar[dict[str, Any]] = {"dim": 10, "lr": 0.5, "epoch": 10, "thread": 1, "verbose": 0}

    def __init__(self, trained: Any = None):
        self._trained = trained

    @classmethod
    def read(cls, path: Path) -> FastTextModel:
        """The model in a file; check its sha256 first.

        Raises:
            StateError: it is no whole model of this kind.
        """
        check_model(path)
        return cls(load_model(path))

    def encode(self, docs: Documents) -> pa.Array:
        """One line of text for each document."""
        return as_lines(docs.text, self.MAX_CHARS)

    def stack(self, encoded: Sequence[pa.Array]) -> pa.Array:
        """One array of lines."""
        return pa.concat_arrays([lines.cast(pa.large_string()) for lines in encoded])

    def take(self, examples: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
        """Some of the lines."""
        return examples.take(pa.array(rows))

    def fit(self, examples: pa.Array, positive: NDArray[np.bool_], seed: int) -> None:
        """Learn by stochastic gradient descent, in one thread: with more, the result is a race."""
        import fasttext

        with tempfile.TemporaryDirectory() as folder:
            lines, vectors = Path(folder) / "lines.txt", Path(folder) / "vectors.txt"
            _write_lines(lines, examples, positive)
            self._write_vectors(vectors, self._vocabulary(examples), seed)
            # no word of the lines is frequent enough to enter the vocabulary by itself: all come with their vectors
            settings = self.SETTINGS | {"minCount": _NEVER, "pretrainedVectors": str(vectors)}
            self._trained = fasttext.train_supervised(str(lines), **settings).f

    def predict(self, examples: pa.Array) -> NDArray[np.float64]:
        """fastText's probability of the positive label."""
        labels, scores = best_labels(self._trained, examples)
        return np.where(np.array(labels, dtype="U8") == "positive", scores, 1.0 - scores)

    def score(self, docs: Documents) -> NDArray[np.float64]:
        """The same for the lines of the documents."""
        return self.predict(self.encode(docs))

    def save(self, folder: Path) -> None:
        """Write the model in fastText's own format, and look whether it ends as it should.

        fastText does not notice when the disk is full, nor later that a file which it loads is cut short.
        """
        path = folder / self.weights_file
        self._trained.saveModel(str(path))
        last_matrix = np.array(self._trained.getOutputMatrix(), np.float32).tobytes()
        if not path.read_bytes().endswith(last_matrix):
            raise OSError(errno.ENOSPC, "fastText wrote a part of its model", str(path))

    def _vocabulary(self, lines: pa.Array) -> list[str]:
        counted = pc.value_counts(pc.list_flatten(pc.split_pattern(lines, " ")))
        words, counts = counted.field(0).to_pylist(), counted.field(1).to_pylist()
        frequent = [(-count, word) for word, count in zip(words, counts, strict=True) if count >= self.MIN_COUNT]
        chosen = [word for _, word in sorted(frequent) if word][: self.MAX_WORDS]
        if not chosen:
            raise InputError(
                f"fastText cannot learn: no word occurs {self.MIN_COUNT} times in the documents to learn from.\n"
                "    Give more documents, or use model: logistic"
            )
        return [END_OF_LINE, *chosen]

    def _write_vectors(self, path: Path, words: list[str], seed: int) -> None:
        """Vectors drawn from the seed and the word, uniform over ±1/dim as fastText means them to be."""
        digests = b"".join(hashlib.blake2b(word.encode(), digest_size=16).digest() for word in words)
        ids = np.frombuffer(digests, "<u8").reshape(-1, 2)
        dim = self.SETTINGS["dim"]
        vectors = np.stack([(2 * uniform(seed, f"fasttext.{axis}", ids) - 1) / dim for axis in range(dim)], axis=1)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"{len(words)} {dim}\n")
            for word, vector in zip(words, vectors.tolist(), strict=True):
                file.write(f"{word} {' '.join(f'{value:.6f}' for value in vector)}\n")


def _write_lines(path: Path, lines: pa.Array, positive: NDArray[np.bool_]) -> None:
    labels = np.where(positive, f"{LABEL}positive", f"{LABEL}negative").tolist()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{label} {line}\n" for label, line in zip(labels, lines.to_pylist(), strict=True))
