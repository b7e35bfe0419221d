"""The stage that decides which documents are trained on, how often, and in what order."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr, field_validator

from curate.corpus import Corpus
from curate.documents import Documents, id_words
from curate.errors import InputError
from curate.mix.budget import allocate, largest_budget, normalise
from curate.mix.schedule import Schedule, schedule_source
from curate.stage import Annotations, CorpusStage, Round, filled, last_column
from curate.tables import write_parquet

logger = logging.getLogger("curate")

STATE_FILE = "mixture.json"

#: More is taken for a slip, such as a budget that was meant for another corpus. GPT-1 was trained for 100 epochs.
MAX_EPOCHS = 1000
TOKENS = "_tokenizer.tokens"


class Mix(CorpusStage):
    """Sample the sources in given proportions of tokens, without replacement until an epoch ends.

    Weights are of tokens, not of documents: with `wikipedia: 3` and weights that sum to 100, three of a hundred
    tokens written come from Wikipedia, and it is repeated as often as that takes. Weights that sum to neither 1 nor
    100 are divided by their sum, with a warning. A source that would be repeated more than `max_epochs` times gives
    what it may, and the others fill the rest in proportion.

    Each document gets the column `epochs` (`int32`, how many copies of it are written) and `positions`
    (`list<float64>`, where in the training order they stand, in [0, 1)); see `curate.mix.schedule`. A document
    without a copy is dropped as `not_sampled`, one of a source without weight as `no_weight`.

    Sources: Brown et al. 2020, section 2.2, table 2.2 and appendix B. Its weights sum to 101 and its epochs do not
    follow from them (3.44 of WebText2, not the 2.9 printed); we compute epochs from weights, never the reverse.

    Raises:
        InputError: a source with a weight has no tokens, or would be repeated more than 1,000 times; or no
            tokenizer stage comes before.
    """

    name: ClassVar[str] = "mix"
    needs: ClassVar[tuple[str, ...]] = (f"*{TOKENS}",)
    requires: ClassVar[tuple[str, ...]] = ("*_tokenizer",)
    reports: ClassVar[tuple[str, ...]] = ("mixture",)

    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        description="Proportion of tokens by source; a source not named has 0."
    )
    tokens: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto", description="Budget in tokens. auto: the largest that repeats no source more than max_epochs."
    )
    max_epochs: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="The most a source is repeated. None: 1 if auto, else no limit."
    )
    seed: int | None = Field(None, description="Of the order and the choice. None: the pipeline's, or 0.")

    _schedules: dict[str, Schedule] = PrivateAttr(default_factory=dict)

    @field_validator("weights")
    @classmethod
    def _some_weight(cls, weights: dict[str, float]) -> dict[str, float]:
        if not any(weights.values()):
            raise ValueError("no source has a weight above 0; give at least one")
        return weights

    def rounds(self) -> Sequence[Round]:
        """One round: count the tokens of each source, and plan how it is read."""
        return [Round("plan", self._plan, _token_counts, text=False)]

    def load(self, state: Path) -> None:
        """Read how each source is read."""
        saved = json.loads((state / STATE_FILE).read_text("utf-8"))
        self._schedules = {source: Schedule(**fields) for source, fields in saved.items()}

    def annotate(self, docs: Documents) -> Annotations:
        """Give each document its copies and their positions."""
        epochs = np.zeros(len(docs), np.int32)
        parts: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
        weightless = np.ones(len(docs), bool)
        for source, schedule in self._schedules.items():
            rows = np.flatnonzero(pc.equal(docs.source, source))
            weightless[rows] = False
            epochs[rows], keys = schedule.positions(self.seed or 0, docs.id_words[rows])
            parts.append((np.repeat(rows, epochs[rows]), keys))
        columns = {"epochs": epochs, "positions": _lists(epochs, parts)}
        return Annotations.of_rules({"no_weight": weightless, "not_sampled": epochs == 0}, len(docs), columns)

    def _plan(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        counts = _count_sources(summaries)
        available = {name: count.tokens for name, count in counts.items()}
        shares = self._shares(available)
        budget, max_epochs = self._budget(available, shares)
        targets = allocate(available, shares, budget, max_epochs)
        _check_epochs(available, targets)
        schedules = {
            name: schedule_source(
                self.seed or 0,
                partial(_tokens_of, summaries, counts[name].parts, name),
                available[name],
                target,
                np.inf if max_epochs is None else max_epochs * available[name],
            )
            for name, target in targets.items()
        }
        if sum(targets.values()) < budget - len(targets):
            logger.warning(
                "every source reaches max_epochs=%g, so there are %d tokens, not the %d wanted",
                max_epochs,
                sum(targets.values()),
                budget,
            )
        saved = {name: asdict(schedule) for name, schedule in schedules.items()}
        (state / STATE_FILE).write_text(json.dumps(saved, indent=2) + "\n", "utf-8")
        (state / "reports").mkdir(exist_ok=True)
        report = _report(counts, self.weights, shares, targets, schedules)
        write_parquet(state / "reports" / "mixture.parquet", report)

    def _shares(self, available: Mapping[str, int]) -> dict[str, float]:
        """Shares of the sources that have a weight, by name; says what is odd about the weights."""
        for source in sorted(self.weights):
            if self.weights[source] > 0 and not available.get(source):
                raise InputError(
                    f"mix: source {source!r} has weight {self.weights[source]:g} but no document of it is left. "
                    f"Left are: {', '.join(sorted(available)) or 'none'}. Look in the funnel for the stage that drops "
                    f"it, check its name and its paths, or give it weight 0"
                )
        for source in sorted(set(available) - set(self.weights)):
            logger.warning("source %r has no weight; its documents are dropped (weight 0 says so on purpose)", source)
        total = sum(self.weights.values())
        if not (np.isclose(total, 1, rtol=1e-6) or np.isclose(total, 100, rtol=1e-6)):
            logger.warning("weights sum to %g, neither 1 nor 100; they are divided by their sum", total)
        return {source: share for source, share in sorted(normalise(self.weights).items()) if share > 0}

    def _budget(self, available: Mapping[str, int], shares: Mapping[str, float]) -> tuple[int, float | None]:
        if self.tokens != "auto":
            return self.tokens, self.max_epochs
        max_epochs = 1.0 if self.max_epochs is None else self.max_epochs
        return largest_budget(available, shares, max_epochs), max_epochs


def _check_epochs(available: Mapping[str, int], targets: Mapping[str, int]) -> None:
    for source, target in targets.items():
        if target > MAX_EPOCHS * available[source]:
            raise InputError(
                f"mix: {target} tokens of {source!r}, which has {available[source]}, is {target // available[source]} "
                f"epochs. Expected at most {MAX_EPOCHS}: lower tokens or its weight, or set max_epochs"
            )


@dataclass
class _Count:
    """What there is of a source."""

    documents: int = 0
    tokens: int = 0
    parts: list[int] = field(default_factory=list)


def _token_counts(docs: Documents) -> pa.Table:
    tokens = last_column(docs, TOKENS)
    if tokens is None:
        raise InputError("mix: no tokens to count. Put train_tokenizer or load_tokenizer before it")
    return pa.table({"id": docs.id, "source": docs.source, "tokens": pa.array(filled(tokens, 0).astype(np.int64))})


def _count_sources(summaries: Sequence[pa.Table]) -> dict[str, _Count]:
    """Documents and tokens of each source, by name."""
    counts: dict[str, _Count] = {}
    for part, table in enumerate(summaries):
        sums = table.group_by("source").aggregate([("tokens", "count"), ("tokens", "sum")]).to_pylist()
        for row in sums:
            count = counts.setdefault(row["source"], _Count())
            count.documents += row["tokens_count"]
            count.tokens += row["tokens_sum"]
            count.parts.append(part)
    return dict(sorted(counts.items()))


def _tokens_of(
    summaries: Sequence[pa.Table], parts: Sequence[int], source: str
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    """Ids and tokens of the documents of a source, of each part that has some."""
    for table in (summaries[part] for part in parts):
        for batch in table.filter(pc.equal(table["source"], source)).to_batches():
            yield id_words(batch["id"]), batch["tokens"].to_numpy()


def _lists(counts: NDArray[np.int32], parts: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> pa.ListArray:
    """One list of `counts[row]` values for each row, from values given source by source with their rows."""
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    rows = np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in parts)])
    values = np.concatenate([np.empty(0), *(keys for _, keys in parts)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values[np.argsort(rows, kind="stable")]))


def _report(
    counts: Mapping[str, _Count],
    weights: Mapping[str, float],
    shares: Mapping[str, float],
    targets: Mapping[str, int],
    schedules: Mapping[str, Schedule],
) -> pa.Table:
    names = sorted({*counts, *weights})
    available = [counts[name].tokens if name in counts else 0 for name in names]
    epochs = [schedules[name].epochs if name in schedules else 0.0 for name in names]
    sampled = [round(n * tokens) for n, tokens in zip(epochs, available, strict=True)]
    columns: dict[str, Any] = {
        "source": pa.array(names, pa.string()),
        "weight": pa.array([weights.get(name, 0.0) for name in names], pa.float64()),
        "weight_target": pa.array([shares.get(name, 0.0) for name in names], pa.float64()),
        "weight_realised": pa.array([tokens / max(sum(sampled), 1) for tokens in sampled], pa.float64()),
        "documents": pa.array([counts[name].documents if name in counts else 0 for name in names], pa.int64()),
        "tokens_available": pa.array(available, pa.int64()),
        "tokens_target": pa.array([targets.get(name, 0) for name in names], pa.int64()),
        "tokens_sampled": pa.array(sampled, pa.int64()),
        "epochs": pa.array(epochs, pa.float64()),
    }
    return pa.table(columns)
