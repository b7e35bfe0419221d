"""No document is lost or counted twice: everything is counted again, from the tables and not from the commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.documents import id_words, sort_ids
from curate.plan import Plan, Step
from curate.rundir import RunDirectory
from curate.stage import Writer
from curate.storage import Commit
from curate.verification.findings import REPORT, Finding

#: Ids that are sorted together: 16 bytes each, and some 40 more while they are sorted.
_IDS_AT_ONCE = 10_000_000

#: (step, source, outcome, reason) -> documents. The steps are labels, and `ingest`.
Counts = Counter[tuple[str, str, str, str]]


class Recount:
    """Counts a run's documents again, part by part.

    Args:
        run: the run directory; every table must be whole.
        plan: its plan.

    Attributes:
        counts: what the tables hold.
        findings: tables that do not fit each other.
    """

    def __init__(self, run: RunDirectory, plan: Plan):
        self.run, self.plan = run, plan
        self.counts: Counts = Counter()
        self.findings: list[Finding] = []
        self._parts: list[int] = []

    def part(self, part: int, steps: Iterable[Step]) -> None:
        """Count a part: its documents, its quarantine, and what those of the steps that are done say of it."""
        documents = pq.read_table(self.run.document_part(part), columns=["source"])
        quarantine = pq.read_table(self.run.quarantine_part(part), columns=["source", "reason"])
        source = _one(documents["source"])
        self._parts.append(part)
        self._count("ingest", "documents", source, pa.repeat(pa.scalar(""), len(source)))
        self._count("ingest", "quarantined", _one(quarantine["source"]), _one(quarantine["reason"]))
        reached = np.ones(len(source), bool)
        for step in steps:
            path = self.run.annotations(step.folder, part)
            said = pq.read_table(path, columns=["keep", "reason"]).combine_chunks()
            if not self._fits(path, said, reached):
                return
            kept = pc.fill_null(said["keep"], False).to_numpy(zero_copy_only=False)
            dropped = reached & ~kept
            self._count(step.label, "kept", source.filter(pa.array(kept)), pa.repeat(pa.scalar(""), int(kept.sum())))
            reason = _one(said["reason"]).filter(pa.array(dropped))
            self._count(step.label, "dropped", source.filter(pa.array(dropped)), reason)
            reached = kept

    def check_ids(self) -> None:
        """No id may occur twice in the whole run. They are looked at range by range, so that each fits into memory."""
        documents = sum(pq.read_metadata(self.run.document_part(part)).num_rows for part in self._parts)
        ranges = 1 + documents // _IDS_AT_ONCE
        twice = sum(self._repeated(number, ranges) for number in range(ranges))
        if twice:
            self.findings.append(Finding("documents", "ids that are unique", f"{twice:,} that repeat others", REPORT))

    def _repeated(self, number: int, ranges: int) -> int:
        """How many ids of a range occur before."""
        found = [np.empty((0, 2), np.uint64)]
        for part in self._parts:
            ids = id_words(_one(pq.read_table(self.run.document_part(part), columns=["id"])["id"]))
            found.append(ids[ids[:, 0] % ranges == number])
        ids = np.concatenate(found)
        ids = ids[sort_ids(ids)]
        return int(np.count_nonzero((ids[1:] == ids[:-1]).all(axis=1)))

    def compare(self, what: str, counted: Counts) -> None:
        """Compare what the tables hold with what something else says; `skipped` is in no table."""
        for key in sorted({*self.counts, *counted}):
            if key[2] != "skipped" and self.counts[key] != counted[key]:
                step, source, outcome, reason = key
                name = " ".join(word for word in (step, source, outcome, reason) if word)
                expected = f"{counted[key]:,} documents: {name}"
                self.findings.append(Finding(what, expected, f"{self.counts[key]:,} in the tables", REPORT))

    def _fits(self, path: Path, said: pa.Table, reached: NDArray[np.bool_]) -> bool:
        """Whether annotations have a verdict for each document that reached the stage, and a reason for each drop."""
        name = path.relative_to(self.run.root).as_posix()
        if said.num_rows != len(reached):
            finding = Finding(name, f"{len(reached):,} rows, as in documents", f"{said.num_rows:,}", REPORT)
            self.findings.append(finding)
            return False
        answered = said["keep"].is_valid().to_numpy()
        if wrong := int(np.count_nonzero(answered != reached)):
            found = f"{wrong:,} rows without one, or with one too many"
            expected = f"a verdict for each of the {int(reached.sum()):,} documents that reached the stage"
            self.findings.append(Finding(name, expected, found, REPORT))
        drops = pc.equal(pc.fill_null(said["keep"], True), False).to_numpy()
        if wrong := int(np.count_nonzero(said["reason"].is_valid().to_numpy() != drops)):
            finding = Finding(name, "a reason for each drop and for nothing else", f"{wrong:,} rows differ", REPORT)
            self.findings.append(finding)
        return True

    def _count(self, step: str, outcome: str, source: pa.Array, reason: pa.Array) -> None:
        pairs = (
            pa.table({"source": source, "reason": reason}).group_by(["source", "reason"]).aggregate([([], "count_all")])
        )
        for row in pairs.to_pylist():
            self.counts[step, row["source"], outcome, row["reason"] or ""] += row["count_all"]


def recount(
    run: RunDirectory, plan: Plan, commits: Iterable[tuple[str, int, Commit]], finished: bool
) -> Iterator[Finding]:
    """Count documents again and compare with the commits and, of a finished run, with the funnel.

    Args:
        run: the run directory; every table must be whole.
        plan: its plan.
        commits: step (a label, or `ingest`), part and commit of every ingestion and annotation that is done.
        finished: whether there is a funnel to compare with.
    """
    counts: Counts = Counter()
    done: dict[int, set[str]] = {}
    for label, part, commit in commits:
        done.setdefault(part, set()).add(label)
        for source, outcome, reason, documents, _ in commit.counts["tally"]:
            counts[label, source, outcome, reason] += documents
    again = Recount(run, plan)
    for part, labels in sorted(done.items()):
        if "ingest" in labels:
            stages = [step for step in plan.steps if not isinstance(step.stage, Writer)]
            again.part(part, _without_gaps(stages, labels))
    again.check_ids()
    again.compare("commits", counts)
    if finished:
        again.compare("reports/funnel.parquet", _funnel(run))
    return iter(again.findings)


def _without_gaps(steps: Iterable[Step], labels: set[str]) -> Iterator[Step]:
    """The steps up to the first that a part has not been through."""
    for step in steps:
        if step.label not in labels:
            return
        yield step


def _funnel(run: RunDirectory) -> Counts:
    rows = pq.read_table(run.reports / "funnel.parquet").to_pylist()
    counts: Counts = Counter()
    for row in rows:
        counts[row["stage"], row["source"], row["outcome"], row["reason"]] += row["documents"]
    return counts


def _one(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
