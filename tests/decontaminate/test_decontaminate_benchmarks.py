"""Reading benchmark items: which texts count, and what is said of files that are wrong."""

from __future__ import annotations

import gzip
import json

import pytest
import zstandard

from curate.decontaminate import Decontaminate
from curate.decontaminate.benchmarks import read_benchmarks
from curate.errors import InputError


def _line(**item) -> bytes:
    return json.dumps(item).encode() + b"\n"


def test_plain_gzip_and_zstd_files_are_read(tmp_path) -> None:
    """The three kinds give the same items, sorted by the names of the files without suffixes."""
    content = _line(question="one") + b"\n" + _line(question="two")
    (tmp_path / "c.jsonl").write_bytes(content)
    (tmp_path / "b.x.jsonl.gz").write_bytes(gzip.compress(content[:16]) + gzip.compress(content[16:]))
    (tmp_path / "a.jsonl.zst").write_bytes(zstandard.compress(content))
    read = read_benchmarks([str(tmp_path / "c.*"), str(tmp_path / "*.jsonl*")], None)
    assert read.names == ["a", "b.x", "c"]
    assert read.texts == ["one", "two"] * 3
    assert read.ids == ["1", "3"] * 3
    assert read.benchmark == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    "items, ids",
    [
        ([{"task_id": "T/1"}, {"task_id": "T/2"}], ["T/1", "T/2"]),
        ([{"id": 7, "idx": 1}, {"id": 7, "idx": 2}], ["1", "2"]),
        ([{"id": "a"}, {}], ["1", "2"]),
    ],
    ids=["own", "first that is unique", "line numbers"],
)
def test_ids_are_the_items_own_if_they_are_unique(write_benchmark, items, ids) -> None:
    """An id field counts if every item has it and no two share its value; else the line number is the id."""
    path = write_benchmark(*({"question": "q"} | item for item in items))
    assert read_benchmarks([path], None).ids == ids


def test_questions_and_contexts_count_but_not_choices_and_answers(write_benchmark) -> None:
    """By default an item's texts are its question and context fields, each for itself, lists taken apart."""
    path = write_benchmark(
        {
            "answer": "a",
            "choices": ["b", "c"],
            "query": "Question: what?\nAnswer:",
            "context": "Passage: here",
            "gold": 1,
        },
        {"context_options": ["x", "y"], "continuation": "z", "question": None},
    )
    read = read_benchmarks([path], None)
    assert [text.strip() for text in read.texts] == ["here", "what?", "x", "y"]
    assert read.owners == [0, 0, 1, 1]


def test_prompt_labels_are_no_words(write_benchmark, prose) -> None:
    """A question of 8 words is found in a document though the item writes `Question:` before it."""
    stage = Decontaminate(benchmarks=write_benchmark("Question: one two three four five six seven eight?\nAnswer:"))
    assert stage(prose(500) + "one two three four five six seven eight" + prose(500)).scores["matches"] == 1


def test_fields_can_be_named_for_all_or_by_benchmark(write_benchmark) -> None:
    """A list serves every benchmark, a mapping the ones it names, and the others keep the default."""
    first = write_benchmark({"question": "q", "answer": {"text": ["r", "s"]}}, name="first")
    second = write_benchmark({"question": "t", "hint": "u"}, name="second")
    assert read_benchmarks([first, second], ["question", "hint"]).texts == ["q", "t", "u"]
    assert read_benchmarks([first, second], {"first": ["answer"]}).texts == ["r", "s", "t"]


def test_lone_surrogates_do_no_harm(tmp_path, prose) -> None:
    """JSON that spells half a character is read; the half is no word."""
    path = tmp_path / "quiz.jsonl"
    path.write_text('{"question": "one two three \\ud83d four five six seven eight"}\n')
    assert Decontaminate(benchmarks=str(path))(prose(500) + "one two three four five six seven eight").reason is None


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "quiz.jsonl: the benchmark file is empty"),
        (b"\n\n", "quiz.jsonl: the benchmark file is empty"),
        (_line(question="q") + b'{"question": \n', "quiz.jsonl:2: not JSON"),
        (_line(question="q") + b"[1, 2]\n", "quiz.jsonl:2: a JSON list; expected one JSON object"),
        (b"\xff\xfe\x00", "quiz.jsonl:1: not JSON"),
        (b"[" * 100_000, "quiz.jsonl:1: not JSON"),
        (b'{"question": ' + b"9" * 5000 + b"}", "quiz.jsonl:1: not JSON"),
        (_line(body="q", gold=1), "quiz.jsonl:1: the item has no field known to hold a question; it has body, gold"),
        (b"{}\n", "it has nothing. Name the field in 'fields'"),
        (_line(question=["q", 5]), "quiz.jsonl:1: field 'question' holds 5, which is no text"),
        (b'{"question": "' + b"a" * (1 << 24), "quiz.jsonl:1: the line is longer than 16777216 bytes"),
    ],
)
def test_bad_content_is_named_with_its_line(tmp_path, content, message) -> None:
    """Whatever is wrong inside a file is an error that says where and what was expected."""
    (tmp_path / "quiz.jsonl").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_benchmarks([str(tmp_path / "quiz.jsonl")], None)
    assert message in str(caught.value)


@pytest.mark.parametrize("suffix, compress", [("gz", gzip.compress), ("zst", zstandard.compress)])
def test_cut_off_and_foreign_files_are_named(tmp_path, suffix, compress) -> None:
    """A compressed file that ends early, or is not compressed, is an error and never read in part."""
    path = tmp_path / f"quiz.jsonl.{suffix}"
    whole = compress(b"".join(_line(question=f"question {n * n}") for n in range(2000)))
    for content in (whole[:-5], whole[: len(whole) // 2], b"plain text"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"quiz\.jsonl\.{suffix}:\d+: cannot read on .*is the file whole"):
            read_benchmarks([str(path)], None)


def test_missing_and_clashing_files_are_named(tmp_path, write_benchmark) -> None:
    """A pattern without a match, another kind of file, a folder and two benchmarks of one name are errors."""
    write_benchmark("q")
    (tmp_path / "notes.txt").write_text("no benchmark")
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "quiz.jsonl.gz").write_bytes(gzip.compress(_line(question="q")))
    for pattern, message in (
        ("none*.jsonl", "no benchmark file matches"),
        ("none.jsonl", "no benchmark file matches"),
        ("notes.txt", "expected a file named *.jsonl"),
        ("folder.jsonl", "expected a file named *.jsonl"),
        ("quiz*", "are both benchmark 'quiz'; rename one"),
    ):
        with pytest.raises(InputError) as caught:
            read_benchmarks([str(tmp_path / pattern)], None)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    "fields, message",
    [
        (["questoin"], "the item has none of the fields questoin; it has question"),
        (["question", "pasage"], "fields: no item of quiz has a field 'pasage'"),
        ({"quizz": ["question"]}, "fields: no benchmark is named 'quizz'; the files hold quiz"),
        ({"quiz": ["question", "hint"]}, "fields: no item of quiz has a field 'hint'"),
    ],
)
def test_misspelt_fields_are_named(write_benchmark, fields, message) -> None:
    """A field or benchmark that is nowhere in the files is an error, not silently nothing."""
    with pytest.raises(InputError) as caught:
        read_benchmarks([write_benchmark("q")], fields)
    assert message in str(caught.value)
