"""Bytes per token of each source."""

from __future__ import annotations

import pyarrow as pa

from curate.documents import Documents
from curate.tokenize import TrainTokenizer, bytes_per_token


def test_report_sums_each_source():
    """Sources come by name, with exact sums of the stage's columns, however they are batched."""
    said = TrainTokenizer(vocab_size=300)(pa.array(["the cat the cat", "the dog", "xyzzy"]))
    index = pa.table(
        {
            "source": ["b", "b", "a"],
            "tokens": said["tokens"],
            "text_bytes": said["text_bytes"],
        }
    )
    rows = {row["source"]: row for row in bytes_per_token([index[:1], index[1:]]).to_pylist()}
    assert list(rows) == ["a", "b"]
    tokens = said["tokens"].to_pylist()
    assert rows["b"] == {
        "source": "b",
        "documents": 2,
        "text_bytes": 22,
        "tokens": tokens[0] + tokens[1],
        "bytes_per_token": 22 / (tokens[0] + tokens[1]),
    }


def test_no_documents_give_no_rows():
    """An empty corpus has an empty report with every column."""
    empty = Documents.from_texts([])
    index = pa.table(
        {"source": empty.source, "tokens": pa.array([], pa.int64()), "text_bytes": pa.array([], pa.int64())}
    )
    report = bytes_per_token([index])
    assert report.num_rows == 0
    assert report.column_names == ["source", "documents", "text_bytes", "tokens", "bytes_per_token"]
