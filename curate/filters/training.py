"""Training a quality classifier on a corpus: a balanced sample, a split, a fit, and how well it does.

The sample is chosen and encoded part by part, so that only the examples come together in one process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.documents import Documents, id_words, sort_ids
from curate.draws import uniform
from curate.errors import InputError
from curate.filters.classifier import FOLDER, Card, Label, SourceCount, save_classifier
from curate.filters.models import Model
from curate.sampling import sample_threshold

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


def draw_documents(docs: Documents, seed: int) -> pa.Table:
    """What the choice of examples needs to know of a batch: `source` and `draw` of each document."""
    return pa.table({"source": docs.source, "draw": uniform(seed, "quality_filter.train", docs.id_words)})


def source_counts(draws: Iterable[pa.Table]) -> list[dict[str, int]]:
    """How many documents of each source there are in each of the tables of `draw_documents`."""
    values = (pc.value_counts(table["source"]) for table in draws)
    return [dict(zip(each.field(0).to_pylist(), each.field(1).to_pylist(), strict=True)) for each in values]


def choose_examples(draws: Sequence[pa.Table], classes: Classes) -> dict[str, float]:
    """The draw below which the documents of each source are learnt from: as many positives as negatives.

    Args:
        draws: the tables of `draw_documents`.

    Raises:
        InputError: a source has no document, or a class has fewer than 3.
    """
    counts = source_counts(draws)
    size = _class_size(sum(map(Counter, counts), Counter()), classes)
    thresholds: dict[str, float] = {}
    for sources in (classes.positives, classes.negatives):
        parts = [part for part, found in enumerate(counts) if not found.keys().isdisjoint(sources)]
        threshold = sample_threshold(partial(_weighted, draws, parts, sources), size)
        taken = sum(int((draw < threshold).sum()) for draw, _ in _weighted(draws, parts, sources))
        _check_enough(taken, sources)
        thresholds |= dict.fromkeys(sources, threshold)
    return thresholds


def encode_examples(docs: Documents, model: Model, thresholds: Mapping[str, float], seed: int) -> pa.Table:
    """The chosen documents of a batch: `id`, `source` and `example`, in the model's form."""
    chosen = np.zeros(len(docs), bool)
    draws = uniform(seed, "quality_filter.train", docs.id_words)
    for source, threshold in thresholds.items():
        chosen |= docs.in_sources([source]) & (draws < threshold)
    picked = docs.filter(chosen)
    return pa.table({"id": picked.id, "source": picked.source, "example": model.encode(picked)})


def training_bytes(examples: Iterable[pa.Table], model: Model) -> int:
    """Memory that training takes: the examples five times (read, joined, ordered, the part to learn from, that part
    by feature), and some vectors of weights, 25 times 8 bytes for each feature.
    """
    return 5 * sum(int(table.nbytes) for table in examples) + 200 * (1 << (model.hash_bits or 0))


def train_classifier(examples: Sequence[pa.Table], model: Model, classes: Classes, state: Path) -> Card:
    """Train `model` on the tables of `encode_examples`; write `classifier/` and `reports/quality.parquet`.

    Memory: see `training_bytes`. An example takes 12 bytes for each distinct word of its document (logistic), or its
    first 10,000 characters (fastText).
    """
    from sklearn.metrics import roc_auc_score

    sample = _stacked(examples, model, classes)
    learn = np.flatnonzero(~sample.held_out)
    model.fit(model.take(sample.encoded, learn), sample.positive[learn], classes.seed)
    scores = model.predict(sample.encoded)
    auc = float(roc_auc_score(sample.positive[sample.held_out], scores[sample.held_out]))
    (state / "reports").mkdir(parents=True, exist_ok=True)
    pq.write_table(_distribution(sample, scores), state / "reports" / "quality.parquet")
    return save_classifier(model, _card(model, classes, sample, auc), state / FOLDER)


def _weighted(
    draws: Sequence[pa.Table], parts: Iterable[int], sources: Sequence[str]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """The draws of the documents of some sources in some of the tables, each document of weight 1."""
    for table in (draws[part] for part in parts):
        mine = table["draw"].filter(pc.is_in(table["source"], value_set=pa.array(list(sources), pa.string())))
        yield mine.to_numpy(), np.ones(len(mine), np.int64)


def _stacked(tables: Sequence[pa.Table], model: Model, classes: Classes) -> Examples:
    """All examples, ordered by id."""
    table = pa.concat_tables(tables).combine_chunks()
    ids = np.concatenate([np.empty((0, 2), np.uint64), *map(id_words, table["id"].chunks)])
    source = np.array(table["source"].to_pylist(), object)
    positive = np.isin(source, classes.positives)
    held_out = np.zeros(len(ids), bool)
    for mine in (np.flatnonzero(positive), np.flatnonzero(~positive)):
        held_out[mine] = _held_out(ids[mine], classes)
    order = sort_ids(ids)
    encoded = model.take(model.stack(table["example"].chunks), order)
    return Examples(encoded, source[order], positive[order], held_out[order])


def _class_size(counts: Mapping[str, int], classes: Classes) -> int:
    missing = [source for source in (*classes.positives, *classes.negatives) if not counts.get(source)]
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
