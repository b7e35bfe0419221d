"""The reports: which document holds which item, and which items are clean."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.decontaminate import Decontaminate
from curate.documents import Documents


def _fit(stage: Decontaminate, texts: list[str], state) -> tuple[list[dict], dict, dict]:
    """The contamination rows, and the two reports of the state by item and by benchmark."""
    docs = Documents.from_texts(texts, source="web")
    stage.fit(docs, state)
    items = pq.read_table(state / "reports" / "benchmark_items.parquet").to_pylist()
    benchmarks = pq.read_table(state / "reports" / "benchmarks.parquet").to_pylist()
    rows = stage.annotate(docs).tables["contamination"].to_pylist()
    return rows, {(row["benchmark"], row["item"]): row for row in items}, {row["benchmark"]: row for row in benchmarks}


def test_a_span_is_reported_for_each_item_in_it(write_benchmark, leak, prose, tmp_path) -> None:
    """An n-gram of several items and benchmarks gives a row for each, with its own first n-gram and count."""
    words = leak(40).split()
    first = write_benchmark(
        {"id": "a", "question": leak(20)}, {"id": "b", "question": " ".join(words[5:40])}, name="one"
    )
    second = write_benchmark(leak(13), "nothing of this item is in any document", name="two")
    before = "é" * 300 + ". "
    text = before + leak(30).upper().replace(" ", " - ") + prose(300)
    rows, _, _ = _fit(Decontaminate(benchmarks=[first, second]), [prose(400), text], tmp_path)
    document = Documents.from_texts([text]).id[0].as_py().hex()
    start, stop = len(before.encode()), len((before + leak(30).replace(" ", " - ")).encode())
    common = {"document": document, "source": "web", "start": start, "stop": stop}
    assert rows == [
        common | {"benchmark": "one", "item": "a", "ngram": leak(13), "ngrams": 8},
        common | {"benchmark": "one", "item": "b", "ngram": " ".join(words[5:18]), "ngrams": 13},
        common | {"benchmark": "two", "item": "1", "ngram": leak(13), "ngrams": 1},
    ]


def test_dropped_documents_are_reported_too(write_benchmark, leak, tmp_path) -> None:
    """A document of which nothing is left still says which item it held."""
    rows, _, _ = _fit(Decontaminate(benchmarks=write_benchmark(leak(20))), [leak(20)], tmp_path)
    assert [(row["item"], row["ngrams"]) for row in rows] == [("1", 8)]


def test_items_are_dirty_clean_or_too_short(write_benchmark, leak, prose, tmp_path) -> None:
    """Each item has a status; a benchmark's statuses add up; counts are of documents."""
    words = leak(99).split()
    questions = [leak(14), " ".join(words[20:40]), "too short to check", " ".join(words[50:59])]
    other = write_benchmark("another question nobody has ever asked on any page", name="other")
    stage = Decontaminate(benchmarks=[write_benchmark(*questions), other])
    texts = [prose(300) + leak(13) + prose(300) + leak(14) + prose(300 + n) for n in range(3)]
    texts += [prose(300) + questions[3] + prose(300)]
    _, items, benchmarks = _fit(stage, texts, tmp_path)
    common = {"benchmark": "quiz", "ignored_ngrams": 0}
    assert [items["quiz", str(n)] for n in range(1, 5)] == [
        common | {"item": "1", "status": "dirty", "documents": 3, "ngrams_found": 2},
        common | {"item": "2", "status": "clean", "documents": 0, "ngrams_found": 0},
        common | {"item": "3", "status": "too_short", "documents": 0, "ngrams_found": 0},
        common | {"item": "4", "status": "dirty", "documents": 1, "ngrams_found": 1},
    ]
    counts = {"items": 4, "checkable": 3, "dirty": 2, "clean": 1, "too_short": 1, "ngrams": 11, "ignored_ngrams": 0}
    assert benchmarks["quiz"] == {"benchmark": "quiz"} | counts
    assert benchmarks["other"]["clean"] == 1


def test_an_item_with_only_common_ngrams_is_clean(write_benchmark, leak, prose, tmp_path) -> None:
    """N-grams that are ignored make no item dirty, and the reports say how many they are and in how many documents."""
    stage = Decontaminate(benchmarks=write_benchmark(leak(20), leak(13)))
    texts = [prose(300) + leak(13) + prose(300 + n) for n in range(11)] + [leak(20) + prose(500)]
    rows, items, benchmarks = _fit(stage, texts, tmp_path)
    found = {item: (row["status"], row["ngrams_found"], row["ignored_ngrams"]) for (_, item), row in items.items()}
    assert found == {"1": ("dirty", 8, 1), "2": ("clean", 1, 1)}
    assert [row["documents"] for row in items.values()] == [12, 12]
    assert benchmarks["quiz"]["ignored_ngrams"] == 1
    assert [(row["item"], row["ngrams"]) for row in rows] == [("1", 7)]


def _batches(texts: list[str], size: int) -> list[Documents]:
    batch = Documents.from_texts(texts).batch
    return [Documents(batch.slice(start, size)) for start in range(0, len(batch), size)]


@pytest.mark.parametrize("size", [1, 3, 7, 40])
def test_same_answer_for_any_batches_and_parts(write_benchmark, leak, prose, tmp_path, size) -> None:
    """Counts, reports, cuts and columns do not depend on how documents are divided, or in which order parts come."""
    stage = Decontaminate(benchmarks=write_benchmark(leak(20), " ".join(leak(60).split()[30:]), leak(9)), max_cuts=3)
    texts = [prose(300 + n) + leak(n % 25) + prose(250) + leak(9) * (n % 11 == 0) + prose(n) for n in range(40)]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    stage.fit(Documents.from_texts(texts), whole)
    expected = stage.annotate(Documents.from_texts(texts))
    for one in stage.rounds():
        summaries = [one.summarize(docs) for docs in reversed(_batches(texts, size))] if one.summarize else []
        one.conclude(None, summaries, parts)
        stage.load(parts)
    said = [stage.annotate(docs) for docs in _batches(texts, size)]
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert all((whole / path).read_bytes() == (parts / path).read_bytes() for path in files) and len(files) == 10
    assert pa.concat_arrays([one.cuts for one in said]).equals(expected.cuts)
    assert pa.concat_arrays([one.reason for one in said]).equals(expected.reason)
    assert pa.concat_tables([one.tables["contamination"] for one in said]).equals(expected.tables["contamination"])
    for name, column in expected.columns.items():
        assert pa.concat_arrays([one.columns[name] for one in said]).equals(column)


def test_an_empty_batch_has_all_columns(write_benchmark, leak, tmp_path) -> None:
    """A batch without documents gets empty columns and tables of the same types as any other."""
    stage = Decontaminate(benchmarks=write_benchmark(leak(20)))
    stage.fit(Documents.from_texts([leak(20), "clean"]), tmp_path)
    full, empty = stage.annotate(Documents.from_texts([leak(20)])), stage.annotate(Documents.from_texts([]))
    assert empty.cuts.type == full.cuts.type and len(empty.cuts) == 0
    assert {name: column.type for name, column in empty.columns.items()} == {
        name: column.type for name, column in full.columns.items()
    }
    assert empty.tables["contamination"].schema == full.tables["contamination"].schema
