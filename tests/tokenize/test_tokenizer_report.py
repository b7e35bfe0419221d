"""Bytes per token of each source."""

from __future__ import annotations

from collections import Counter

import pyarrow.parquet as pq

from curate.tokenize.report import bytes_per_token


def test_the_report_of_a_run_is_the_sum_over_its_documents(finished) -> None:
    """What the parts counted as they were encoded is what their documents and annotations say, source by source."""
    expected: Counter[tuple[str, str]] = Counter()
    for path in sorted((finished / "documents").glob("*.parquet")):
        [annotations] = finished.glob(f"stages/*_tokenizer-*/{path.name}")
        sources = pq.read_table(path, columns=["source"])["source"].to_pylist()
        for source, said in zip(sources, pq.read_table(annotations).to_pylist(), strict=True):
            if said["keep"]:
                expected[source, "documents"] += 1
                expected[source, "tokens"] += said["tokens"]
                expected[source, "text_bytes"] += said["text_bytes"]
    report = pq.read_table(finished / "reports" / "tokenizer.parquet").to_pylist()
    assert len(report) > 1
    for row in report:
        source = row.pop("source")
        assert row.pop("bytes_per_token") == row["text_bytes"] / row["tokens"]
        assert row == {name: expected[source, name] for name in row}
    assert [source for source, name in sorted(expected) if name == "tokens"] == sorted({key[0] for key in expected})


def test_no_documents_give_no_rows():
    """An empty corpus has an empty report with every column."""
    report = bytes_per_token([])
    assert report.num_rows == 0
    assert report.column_names == ["source", "documents", "text_bytes", "tokens", "bytes_per_token"]
