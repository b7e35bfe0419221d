"""Training a quality classifier on a corpus: a balanced sample, a split, a fit, and how well it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.corpus import Corpus
from curate.documents import sort_ids
from curate.draws import uniform
from curate.errors import InputError
from curate.filters.classifier import FOLDER, Card, Label, SourceCount, save_classifier
from curate.filters.models import Model

#: Bins of the score distribution, each 1/BINS wide.
BINS = 20

_FEWEST = 3


@dataclass(frozen=True)
class Classes:
    """What tells the classes apart, and how many documents to learn from.

    Attributes:
        positives, negatives: names of sources.
        max_documents: at most this many of each class.
        held_out: the share of each class that is kept aside for testing, at least one document.
        seed: of the sample and the split.
    """

    positives: Sequence[str]
    negatives: Sequence[str]
    max_documents: int
    held_out: float
    seed: int


@dataclass
class Examples:
    """The sampled documents, ordered by id so that neither parts nor batches matter.

    Attributes:
        encoded: in the model's own form.
        source: their sources.
        positive, held_out: `bool` of shape (n,).
    """

    encoded: Any
    source: NDArray[np.object_]
    positive: NDArray[np.bool_]
    held_out: NDArray[np.bool_]


def train_classifier(corpus: Corpus, model: Model, classes: Classes, state: Path) -> Card:
    """Train `model` on documents of the corpus; write `classifier/` and `reports/quality.parquet` into `state`.

    Memory (logistic, 2**18 features): 65 MB and 28 bytes for each distinct word of each sampled document; 282 MB for
    26,160 encyclopaedia articles. fastText holds the first 10,000 characters of each document instead.

    Raises:
        InputError: a source named has no document, or a class has fewer than 3.
    """
    from sklearn.metrics import roc_auc_score

    examples = _sample(corpus, model, classes)
    learn = np.flatnonzero(~examples.held_out)
    model.fit(model.take(examples.encoded, learn), examples.positive[learn], classes.seed)
    scores = model.predict(examples.encoded)
    auc = float(roc_auc_score(examples.positive[examples.held_out], scores[examples.held_out]))
    (state / "reports").mkdir(parents=True, exist_ok=True)
    pq.write_table(_distribution(examples, scores), state / "reports" / "quality.parquet")
    return save_classifier(model, _card(model, classes, examples, auc), state / FOLDER)


def source_counts(corpus: Corpus) -> Counter[str]:
    """How many documents of each source there are."""
    counts: Counter[str] = Counter()
    for part in range(corpus.parts):
        for _, docs in corpus.batches(part, text=False):
            values = pc.value_counts(docs.source)
            counts.update(dict(zip(values.field(0).to_pylist(), values.field(1).to_pylist(), strict=True)))
    return counts


def _sample(corpus: Corpus, model: Model, classes: Classes) -> Examples:
    """As many positives as negatives: the smaller class decides."""
    size = _class_size(corpus, classes)
    encoded: list[Any] = []
    columns: list[tuple[NDArray[Any], ...]] = []
    for label, sources in ((True, classes.positives), (False, classes.negatives)):
        ids, names = [np.empty((0, 2), np.uint64)], [np.empty(0, object)]
        for docs in corpus.sample(classes.seed, "quality_filter.train", sources=sources, max_documents=size):
            encoded.append(model.encode(docs))
            ids.append(docs.id_words)
            names.append(np.array(docs.source.to_pylist(), object))
        id_column = np.concatenate(ids)
        _check_enough(len(id_column), sources)
        held_out = _held_out(id_column, classes)
        columns.append((id_column, np.concatenate(names), np.full(len(id_column), label), held_out))
    all_ids, source, positive, held_out = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = sort_ids(all_ids)
    return Examples(model.take(model.stack(encoded), order), source[order], positive[order], held_out[order])


def _class_size(corpus: Corpus, classes: Classes) -> int:
    counts = source_counts(corpus)
    missing = [source for source in (*classes.positives, *classes.negatives) if source not in counts]
    if missing:
        raise InputError(
            f"quality_filter: no document of the source {missing[0]!r} is left to learn from.\n"
            f"    Sources with documents: {', '.join(sorted(counts)) or 'none'}. Check the name, the paths of "
            "the source and the stages before, or take it out of positives and negatives"
        )
    sizes = [sum(counts[source] for source in sources) for sources in (classes.positives, classes.negatives)]
    return min(*sizes, classes.max_documents)


def _check_enough(documents: int, sources: Sequence[str]) -> None:
    if documents < _FEWEST:
        raise InputError(
            f"quality_filter: {documents} documents to learn from in {', '.join(sources)}; {_FEWEST} are the least, "
            "2 to learn from and 1 to test on.\n"
            "    Both classes are sampled alike, so each needs them. Add documents, or use a trained classifier: FOLDER"
        )


def _held_out(ids: NDArray[np.uint64], classes: Classes) -> NDArray[np.bool_]:
    """Documents with the smallest draws, the share that was asked for but at least one."""
    count = max(1, min(round(classes.held_out * len(ids)), len(ids) - 2))
    draws = uniform(classes.seed, "quality_filter.held_out", ids)
    chosen = np.zeros(len(ids), bool)
    chosen[np.lexsort((ids[:, 1], ids[:, 0], draws))[:count]] = True
    return chosen


def _groups(examples: Examples) -> Iterator[tuple[str, Label, NDArray[np.bool_]]]:
    """Each source of each class, with a mask of its documents."""
    labels: tuple[tuple[Label, NDArray[np.bool_]], ...] = (
        ("positive", examples.positive),
        ("negative", ~examples.positive),
    )
    for label, mask in labels:
        for source in sorted(set(examples.source[mask])):
            yield source, label, mask & (examples.source == source)


def _distribution(examples: Examples, scores: NDArray[np.float64]) -> pa.Table:
    """One row for each source, split and bin: how many documents score in it."""
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    rows = []
    for source, label, mine in _groups(examples):
        for split, within in (("train", ~examples.held_out), ("held_out", examples.held_out)):
            counts = np.bincount(bins[mine & within], minlength=BINS)
            rows += [(source, label, split, at / BINS, (at + 1) / BINS, int(n)) for at, n in enumerate(counts)]
    columns = ("source", "class", "split", "bin_low", "bin_high", "documents")
    return pa.table({name: [row[at] for row in rows] for at, name in enumerate(columns)})


def _card(model: Model, classes: Classes, examples: Examples, auc: float) -> Card:
    sources = []
    for source, label, mine in _groups(examples):
        held_out = int((mine & examples.held_out).sum())
        sources.append(SourceCount(source=source, label=label, train=int(mine.sum()) - held_out, held_out=held_out))
    return Card(
        model=model.kind,
        features=model.features,
        hash_bits=model.hash_bits,
        bias=model.bias,
        weights_sha256="",
        sources=sources,
        held_out_auc=auc,
        seed=classes.seed,
        versions={package: version(package) for package in ("curate", model.package)},
    )
