"""Parquet files and saved data sets: one document a row."""

from __future__ import annotations

import datetime
import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_files import losses, read, read_bytes, texts

from curate.errors import InputError
from curate.ingest import Quarantined, Record, Split, find_files, read_split
from curate.ingest.source import HubSource, ParquetSource

SOURCE = ParquetSource(paths="unused")


@pytest.fixture
def table() -> pa.Table:
    """1,000 rows with a text, a date and a nested column; row 3 has no text."""
    words = [None if row == 3 else f"Row {row}." for row in range(1000)]
    dates = [datetime.date(2020, 1, 1)] * 1000
    return pa.table({"text": words, "date": dates, "extra": [{"n": row} for row in range(1000)]})


def test_rows_become_records(tmp_path, table) -> None:
    """Offsets are row numbers, lengths 1; other columns go to meta; a row without text is quarantined."""
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    items = read(path, SOURCE)
    assert items[5] == Record("Row 5.", None, "2020-01-01", 5, 1, {"extra": {"n": 5}})
    assert len(texts(items)) == 999 and losses(items) == [(3, "no_text")]


@pytest.mark.parametrize("cuts", [[1], [4], [5000], [300, 301, 9000], list(range(0, 20_000, 500))])
def test_any_cuts_give_the_whole_file(tmp_path, table, cuts) -> None:
    """A row group belongs to the split in which it begins."""
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=90)
    assert read(path, SOURCE, cuts) == read(path, SOURCE)


def test_damage_costs_one_row_group(tmp_path, table) -> None:
    """A page whose checksum does not agree costs its row group, and the loss says how many rows."""
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=250, write_page_checksum=True, compression="none", use_dictionary=False)
    data = bytearray(path.read_bytes())
    at = data.index(b"Row 600.")
    data[at] ^= 1
    items = read_bytes(tmp_path, bytes(data), "b.parquet", SOURCE)
    (lost,) = (item for item in items if isinstance(item, Quarantined) and item.reason == "corrupt_parquet")
    assert lost.offset == 500 and "250 rows" in lost.detail
    assert len(texts(items)) == 749 and texts(items)[-1] == "Row 999."


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty_file"), (b"no parquet at all", "not_parquet")])
def test_files_that_are_none(tmp_path, data, reason) -> None:
    """They are one loss."""
    assert losses(read_bytes(tmp_path, data, "a.parquet", SOURCE)) == [(0, reason)]


def test_truncated_parquet_is_one_loss(tmp_path, table) -> None:
    """Without its footer a file tells nothing, whatever the split."""
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    data = path.read_bytes()
    assert losses(read_bytes(tmp_path, data[:-100], "b.parquet", SOURCE, cuts=[500, 900])) == [(0, "not_parquet")]


def test_binary_columns_and_strings_that_are_not_utf8(tmp_path) -> None:
    """Bytes are decoded; what does not fit becomes U+FFFD and nothing raises."""
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffb")])
    pq.write_table(pa.table({"text": bad}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": pa.array([b"bytes"]), "id": [b"\xff"]}), tmp_path / "b.parquet")
    assert texts(read(tmp_path / "a.parquet", SOURCE)) == ["a\ufffdb"]
    (item,) = read(tmp_path / "b.parquet", SOURCE)
    assert (item.text, item.meta) == ("bytes", {"id": "\ufffd"})


def test_a_saved_data_set(tmp_path) -> None:
    """Rows of `save_to_disk` are read without the library; offsets are rows of their file."""
    rows = [{"text": f"Row {row}.", "label": row} for row in range(50)]
    datasets.Dataset.from_list(rows).save_to_disk(str(tmp_path / "saved"), num_shards=2)
    _, files = find_files([str(tmp_path / "saved")])
    items = [
        item
        for file in files
        for item in read_split(HubSource(paths="x"), Split(file.path, file.name, 0, file.size, file.size))
    ]
    assert texts(items) == [row["text"] for row in rows]
    assert [item.offset for item in items] == [*range(25), *range(25)]
    assert items[7].meta == {"label": 7}


def test_a_damaged_arrow_file(tmp_path) -> None:
    """A cut file keeps its complete batches; one that is none is one loss."""
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file:
        batches = [pa.record_batch({"text": [f"Row {row}."]}) for row in range(20)]
        with pa.ipc.new_stream(file, batches[0].schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
    data = (tmp_path / "a.arrow").read_bytes()
    items = read_bytes(tmp_path, data[: len(data) // 2], "b.arrow", HubSource(paths="x"))
    assert texts(items) == [f"Row {row}." for row in range(len(texts(items)))] and len(texts(items)) > 5
    assert losses(items) == [(len(texts(items)), "corrupt_arrow")]
    assert losses(read_bytes(tmp_path, b"nothing", "c.arrow", HubSource(paths="x"))) == [(0, "not_arrow")]


def test_hf_names_are_loaded_by_the_library(tmp_path) -> None:
    """`hf://` with a folder, which the library takes for a name as well, streams its rows."""
    (tmp_path / "train.jsonl").write_text("".join(json.dumps({"text": f"Row {row}."}) + "\n" for row in range(3)))
    _, (file,) = find_files([f"hf://{tmp_path}"])
    split = Split(file.path, file.name, 0, file.size, file.size)
    assert texts(read_split(HubSource(paths="x"), split)) == ["Row 0.", "Row 1.", "Row 2."]
    with pytest.raises(InputError, match="split 'validation'"):
        list(read_split(HubSource(paths="x", split="validation"), split))
