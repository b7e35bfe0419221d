"""Real benchmarks and real text."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from curate.decontaminate import Decontaminate
from curate.decontaminate.benchmarks import read_benchmarks
from curate.documents import Documents


@pytest.fixture(scope="module")
def news(shared_data) -> list[str]:
    """1,101 news stories."""
    with io.BufferedReader(pa.input_stream(str(shared_data / "text" / "news-bbc.jsonl.zst"))) as file:
        return [json.loads(line)["text"] for line in file]


@pytest.mark.slow
def test_leaks_of_every_benchmark_are_found_and_clean_news_is_untouched(shared_data, news, tmp_path) -> None:
    """One text in 50 of 17 benchmarks, each put into a story: all are found, and no story without one changes."""
    pattern = str(shared_data / "evals" / "*.jsonl.gz")
    benchmarks = read_benchmarks([pattern], None)
    stage = Decontaminate(benchmarks=pattern, max_document_count=None)
    leaks = dict(zip(benchmarks.owners[::50], benchmarks.texts[::50], strict=True))
    stories = [news[n % len(news)] + "\n\n" + text + "\n\n" + news[-n] for n, text in enumerate(leaks.values())]
    docs = Documents.from_texts(stories + news)
    stage.fit(docs, tmp_path)
    matches = stage.annotate(docs).columns["matches"].to_pylist()
    assert not any(matches[len(stories) :])

    items = pq.read_table(tmp_path / "reports" / "benchmark_items.parquet")
    status = items["status"].take(pa.array(leaks)).to_pylist()
    assert {"dirty", "too_short"} >= set(status) and status.count("dirty") > 500
    assert all(bool(count) == (one == "dirty") for count, one in zip(matches, status, strict=False))


@pytest.mark.slow
def test_items_add_up(shared_data, news, tmp_path) -> None:
    """Every item of every benchmark is dirty, clean or too short, and the benchmarks' counts are those of the items."""
    stage = Decontaminate(benchmarks=str(shared_data / "evals" / "*.jsonl.gz"))
    stage.fit(Documents.from_texts(news[:100]), tmp_path)
    benchmarks = pq.read_table(tmp_path / "reports" / "benchmarks.parquet")
    assert benchmarks.num_rows == 17
    assert pc.sum(benchmarks["items"]).as_py() == 37_453
    for row in benchmarks.to_pylist():
        assert row["items"] == row["dirty"] + row["clean"] + row["too_short"]
        assert row["checkable"] == row["items"] - row["too_short"]
