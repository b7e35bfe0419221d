"""The whole recipe on real crawls and corpora."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate import run
from curate.runner import RunResult

ROOT = Path(__file__).parents[1]


def options(data: Path) -> dict[str, tuple[str, ...]]:
    """The recipe's sources and benchmarks, taken from the shared data."""
    text = data / "text"
    return {
        "source_paths": (
            f"common_crawl={data}/crawl/*.warc.gz",
            f"webtext2={text}/news-bbc.jsonl.zst",
            f"books1={text}/books.jsonl.zst",
            f"books2={text}/reviews-imdb.jsonl.zst",
            f"wikipedia={text}/wikipedia-en.jsonl.zst",
        ),
        "overrides": (f"stages.decontaminate.benchmarks={data}/evals/*.jsonl.gz",),
    }


@pytest.fixture(scope="module")
def real_run(shared_data, tmp_path_factory) -> RunResult:
    """The GPT-3 recipe over the shared crawls."""
    output = tmp_path_factory.mktemp("real") / "run"
    return run(ROOT / "pipelines" / "gpt3_mix.yaml", output=output, workers=2, **options(shared_data))


@pytest.mark.slow
def test_the_recipe_runs_within_its_memory(real_run) -> None:
    """Every stage ran, and no process took more than 1.5 GB."""
    assert len(real_run.funnel.stages()) == 7
    assert 0 < real_run.peak_memory_bytes < 1.5e9


@pytest.mark.slow
def test_real_records_are_all_accounted_for(real_run) -> None:
    """Of 2,378 pages and 7,381 texts each is a document or in the quarantine."""
    assert real_run.funnel.count("ingest", "documents", "quarantined")[0] == 2378 + 3270 + 41 + 1101 + 2969
    assert real_run.funnel.count("ingest", "skipped")[0] == 6  # a warcinfo in each archive


@pytest.mark.slow
def test_real_tokens_are_all_accounted_for(real_run) -> None:
    """The mixture stays within its weights, and the tokens written and dropped are those that it took."""
    import json

    rows = pq.read_table(real_run.path / "reports" / "mixture.parquet").to_pylist()
    manifest = json.loads((real_run.path / "tokens" / "manifest.json").read_text())
    assert len(rows) == 5
    assert abs(sum(row["weight_realised"] for row in rows) - 1) < 1e-9
    assert all(row["epochs"] <= 3.5 + 1e-9 for row in rows)
    assert sum(row["tokens_sampled"] for row in rows) == manifest["tokens"] + manifest["tail_tokens_dropped"]
