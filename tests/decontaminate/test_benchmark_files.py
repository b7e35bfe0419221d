"""Benchmark files: what is read from them, and what is said of files that are wrong."""

from __future__ import annotations

import gzip
import json

import pytest
import zstandard

from curate.decontaminate import Decontaminate
from curate.decontaminate.benchmarks import read_benchmarks
from curate.errors import InputError


def test_items_ids_and_texts(tmp_path) -> None:
    """Items keep their own ids, else line numbers; names are files without suffixes; compressed files are read."""
    items = [
        {"id": "a", "question": "first", "answer": "left out"},
        {"id": "b", "context": "second", "question": "third"},
    ]
    lines = "".join(json.dumps(item) + "\n" for item in items).encode()
    (tmp_path / "plain.jsonl").write_bytes(lines)
    (tmp_path / "zipped.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "packed.jsonl.zst").write_bytes(zstandard.compress(b'{"prompt": "fourth"}\n\n{"prompt": "fifth"}\n'))
    read = read_benchmarks([str(tmp_path / "*.jsonl*")], None)
    assert read.names == ["packed", "plain", "zipped"]
    assert read.ids == ["1", "3", "a", "b", "a", "b"]
    assert read.texts[:2] == ["fourth", "fifth"]
    assert sorted(read.texts[2:5]) == ["first", "second", "third"]


def test_fields_can_be_chosen_for_each_benchmark(write_benchmark) -> None:
    """Named fields replace the usual ones, for all benchmarks or for one."""
    path = write_benchmark({"question": "asked", "hint": "given"})
    assert read_benchmarks([path], ["hint"]).texts == ["given"]
    assert read_benchmarks([path], {"quiz": ["question", "hint"]}).texts == ["asked", "given"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b'{"question": "x"}\n{not json\n', "quiz.jsonl:2: not JSON"),
        (b"[1, 2]\n", "quiz.jsonl:1: a JSON list"),
        (b'{"title": "x"}\n', "quiz.jsonl:1: the item has no field known"),
        (b'{"question": 7}\n', "which is no text"),
        (b'{"question": "\xff"}\n', "quiz.jsonl:1: not JSON"),
    ],
)
def test_wrong_files_are_named_with_the_line(tmp_path, content: bytes, words: str) -> None:
    """A benchmark that cannot be used stops the run with file, line and what was expected."""
    (tmp_path / "quiz.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=words):
        Decontaminate(benchmarks=str(tmp_path / "quiz.jsonl"))("some text")


def test_a_cut_off_file_is_an_error(tmp_path) -> None:
    """A truncated gzip file is not taken for a shorter benchmark."""
    whole = gzip.compress(b"".join(b'{"question": "number %d"}\n' % n for n in range(2000)))
    (tmp_path / "quiz.jsonl.gz").write_bytes(whole[:-100])
    with pytest.raises(InputError, match="is the file whole"):
        read_benchmarks([str(tmp_path / "quiz.jsonl.gz")], None)


@pytest.mark.parametrize(
    ("patterns", "fields", "words"),
    [
        (["none*.jsonl"], None, "no benchmark file matches"),
        (["{folder}/quiz.jsonl"], ["questoin"], "field 'questoin'|none of the fields"),
        (["{folder}/quiz.jsonl"], {"quizz": ["question"]}, "no benchmark is named 'quizz'"),
    ],
)
def test_wrong_parameters_are_explained(write_benchmark, tmp_path, patterns, fields, words) -> None:
    """A pattern without a file, and fields or benchmarks that do not exist, are named."""
    write_benchmark("a question")
    with pytest.raises(InputError, match=words):
        read_benchmarks([pattern.format(folder=tmp_path) for pattern in patterns], fields)


@pytest.mark.slow
def test_real_benchmarks_leave_real_text_alone(shared_data) -> None:
    """Against 35,000 real items, fewer than 1 in 200 real news stories and reviews has a match."""
    import io

    stage = Decontaminate(benchmarks=str(shared_data / "evals" / "*.jsonl.gz"))
    texts = []
    for name in ("news-bbc", "reviews-imdb"):
        with (shared_data / "text" / f"{name}.jsonl.zst").open("rb") as file:
            stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
            texts += [json.loads(line)["text"] for line in stream]
    verdicts = stage(texts)
    assert sum(verdict.scores["matches"] > 0 for verdict in verdicts) < len(texts) / 200
    assert all(
        verdict.pieces == (text,)
        for verdict, text in zip(verdicts, texts, strict=True)
        if verdict.scores["matches"] == 0
    )
