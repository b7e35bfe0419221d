"""What exact and fuzzy deduplication have in common: scope, survivors, state and report."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from curate.corpus import Corpus
from curate.dedup.candidates import band_keys, band_matches, equal_edges, equal_keys, pair_edges, write_repeats
from curate.dedup.clusters import (
    choose_survivors,
    cluster_members,
    outcome_of_part,
    report_rows,
    write_clusters,
    write_report,
)
from curate.dedup.hot_keys import (
    stream_band_matches,
    stream_equal_edges,
    stream_pair_edges,
    stream_report_rows,
    stream_survivors,
)
from curate.dedup.matching import SIGNATURES, Knowledge, Matching, signature_values
from curate.dedup.ranking import Removal, summary_schema
from curate.documents import ID, Documents, find_ids, id_words
from curate.shuffle import KeyRange, Reduced, StageTables
from curate.stage import Annotations, CorpusStage, Round, filled

_QUALITY = "quality_filter*.score"

#: The rounds that give edges.
CONNECTING = ("equal", "bands", "pairs")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Dedup(CorpusStage):
    """A stage that keeps one document of every group of duplicates.

    The survivor is chosen by rule, never by order of processing: the source that `prefer` names first, then the
    higher quality score (of the last `quality_filter`; documents it did not judge count as good), then the longer
    text in bytes, then the smallest id.

    With `against` this holds over the documents of earlier runs and this one together, as if they had been run at once
    with the sources of the earlier runs preferred; only documents of this run are annotated and reported.

    Annotates with the reason `"duplicate"` and the columns `cluster` (the smallest id in the document's cluster,
    null if it has no duplicate) and `survivor` (the id that a removed document makes way for).
    """

    reports: ClassVar[tuple[str, ...]] = ("duplicates",)
    needs: ClassVar[tuple[str, ...]] = (_QUALITY,)

    prefer: list[str] = Field(
        [], description="Sources in the order in which their documents survive; sources not named come last."
    )
    scope: Literal["across", "within"] = Field(
        "across", description="across: duplicates in any sources; within: only duplicates of the same source."
    )
    remove_from: list[str] | None = Field(
        None, min_length=1, description="Sources whose documents may be removed. None: all."
    )
    found_in: list[str] | None = Field(
        None,
        min_length=1,
        description="Remove a document only because of one that survives in these sources. None: all.",
    )

    against: Annotated[list[str], BeforeValidator(_as_list, json_schema_input_type=str | list[str])] = Field(
        [],
        description="Run directories of earlier crawls, the first preferred most: their documents are preferred to "
        "those of this run, and their signatures are read again, not their text. The same stage must be in them.",
    )

    _conclusions: Knowledge | None = PrivateAttr(None)
    _outcome: pa.RecordBatch | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _can_remove_something(self) -> Dedup:
        if len(set(self.prefer)) < len(self.prefer):
            raise ValueError(f"prefer names a source twice: {', '.join(self.prefer)}")
        both = self.remove_from is not None and self.found_in is not None
        if self.scope == "within" and both and not set(self.remove_from or ()) & set(self.found_in or ()):
            raise ValueError(
                "scope 'within' compares documents of one source, so nothing of remove_from can be found in found_in; "
                "use scope: across"
            )
        return self

    def earlier_runs(self) -> Sequence[str]:
        """Those that the stage is `against`."""
        return self.against

    @abstractmethod
    def signatures(self, docs: Documents) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """The signature of each document, of shape (n, values), and whether it can have duplicates at all."""

    @abstractmethod
    def matching(self) -> Matching:
        """When two signatures are those of duplicates."""

    def rounds(self) -> Sequence[Round]:
        """Signatures; candidates and edges; clusters; survivors; the report. See `candidates.py` and `clusters.py`."""
        matching = self.matching()
        rounds = [
            Round(SIGNATURES, self._count_documents, self.summarize),
            Round(
                "equal",
                self._conclude_equal,
                regroup=self._equal_keys,
                reduce=self._equal_edges,
                stream=self._stream_equal,
            ),
        ]
        if matching.bands:
            verified = matching.min_candidate_agreement > 0
            connect = None if verified else self._conclude_edges
            rounds.append(
                Round(
                    "bands",
                    connect,
                    regroup=self._band_keys,
                    reduce=self._band_matches,
                    stream=self._stream_bands,
                )
            )
            if verified:
                pairs = ("bands", "pairs")
                rounds.append(
                    Round(
                        "pairs",
                        self._conclude_edges,
                        reduce=self._pair_edges,
                        stream=self._stream_pairs,
                        reduces=pairs,
                    )
                )
        return [
            *rounds,
            Round("survivors", regroup=self._members, reduce=self._survivors, stream=self._stream_survivors),
            Round(
                "report",
                self._write_report,
                reduce=self._report_rows,
                stream=self._stream_report,
                reduces=("survivors", "removed"),
            ),
        ]

    def summarize(self, docs: Documents) -> pa.Table:
        """Id, source, signature, length in bytes and quality of the documents that can have duplicates."""
        signatures, possible = self.signatures(docs)
        values = pa.array(np.ascontiguousarray(signatures[possible]).reshape(-1))
        kept = docs.filter(possible)
        columns = [
            kept.id,
            kept.source,
            pa.FixedSizeListArray.from_arrays(values, signatures.shape[1]),
            pa.array(kept.text_bytes),
            pa.array(_quality(kept)),
        ]
        return pa.table(columns, schema=summary_schema(signatures.shape[1]))

    def load(self, state: Path) -> None:
        """Remember where the conclusions are; they are read when they are needed."""
        self._conclusions = Knowledge(state)

    def load_part(self, tables: StageTables, part: int) -> None:
        """Read the outcome of the part's documents."""
        self._outcome = outcome_of_part(tables, self._known, part)

    def annotate(self, docs: Documents) -> Annotations:
        """Look each document up among the duplicates."""
        known = self._outcome
        if known is None:
            raise RuntimeError(f"{self.name}: load a state before annotate")
        at = find_ids(id_words(known["id"]), docs.id_words)
        rows = pa.array(at, mask=at < 0)
        survivor = known["survivor"].take(rows)
        removed = survivor.is_valid().to_numpy(zero_copy_only=False)
        return Annotations.of_rules(
            {"duplicate": removed}, len(docs), {"cluster": known["cluster"].take(rows), "survivor": survivor}
        )

    @property
    def _known(self) -> Knowledge:
        if self._conclusions is None:
            raise RuntimeError(f"{self.name}: load a state before this round")
        return self._conclusions

    def _count_documents(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        np.save(state / "documents.npy", np.array(corpus.tables.rows(SIGNATURES), np.int64))

    def _equal_keys(self, corpus: Corpus, part: int) -> pa.Table:
        return equal_keys(corpus, self.matching(), part)

    def _equal_edges(self, corpus: Corpus, keys: KeyRange) -> Reduced:
        return equal_edges(self._known, keys)

    def _conclude_equal(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        if self.matching().bands:
            write_repeats(corpus, self._known, state)
        else:
            write_clusters(corpus, self._known, ["equal"], state)

    def _band_keys(self, corpus: Corpus, part: int) -> pa.Table:
        return band_keys(corpus, self.matching(), self._known, part)

    def _band_matches(self, corpus: Corpus, keys: KeyRange) -> Reduced:
        return band_matches(corpus, self.matching(), self._known, keys)

    def _pair_edges(self, corpus: Corpus, keys: KeyRange) -> Reduced:
        return pair_edges(corpus, self.matching(), self._known, keys.table())

    def _conclude_edges(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        rounds = [step.name for step in self.rounds() if step.name in CONNECTING]
        write_clusters(corpus, self._known, rounds, state)

    def _members(self, corpus: Corpus, part: int) -> pa.Table:
        return cluster_members(corpus, self._known, part)

    @property
    def _removal(self) -> Removal:
        return Removal(self.prefer, self.remove_from, self.found_in)

    def _survivors(self, corpus: Corpus, keys: KeyRange) -> Reduced:
        return choose_survivors(corpus, self.matching(), self._removal, self._known, keys)

    def _report_rows(self, corpus: Corpus, keys: KeyRange) -> Reduced:
        return report_rows(self.matching(), signature_values(corpus.tables), keys.table())

    def _stream_equal(self, corpus: Corpus, keys: KeyRange) -> Iterator[Reduced]:
        return stream_equal_edges(corpus, self._known, keys)

    def _stream_bands(self, corpus: Corpus, keys: KeyRange) -> Iterator[Reduced]:
        return stream_band_matches(corpus, self.matching(), self._known, keys)

    def _stream_pairs(self, corpus: Corpus, keys: KeyRange) -> Iterator[Reduced]:
        return stream_pair_edges(corpus, self.matching(), self._known, keys)

    def _stream_survivors(self, corpus: Corpus, keys: KeyRange) -> Iterator[Reduced]:
        return stream_survivors(corpus, self.matching(), self._removal, self._known, keys)

    def _stream_report(self, corpus: Corpus, keys: KeyRange) -> Iterator[Reduced]:
        return stream_report_rows(corpus, self.matching(), signature_values(corpus.tables), keys)

    def _write_report(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        write_report(corpus, state)

    def _judge(self, docs: Documents) -> Annotations:
        return super()._judge(_with_distinct_ids(docs))


def _quality(docs: Documents) -> NDArray[np.float64]:
    names = [name for name in docs.scores if fnmatch(name, _QUALITY)]
    return filled(docs.scores[names[-1]], np.inf) if names else np.full(len(docs), np.inf)


def _with_distinct_ids(docs: Documents) -> Documents:
    """In scripts an id is the hash of the text, so equal texts share one: count repeats up from it."""
    seen: dict[bytes, int] = {}
    ids = []
    for given in docs.id.to_pylist():
        repeats = seen[given] = seen.get(given, -1) + 1
        ids.append(((int.from_bytes(given, "big") + repeats) % (1 << 128)).to_bytes(16, "big"))
    if len(seen) == len(ids):
        return docs
    index = docs.batch.schema.get_field_index("id")
    return Documents(docs.batch.set_column(index, "id", pa.array(ids, ID)), docs.scores)
