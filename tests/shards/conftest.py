"""A corpus in memory that real stages run on, part by part and batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curate.corpus import Corpus
from curate.documents import Documents
from curate.stage import CorpusStage

ANIMALS = ("fox", "owl", "newt", "goat", "stoat", "heron")


class TinyRun(Corpus):
    """Documents in parts, and what the stages run so far have said of them.

    Side tables are written as Arrow files of one record batch for each batch of documents, and memory-mapped.
    """

    def __init__(self, folder: Path, parts: Sequence[Documents], batch_rows: int):
        self.folder, self.batch_rows = folder, batch_rows
        self.documents = list(parts)
        self.parts = len(parts)
        self.kept = [np.ones(len(docs), bool) for docs in parts]
        self.states: dict[str, Path] = {}
        folder.mkdir(parents=True)

    def batches(self, part: int, *, text: bool = True) -> Iterator[tuple[np.ndarray, Documents]]:
        """The kept documents of a part, a few at a time; one empty batch if none is left."""
        docs, rows = self.documents[part], np.arange(len(self.documents[part]))
        kept = self.kept[part]
        for begin in range(0, len(docs), self.batch_rows):
            mask = kept & (rows >= begin) & (rows < begin + self.batch_rows)
            if mask.any():
                yield rows[mask], docs.filter(mask)
        if not kept.any():
            yield rows[kept], docs.filter(kept)

    def index(self, columns: Sequence[str] = ()) -> pa.Table:
        """`id`, `source` and columns of earlier stages of each document that is left."""
        batches = [docs for part in range(self.parts) for _, docs in self.batches(part)]
        tables = [{"id": docs.id, "source": docs.source} | {n: docs.scores[n] for n in columns} for docs in batches]
        return pa.concat_tables(map(pa.table, tables))

    def side_table(self, name: str, part: int) -> pa.Table:
        """The table of that name, mapped."""
        return pa.ipc.open_file(pa.memory_map(str(self.folder / f"{name}-{part}.arrow"))).read_all()

    def state(self, pattern: str) -> Path:
        """The state of the last stage of that name."""
        found = [path for name, path in self.states.items() if fnmatch(name, pattern)]
        if not found:
            raise KeyError(pattern)
        return found[-1]

    def run(self, stage: CorpusStage) -> TinyRun:
        """Run the rounds of a stage, annotate every batch, and drop what it drops."""
        state = self.folder / stage.name
        state.mkdir()
        for step in stage.rounds():
            summarize = step.summarize
            parts = range(self.parts) if summarize else ()
            tables = [[summarize(docs) for _, docs in self.batches(part)] for part in parts]
            step.conclude(self, [pa.concat_tables(of_part) for of_part in tables if of_part], state)
            stage.load(state)
        for part in range(self.parts):
            self._annotate(stage, part)
        self.states[stage.name] = state
        return self

    def _annotate(self, stage: CorpusStage, part: int) -> None:
        docs = self.documents[part]
        said = [(rows, stage.annotate(batch)) for rows, batch in self.batches(part)]
        kept = np.concatenate([np.empty(0, np.int64), *(rows[one.keep] for rows, one in said)])
        for name in {name for _, one in said for name in one.columns}:
            values: list = [None] * len(docs)
            for rows, one in said:
                for row, value in zip(rows, one.columns[name].to_pylist(), strict=True):
                    values[row] = value
            docs.scores[f"{stage.name}.{name}"] = pa.array(values, said[0][1].columns[name].type)
        for name in {name for _, one in said for name in one.tables}:
            tables = [one.tables[name] for _, one in said]
            with pa.ipc.new_file(str(self.folder / f"{name}-{part}.arrow"), tables[0].schema) as writer:
                for table in tables:
                    writer.write_table(table)
        self.kept[part] = np.isin(np.arange(len(docs)), kept)


def tiny_documents(count: int, seed: int = 0) -> Documents:
    """Short texts of three sources; some with split marks, some empty."""
    rng = np.random.default_rng(seed)
    texts = []
    for number in range(count):
        words = rng.choice(ANIMALS, rng.integers(1, 40)).tolist()
        separator = ("\0" if number % 5 == 1 else " ") + f"{number} "
        texts.append("" if number % 11 == 7 else " ".join(words[:9]) + separator + " ".join(words[9:]))
    sources = rng.choice(["web", "books", "wiki"], count, p=[0.6, 0.3, 0.1]).tolist()
    ids = [rng.bytes(16) for _ in texts]
    return Documents.from_batch(
        pa.RecordBatch.from_pydict({"id": pa.array(ids, pa.binary(16)), "source": sources, "text": texts})
    )


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., TinyRun]:
    """Builds runs of `count` tiny documents, or of given ones, in `parts` parts and batches of `batch_rows`."""
    made: list[TinyRun] = []

    def make(count: int = 60, parts: int = 3, batch_rows: int = 7, documents: Documents | None = None) -> TinyRun:
        docs = tiny_documents(count) if documents is None else documents
        edges = np.linspace(0, len(docs), parts + 1).astype(int)
        split = [Documents(docs.batch.slice(a, b - a)) for a, b in pairwise(edges)]
        made.append(TinyRun(tmp_path / f"run{len(made)}", split, batch_rows))
        return made[-1]

    return make
