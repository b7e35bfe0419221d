"""The stage: annotations, its report, its messages, and the same answer in any batches."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from curate.corpus import MemoryCorpus
from curate.documents import Documents
from curate.errors import InputError
from curate.mix import Mix
from curate.stage import annotation_table

TOKENS = "train_tokenizer.tokens"


def corpus(seed: int = 1, **documents: int) -> Documents:
    """Documents of named sources in mixed order, with token counts as a tokenizer stage leaves them."""
    rng = np.random.default_rng(seed)
    sources = rng.permutation(np.repeat(list(documents), list(documents.values())))
    ids = [rng.bytes(16) for _ in sources]
    columns = {"id": pa.array(ids, pa.binary(16)), "source": pa.array(sources.tolist(), pa.string())}
    batch = pa.RecordBatch.from_pydict(columns | {"text": pa.array([""] * len(ids))})
    return Documents(batch, {TOKENS: pa.array(rng.integers(1, 200, len(ids)))})


def run(stage: Mix, docs: Documents, state: Path) -> tuple[pa.Table, dict[str, dict]]:
    """The stage's annotations beside the sources, and its report by source."""
    stage.fit(docs, state)
    report = pq.read_table(state / "reports" / "mixture.parquet")
    said = annotation_table(stage.annotate(docs)).append_column("source", docs.source)
    return said.append_column("tokens", docs.scores[TOKENS]), {row["source"]: row for row in report.to_pylist()}


def test_report_agrees_with_the_annotations(tmp_path: Path):
    """Tokens sampled, epochs and weights in the report are those of the copies that annotate hands out."""
    said, report = run(
        Mix(weights={"web": 70, "books": 20, "wiki": 10}, max_epochs=2.5), corpus(web=400, books=90, wiki=30), tmp_path
    )
    assert sorted(report) == ["books", "web", "wiki"]
    total = sum(row["tokens_sampled"] for row in report.values())
    for source, row in report.items():
        mine = said.filter(pa.compute.equal(said["source"], source))
        tokens, copies = np.asarray(mine["tokens"]), np.asarray(mine["epochs"])
        assert row["documents"] == len(tokens) and row["tokens_available"] == tokens.sum()
        assert row["tokens_sampled"] == copies @ tokens and row["epochs"] == pytest.approx(
            copies @ tokens / tokens.sum()
        )
        assert abs(row["tokens_sampled"] - row["tokens_target"]) <= 200
        assert row["weight_realised"] == pytest.approx(row["tokens_sampled"] / total)
        assert row["weight_realised"] == pytest.approx(row["weight_target"], abs=0.01)
        assert row["epochs"] <= 2.5
    assert max(row["epochs"] for row in report.values()) > 2.4


def test_columns_and_reasons(tmp_path: Path):
    """Positions are as many as epochs; documents without a copy, or of a source without weight, are dropped."""
    stage = Mix(weights={"web": 1, "off": 0}, tokens=2_000)
    said, report = run(stage, corpus(web=60, off=5, other=5), tmp_path)
    assert (
        said.schema.field("positions").type == pa.list_(pa.float64()) and said.schema.field("epochs").type == pa.int32()
    )
    for row in said.to_pylist():
        assert len(row["positions"]) == row["epochs"] and row["keep"] == (row["epochs"] > 0)
        expected = None if row["keep"] else "not_sampled" if row["source"] == "web" else "no_weight"
        assert row["reason"] == expected
    assert 0 < sum(said["keep"].to_pylist()) < 60
    assert (report["off"]["tokens_sampled"], report["other"]["weight"], report["other"]["documents"]) == (0, 0.0, 5)


def test_parts_and_batches_do_not_matter(tmp_path: Path):
    """Summaries of parts, their order, and the batches of annotate leave every position the same."""
    docs = corpus(web=200, books=50)
    stage = Mix(weights={"web": 0.5, "books": 0.5}, max_epochs=3, seed=4)
    whole, _ = run(stage, docs, tmp_path)
    masks = [np.arange(len(docs)) % 3 == part for part in (2, 0, 1)]
    step = stage.rounds()[0]
    (tmp_path / "parts").mkdir()
    step.conclude(MemoryCorpus(docs), [step.summarize(docs.filter(mask)) for mask in masks], tmp_path / "parts")
    for file in ("mixture.json", "reports/mixture.parquet"):
        assert (tmp_path / "parts" / file).read_bytes() == (tmp_path / file).read_bytes()
    for mask in masks:
        part = annotation_table(stage.annotate(docs.filter(mask)))
        assert part.to_pylist() == whole.select(part.column_names).filter(pa.array(mask)).to_pylist()


def test_seed_changes_the_order_and_not_the_amounts(tmp_path: Path):
    """Another seed gives other positions and the same targets."""
    docs = corpus(web=100)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    said_a, report_a = run(Mix(weights={"web": 1}, seed=1), docs, tmp_path / "a")
    said_b, report_b = run(Mix(weights={"web": 1}, seed=2), docs, tmp_path / "b")
    assert said_a["positions"] != said_b["positions"] and report_a == report_b


def test_auto_reads_every_source_at_most_once_by_default(tmp_path: Path):
    """Without max_epochs, auto repeats nothing and reads the scarcest source whole."""
    said, report = run(Mix(weights={"web": 50, "books": 50}), corpus(web=300, books=40), tmp_path)
    assert max(said["epochs"].to_pylist()) == 1 and report["books"]["epochs"] == 1.0


def test_weights_that_do_not_sum_are_normalised_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """GPT-3's sum to 101; 100 and 1 pass silently."""
    docs = corpus(a=20, b=20)
    for weights, warns in (({"a": 60, "b": 41}, True), ({"a": 60, "b": 40}, False), ({"a": 0.6, "b": 0.4}, False)):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "curate"):
            _, report = run(Mix(weights=weights), docs, tmp_path)
        assert ("weights sum to 101" in caplog.text) == warns
        assert sum(row["weight_target"] for row in report.values()) == pytest.approx(1)


def test_sources_without_weight_are_named_in_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Forgetting a source is told; giving it weight 0 is silent."""
    docs = corpus(a=20, b=20)
    with caplog.at_level(logging.WARNING, "curate"):
        run(Mix(weights={"a": 1}), docs, tmp_path)
    assert "source 'b' has no weight" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, "curate"):
        run(Mix(weights={"a": 1, "b": 0}), docs, tmp_path)
    assert caplog.text == ""


def test_a_budget_beyond_all_caps_shrinks_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """The run goes on with what there is."""
    docs = corpus(a=20)
    with caplog.at_level(logging.WARNING, "curate"):
        _, report = run(Mix(weights={"a": 1}, tokens=10**9, max_epochs=2), docs, tmp_path)
    assert "every source reaches max_epochs=2" in caplog.text and report["a"]["epochs"] == 2.0


def test_a_weighted_source_without_documents_is_an_error(tmp_path: Path):
    """The message names the source, those that are left, and what to do."""
    with pytest.raises(InputError, match=r"source 'books' has weight 30 but no document.*Left are: web.*weight 0"):
        run(Mix(weights={"web": 70, "books": 30}), corpus(web=5), tmp_path)


def test_a_budget_of_thousands_of_epochs_is_an_error(tmp_path: Path):
    """A budget meant for a large corpus does not fill the disk with copies of a small one."""
    with pytest.raises(InputError, match=r"mix: 300000000000 tokens of 'a'.*epochs.*max_epochs"):
        run(Mix(weights={"a": 1}, tokens=300e9), corpus(a=5), tmp_path)


def test_a_corpus_without_tokens_is_an_error():
    """Mixing before a tokenizer stage says what is missing."""
    with pytest.raises(InputError, match="Put train_tokenizer or load_tokenizer before it"):
        Mix(weights={"text": 1})("some text")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"weights": {}}, "no source has a weight above 0"),
        ({"weights": {"a": 0}}, "no source has a weight above 0"),
        ({"weights": {"a": -1}}, "greater than or equal to 0"),
        ({"weights": {"a": float("inf")}}, "finite"),
        ({"weights": {"a": 1}, "tokens": 0}, "greater than or equal to 1"),
        ({"weights": {"a": 1}, "max_epochs": 0}, "greater than 0"),
    ],
)
def test_parameters_are_checked(fields: dict, message: str):
    """Weights are finite and at least one is above 0; budgets and caps are above 0."""
    with pytest.raises(ValidationError, match=message):
        Mix(**fields)
