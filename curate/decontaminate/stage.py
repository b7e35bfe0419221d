"""Decontamination: benchmark text found in documents is cut out, as for GPT-3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from curate.corpus import Corpus
from curate.decontaminate.benchmarks import read_benchmarks
from curate.decontaminate.cuts import cut_arrays, make_cuts
from curate.decontaminate.index import BenchmarkIndex
from curate.decontaminate.matches import find_matches, merge_spans
from curate.decontaminate.reports import benchmark_report, contamination_table, item_report
from curate.documents import Documents
from curate.errors import InternalError, StateError
from curate.kernels.distinct import distinct
from curate.stage import Annotations, CorpusStage, Round
from curate.tables import write_parquet

_COUNT, _COUNTS = "count", "ngram_documents.npy"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


#: One string stands for a list of one.
Strings = Annotated[list[str], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]


class Decontaminate(CorpusStage):
    """Cut text that overlaps with benchmark items out of the documents, with a margin on both sides.

    Brown et al. 2020, appendix C: word n-grams that a document shares with an item are cut together with a window
    around them, which splits the document; pieces that are too short are dropped, and so are documents that fall
    into too many. N-grams found in many documents are common phrases and ignored. Words are those of
    `curate.kernels.words`: lower-cased, without punctuation.

    Where the paper leaves room, or others read it otherwise:

    - Matches that overlap or adjoin are merged before anything is counted, and so are windows. lm-eval's Janitor
      counts each matching n-gram, so that a single overlap of 23 words deletes a document.
    - The window is taken on each side of a span, in characters, as in Janitor and Megatron.
    - The n-grams that are ignored are chosen by the number of documents, not of occurrences.
    - A text of `min_item_words` to `ngram - 1` words matches whole; shorter ones cannot be told from chance and are
      reported as `too_short`.
    - A document without a match is left alone, however short it is (Janitor returns nothing for it).
    - Which fields count: the question and its context, not choices and answers (`benchmarks.DEFAULT_FIELDS`).
      Contexts that come from the web, such as BoolQ's from Wikipedia, are cut out of Wikipedia then; name the
      fields, `fields: {squad: [question]}`, to look for questions only. Each field is a text of its own, and
      is divided at prompt labels such as `Question:` at the start of a line.

    With `against` the documents of earlier runs are counted too, from the tables that these runs left, so that an
    n-gram is ignored here if and only if a run over all of them together would ignore it. Only documents of this run
    are changed; `benchmarks` and `benchmark_items` speak of all runs, `contamination` of this one.

    Columns: `matches`, the merged spans of a document, and `cut_count`, the cuts that `max_cuts` compares.
    Reports: `contamination` (document, item and span of each match), `benchmarks` (items clean, dirty and too short)
    and `benchmark_items` (the status of each item, so the ids of the clean ones).

    Measured on one core against the n-grams of 17 benchmarks: 196 MB/s of clean text, words included
    (datatrove's n-gram filter 0.70, the Janitor of lm-evaluation-harness 2.5).

    In a script the stage sees no documents but those of the call, so `max_document_count` counts these; and it
    reads the benchmarks for each call: hand it a list rather than one text after the other.

    Raises:
        InputError: a benchmark file is missing, empty, cut off or not JSONL, or an item has none of the fields.

    >>> import json, tempfile
    >>> question = "Which of the nine planets that circle the sun takes the longest to go around once?"
    >>> path = Path(tempfile.mkdtemp(), "planets.jsonl")
    >>> _ = path.write_text(json.dumps({"question": question}) + "\\n")
    >>> page = "A line of the page. " * 20
    >>> verdict = Decontaminate(benchmarks=str(path))(page + question.upper() + page)
    >>> verdict.scores, [len(piece) for piece in verdict.pieces]
    ({'matches': 1, 'cut_count': 1}, [200, 201])
    >>> Decontaminate(benchmarks=str(path))(question).reason
    'no_piece_left'
    """

    name: ClassVar[str] = "decontaminate"
    version: ClassVar[int] = 2
    reports: ClassVar[tuple[str, ...]] = ("contamination", "benchmarks", "benchmark_items")
    edits: ClassVar[bool] = True
    shared: ClassVar[tuple[str, ...]] = ("fields", "ngram", "min_item_words")

    benchmarks: Strings = Field(
        min_length=1,
        description="Paths or patterns of .jsonl, .jsonl.gz or .jsonl.zst files, one item a line; a benchmark has the "
        "name of its file, without suffixes.",
    )
    fields: list[str] | dict[str, list[str]] | None = Field(
        None,
        description="Item fields that hold text: a list for all benchmarks, or lists by benchmark. None, and "
        "benchmarks not named: the usual question and context fields, such as question, prompt and passage.",
    )
    ngram: int = Field(13, ge=1, le=100, description="Words that a document must share in a row with an item.")
    min_item_words: int = Field(
        8, ge=1, description="Items of at least so many words but fewer than `ngram` match whole; `ngram`: none do."
    )
    window_chars: int = Field(200, ge=0, description="Characters cut on each side of a match.")
    min_piece_chars: int = Field(200, ge=0, description="Pieces of fewer characters are dropped with the cut.")
    max_cuts: int | None = Field(10, ge=0, description="Documents with more cuts are dropped. None: no limit.")
    max_document_count: int | None = Field(
        10, ge=0, description="N-grams found in more documents are ignored. None: no n-gram is."
    )
    against: Strings = Field(
        [],
        description="Run directories of earlier crawls: an n-gram's documents there count towards max_document_count. "
        "Their counts are read again, not their text. The same stage, over the same benchmarks, must be in them.",
    )

    _index: BenchmarkIndex | None = PrivateAttr(None)
    _ignored: NDArray[np.bool_] | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _lengths_agree(self) -> Decontaminate:
        if self.min_item_words > self.ngram:
            raise ValueError(f"min_item_words is {self.min_item_words}, more than ngram, which is {self.ngram}")
        return self

    def input_files(self) -> dict[str, list[str]]:
        """The benchmark files."""
        return {"benchmarks": self.benchmarks}

    def earlier_runs(self) -> Sequence[str]:
        """Those that the stage is `against`."""
        return self.against

    def rounds(self) -> Sequence[Round]:
        """Build the index of benchmark n-grams once; then count the documents that each n-gram is in."""
        return [Round("index", self._build_index), Round(_COUNT, self._conclude_counts, self._count)]

    def load(self, state: Path) -> None:
        """Memory-map the index and, once there, the counts."""
        self._index = BenchmarkIndex.load(state)
        counts = state / _COUNTS
        self._ignored = self._too_common(_load_counts(counts)) if counts.exists() else None

    def annotate(self, docs: Documents) -> Annotations:
        """Find matches, cut around them, and drop documents of which too little is left."""
        if self._ignored is None:
            raise InternalError("decontaminate was asked to annotate before its n-grams were counted")
        matches = find_matches(docs, self._loaded.ngrams, self._ignored)
        spans = merge_spans(matches)
        cuts = make_cuts(matches, spans, self.window_chars, self.min_piece_chars)
        span_counts = np.bincount(matches.text_of(spans.starts), minlength=len(matches.rows))
        too_many = cuts.counts > self.max_cuts if self.max_cuts is not None else np.zeros(len(matches.rows), bool)

        def of_batch(values: NDArray[Any]) -> NDArray[Any]:
            spread = np.zeros(len(docs), np.int32 if values.dtype != bool else bool)
            spread[matches.rows] = values
            return spread

        failed = {"too_many_cuts": of_batch(too_many), "no_piece_left": of_batch(cuts.nothing_left)}
        columns = {"matches": of_batch(span_counts), "cut_count": of_batch(cuts.counts)}
        said = Annotations.of_rules(failed, len(docs), columns)
        said.cuts = cut_arrays(cuts, matches, len(docs), ~said.keep)
        said.tables["contamination"] = contamination_table(docs, matches, spans, self._loaded)
        return said

    @property
    def _loaded(self) -> BenchmarkIndex:
        if self._index is None:
            raise InternalError("decontaminate was used before its index was loaded")
        return self._index

    def _build_index(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        BenchmarkIndex.build(read_benchmarks(self.benchmarks, self.fields), self.ngram, self.min_item_words).save(state)

    def _count(self, docs: Documents) -> pa.Table:
        """The benchmark n-grams in a batch, and how many of its documents each is in."""
        found = find_matches(docs, self._loaded.ngrams).found
        once = distinct(found.texts << 32 | found.ngrams) & 0xFFFFFFFF
        numbers, documents = np.unique(once, return_counts=True)
        return pa.table({"ngram": numbers.astype(np.int32), "documents": documents.astype(np.int32)})

    def _conclude_counts(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        documents = np.zeros(len(self._loaded), np.int64)
        for table in summaries:  # those of earlier runs too
            np.add.at(documents, table["ngram"].to_numpy(), table["documents"].to_numpy())
        np.save(state / _COUNTS, documents)
        ignored = self._too_common(documents)
        items = item_report(self._loaded, documents, ignored)
        write_parquet(state / "reports" / "benchmark_items.parquet", items)
        write_parquet(state / "reports" / "benchmarks.parquet", benchmark_report(self._loaded, items, ignored))

    def _too_common(self, documents: NDArray[np.int64]) -> NDArray[np.bool_]:
        limit = self.max_document_count
        return documents > limit if limit is not None else np.zeros(len(documents), bool)


def _load_counts(path: Path) -> NDArray[np.int64]:
    try:
        counts: NDArray[np.int64] = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise StateError(f"{path}: not the counts that were saved ({error}); run again") from error
    return counts
