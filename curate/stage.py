"""What a stage is: parameters that check themselves, and one method on batches of documents.

    Stage           annotate(docs): keep or drop each document, with reason, scores and cuts
    ├── Filter      needs nothing but the batch
    └── CorpusStage must see the corpus first: rounds of summarize (each part), reduce (each key range) and
                    conclude (once), then annotate
    Writer          turns the corpus into output files: layout (once), write_shard (each), finish (once)

Parameters are pydantic fields: defaults, bounds, units and the JSON Schema of pipelines come from one place.
`min_` and `max_` are inclusive, None turns a rule off, 0 is a value.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from curate.corpus import Corpus, MemoryCorpus
from curate.documents import CUTS, SPLIT, Documents, apply_cuts
from curate.errors import InputError
from curate.local_rounds import MemoryTables, run_rounds
from curate.shuffle import KeyRange, Reduced, StageTables


@dataclass(frozen=True)
class Verdict:
    """What a stage says of one text.

    Attributes:
        keep: whether the document stays.
        reason: the first rule that failed, or None.
        scores: every number or label the stage computed.
        pieces: the text with the stage's cuts made, split where it splits the document; empty if dropped.
    """

    keep: bool
    reason: str | None
    scores: dict[str, Any]
    pieces: tuple[str, ...] = ()


@dataclass
class Annotations:
    """What a stage says of a batch, row by row.

    Attributes:
        keep: `bool` of shape (n,).
        reason: the rule that failed, such as `"too_short"`, without the stage's name; null where kept.
        columns: scores and labels by name, each of length n.
        cuts: a `CUTS` array, or None if the stage edits nothing.
        tables: tables to keep beside the annotations, of any length; the batches of a part are concatenated.
    """

    keep: NDArray[np.bool_]
    reason: pa.StringArray
    columns: dict[str, pa.Array] = field(default_factory=dict)
    cuts: pa.ListArray | None = None
    tables: dict[str, pa.Table] = field(default_factory=dict)

    @classmethod
    def of_rules(
        cls, failed: Mapping[str, NDArray[np.bool_]], rows: int, columns: Mapping[str, Any] | None = None
    ) -> Annotations:
        """Drop each row that fails a rule; its reason is the first such rule in the order given.

        >>> said = Annotations.of_rules({"too_short": np.array([False, True])}, 2, {"words": np.array([9, 1])})
        >>> said.keep.tolist(), said.reason.to_pylist()
        ([True, False], [None, 'too_short'])
        """
        first = np.full(rows, -1, np.int32)
        for number, mask in reversed(list(enumerate(failed.values()))):
            first[mask] = number
        names = pa.array(list(failed), pa.string())
        reason = names.take(pa.array(np.where(first < 0, 0, first), mask=first < 0)) if failed else None
        arrays = {name: pa.array(values) for name, values in (columns or {}).items()}
        return cls(first < 0, reason if reason is not None else pa.nulls(rows, pa.string()), arrays)


class Stage(BaseModel, ABC):
    """A step that annotates documents. Subclasses are frozen pydantic models; their fields are the parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, arbitrary_types_allowed=True)

    #: The name in pipelines.
    name: ClassVar[str]
    #: Raised when the same parameters give another answer than before, so that old results are not reused.
    version: ClassVar[int] = 1
    #: Columns of earlier stages that the stage reads if they exist: `stage.column`, shell wildcards allowed; and `url`.
    needs: ClassVar[tuple[str, ...]] = ()
    #: Tables in `Annotations.tables`, or in files `reports/NAME.parquet` of the state, published as reports.
    reports: ClassVar[tuple[str, ...]] = ()
    #: Stages that must come earlier in a pipeline: shell patterns of names.
    requires: ClassVar[tuple[str, ...]] = ()
    #: Whether the stage may cut text.
    edits: ClassVar[bool] = False
    #: Columns of its own, without nulls, of which a run knows the sum by source without reading them again.
    totals: ClassVar[tuple[str, ...]] = ()

    sources: list[str] | None = Field(None, description="Sources the stage applies to; the others pass. None: all.")

    @abstractmethod
    def annotate(self, docs: Documents) -> Annotations:
        """Judge a batch. The answer for a document must not depend on the rest of the batch."""

    def input_files(self) -> dict[str, list[str]]:
        """Paths or patterns of files that the stage reads, by parameter; their contents are fingerprinted."""
        return {}

    @overload
    def __call__(self, data: str) -> Verdict: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, data: Sequence[str]) -> list[Verdict]: ...
    @overload
    def __call__(self, data: pa.Array | pa.ChunkedArray | pa.RecordBatch | pa.Table) -> pa.Table: ...

    def __call__(self, data: Any) -> Any:
        """Judge a string, a list of strings, an Arrow array of strings, or a batch with a `text` column.

        Returns:
            A `Verdict` for a string, a list of them for a list; for Arrow data a table with the columns `keep`,
            `reason`, the scores, and `cuts` if the stage edits.
        """
        docs = _documents(data)
        said = self._judge(docs)
        if isinstance(data, str):
            return _verdicts(docs, said)[0]
        if isinstance(data, pa.Array | pa.ChunkedArray | pa.RecordBatch | pa.Table):
            return annotation_table(said)
        return _verdicts(docs, said)

    def _judge(self, docs: Documents) -> Annotations:
        return self.annotate(docs)


class Filter(Stage):
    """A stage that needs nothing but the batch before it."""


@dataclass(frozen=True)
class Round:
    """One look at the whole corpus: map, shuffle, reduce, conclude; all but one of map and conclude may be absent.

    Attributes:
        name: what the round finds out, such as `"count"`; part of file names.
        conclude: called once as `conclude(corpus, summaries, state)`: reads what it needs and writes files into
            the folder `state` (and `state / "reports"`). `summaries` gives the table of each part, those of earlier
            runs last, memory-mapped, when asked for it. What a reduce wrote is read from `corpus.tables`.
        summarize: called for each batch of each part, in any order and process; the tables of a part's batches
            are concatenated. None if the round needs no summaries. Files of earlier rounds are loaded by then.
        regroup: called for each part, those of earlier runs included, as `regroup(corpus, part)`, in place of
            `summarize`: makes its table from what earlier rounds of the stage wrote (`corpus.tables`).
        reduce: called for each key range as `reduce(corpus, range)`; returns tables by name, which are kept in
            files. What the ranges give together must not depend on where one ends and the next begins.
        stream: the same, called in place of `reduce` for rows of one key that are more than a task may hold; gives the
            tables piece by piece, each time all of them. None: such a key is refused before the round begins.
        reduces: an earlier round and the table of its reduces that this round reduces anew, by another key; None
            takes what `summarize` or `regroup` made.
        key: the `uint64` column that the shuffle divides by: a hash, so that its ranges are of like size. Equal
            keys meet in one range.
        reduce_memory: bytes that a reduce takes for each byte of its range.
        text: whether `summarize` looks at the texts; without, they are empty and nothing is read for them.
        all_sources: whether it sees every document, not only those of the sources that the stage applies to.
        long: whether `conclude` takes so long that what later stages can do without documents is done beside it.
    """

    name: str
    conclude: Callable[[Corpus, Sequence[pa.Table], Path], None] | None = None
    summarize: Callable[[Documents], pa.Table] | None = None
    regroup: Callable[[Corpus, int], pa.Table] | None = None
    reduce: Callable[[Corpus, KeyRange], Reduced] | None = None
    stream: Callable[[Corpus, KeyRange], Iterator[Reduced]] | None = None
    reduces: tuple[str, str] | None = None
    key: str = "key"
    reduce_memory: float = 4.0
    text: bool = True
    all_sources: bool = False
    long: bool = False


class CorpusStage(Stage):
    """A stage that must see the corpus before it can judge a document: map, reduce, then map."""

    #: Parameters that must be those of the earlier runs that the stage builds upon; its input files must be, too.
    shared: ClassVar[tuple[str, ...]] = ()

    def earlier_runs(self) -> Sequence[str]:
        """Run directories whose tables of the stage's first summaries are taken in, as parts after the own ones."""
        return ()

    @abstractmethod
    def rounds(self) -> Sequence[Round]:
        """The looks at the corpus that come before `annotate`, in order."""

    @abstractmethod
    def load(self, state: Path) -> None:
        """Read what the rounds so far have concluded; called before each later round and before `annotate`."""

    def load_part(self, tables: StageTables, part: int) -> None:
        """Read what the rounds say of one part; called, after `load`, before its documents are annotated."""

    def fit(self, docs: Documents, state: Path) -> None:
        """Run every round on documents in memory, and load what they conclude.

        Raises:
            InputError: the stage builds upon earlier runs, which only a run can find.
        """
        if self.earlier_runs():
            raise InputError(f"{self.name} against an earlier run needs a run: name it in a pipeline, or leave it out")
        tables = MemoryTables(1)
        run_rounds(self, MemoryCorpus(docs, tables=tables), tables, state)
        self.load_part(tables, 0)

    def _judge(self, docs: Documents) -> Annotations:
        with tempfile.TemporaryDirectory() as folder:
            self.fit(docs, Path(folder))
            return self.annotate(docs)


class Writer(BaseModel, ABC):
    """A step that turns what is left of the corpus into output files; it drops nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    name: ClassVar[str]
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()
    reports: ClassVar[tuple[str, ...]] = ()
    requires: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def layout(self, corpus: Corpus, state: Path) -> int:
        """Decide once what goes where, write that into `state`, and return the number of shards."""

    @abstractmethod
    def write_shard(self, corpus: Corpus, state: Path, shard: int, folder: Path) -> dict[str, int]:
        """Write one shard into `folder` and return its counts, such as rows and tokens."""

    @abstractmethod
    def finish(self, corpus: Corpus, state: Path, folder: Path) -> None:
        """Write what belongs to all shards (manifest, card) once they are complete.

        Files are replaced, never written into: what is published may be a link to the same file.
        """


def annotation_table(said: Annotations) -> pa.Table:
    """Annotations as one Arrow table: `keep`, `reason`, the columns, and `cuts` if there are any."""
    columns = {"keep": pa.array(said.keep), "reason": said.reason, **said.columns}
    return pa.table(columns | ({"cuts": said.cuts} if said.cuts is not None else {}))


def _documents(data: Any) -> Documents:
    if isinstance(data, str):
        return Documents.from_texts([data])
    if isinstance(data, pa.ChunkedArray):
        return Documents.from_texts(pa.concat_arrays(data.chunks) if data.num_chunks else pa.array([], pa.string()))
    if isinstance(data, pa.Table):
        return Documents.from_batch(pa.RecordBatch.from_struct_array(data.to_struct_array().combine_chunks()))
    if isinstance(data, pa.RecordBatch):
        return Documents.from_batch(data)
    return Documents.from_texts(data)


def _verdicts(docs: Documents, said: Annotations) -> list[Verdict]:
    cuts = said.cuts if said.cuts is not None else pa.nulls(len(docs), CUTS)
    texts = apply_cuts(docs.text, cuts).to_pylist()
    scores = [dict(zip(said.columns, row, strict=True)) for row in _rows(said.columns, len(docs))]
    return [
        Verdict(bool(keep), reason, score, tuple(text.split(SPLIT)) if keep else ())
        for keep, reason, score, text in zip(said.keep, said.reason.to_pylist(), scores, texts, strict=True)
    ]


def _rows(columns: Mapping[str, pa.Array], rows: int) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in columns.values()), strict=True)) if columns else [()] * rows


def last_column(docs: Documents, suffix: str) -> pa.Array | None:
    """The newest earlier column whose name ends in `suffix`, or None."""
    names = [name for name in docs.scores if name.endswith(suffix)]
    return docs.scores[names[-1]] if names else None


def filled(column: pa.Array, value: float) -> NDArray[np.float64]:
    """A numeric column as `float64` with `value` in place of nulls."""
    return np.asarray(pc.fill_null(column.cast(pa.float64()), value).to_numpy(zero_copy_only=False))
