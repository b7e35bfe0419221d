"""Pre-tokens are counted exactly, whatever the order, the batches, the number of counters and the memory."""

from __future__ import annotations

import io
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from curate.kernels.pretoken_counts import SCHEMA, PretokenCounts, merge_sorted

_SPLIT = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
#: A small alphabet, so that pre-tokens repeat; it has all classes of characters and lengths of UTF-8.
TEXTS = st.lists(st.one_of(st.text("ab é中😀 1!\n'st", max_size=60), st.text(max_size=20)), max_size=6)
#: Texts with a few thousand pre-tokens, some of them long.
MANY = [f"{n} {n * n} w{n:x} {'long' * (n % 9)}{n}" for n in range(9_000)]


def reference(texts: list[str]) -> dict[str, int]:
    """What `tokenizers` splits, counted in Python."""
    return dict(Counter(text[start:stop] for text in texts for _, (start, stop) in _SPLIT(text)))


def count(texts: list[str], **options) -> PretokenCounts:
    """A counter that has seen texts."""
    counts = PretokenCounts(**options)
    counts.add(pa.array(texts, pa.string()))
    return counts


def as_dict(counts: PretokenCounts) -> dict[str, int]:
    """What was counted; checks that pre-tokens are sorted by their bytes and occur once."""
    table = counts.to_table()
    assert table.schema == SCHEMA
    pretokens = table["pretoken"].to_pylist()
    assert pretokens == sorted(set(pretokens), key=str.encode)
    return dict(zip(pretokens, table["count"].to_pylist(), strict=True))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_same_counts_as_in_python(texts) -> None:
    """Any text gives the pre-tokens of `tokenizers`, as often as they occur."""
    assert as_dict(count(texts)) == reference(texts)


def test_same_counts_in_75_languages(shared_data) -> None:
    """Sentences of 75 languages in all scripts."""
    path = shared_data / "langid" / "sentences.jsonl.zst"
    lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(path.open("rb")), encoding="utf-8")
    texts = [json.loads(line)["text"] for line in islice(lines, 0, None, 5)]
    assert as_dict(count(texts)) == reference(texts)


def test_every_length_at_every_place() -> None:
    """Pre-tokens are told apart whatever their length, and found again at the very end of the data."""
    words = ["x" * size for size in range(1, 80)]
    words += ["y" * place + "z" + "y" * (39 - place) for place in range(40)]
    for word in words:
        assert as_dict(count([word, word])) == {word: 2}
    assert as_dict(count(words * 2)) == dict.fromkeys(words, 2)


def test_a_large_table() -> None:
    """The table and the arena grow while a single array is counted."""
    assert as_dict(count(MANY)) == reference(MANY)


def test_one_very_long_pretoken() -> None:
    """A pre-token of 10 MB is counted like any other, and apart from one that differs in the last byte."""
    run = "a" * 10_000_000
    assert as_dict(count([run, run + "b", run])) == {run: 2, run + "b": 1}


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_batches_and_counters_do_not_matter(texts, random, parts) -> None:
    """Shuffled, in slices of an array, counted by several counters and merged: the same table."""
    shuffled = random.sample(texts, len(texts))
    whole, merged = pa.array(shuffled, pa.large_string()), PretokenCounts()
    for part in range(parts):
        counts, begin = PretokenCounts(), part * len(texts) // parts
        counts.add(whole[begin : (part + 1) * len(texts) // parts])
        merged.merge(counts)
    assert merged.to_table() == count(texts).to_table()


def test_counters_in_threads() -> None:
    """Counters of their own for several threads at once."""
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(count, (MANY[part::4] for part in range(4))))
    for part in parts[1:]:
        parts[0].merge(part)
    assert parts[0].to_table() == count(MANY).to_table()


def test_spilling_gives_the_same(tmp_path: Path) -> None:
    """With a budget of one byte the table goes to disk whenever it is full, and the counts are those without."""
    expected = count(MANY * 2).to_table()
    counts = count(MANY * 2, spill=tmp_path, max_bytes=1)
    assert len(list(tmp_path.iterdir())) > 5
    assert counts.to_table() == expected
    counts.merge(count(MANY[:10]))
    twice = PretokenCounts(spill=tmp_path / "none")
    twice.merge(counts)
    assert twice.to_table() == count(MANY * 2 + MANY[:10]).to_table()


def test_the_budget_holds(tmp_path: Path) -> None:
    """The table takes no more than `max_bytes`; a pre-token that is longer is counted all the same."""
    counts = count(MANY, spill=tmp_path, max_bytes=500_000)
    assert 1 <= len(list(tmp_path.iterdir())) <= 5
    assert counts.nbytes <= 500_000
    counts.add(pa.array(["a" * 600_000, "zebra"]))
    assert as_dict(counts) == reference(MANY) | {"a" * 600_000: 1, "zebra": 1}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.text("abé", max_size=3), st.integers(1, 1 << 40)), max_size=4), st.integers(1, 5))
def test_sorted_runs_are_merged(runs, rows) -> None:
    """Runs in batches of any size add up, in order, to what a `Counter` has."""
    tables = [pa.table([list(run), list(run.values())], schema=SCHEMA).sort_by("pretoken") for run in runs]
    merged = pa.concat_tables(
        [SCHEMA.empty_table(), *merge_sorted([iter(table.to_batches(max_chunksize=rows)) for table in tables])]
    )
    expected = sum((Counter(run) for run in runs), Counter())
    assert merged["pretoken"].to_pylist() == sorted(expected)
    assert dict(zip(*merged.to_pydict().values(), strict=True)) == expected


def test_counts_have_64_bits() -> None:
    """Sums beyond 32 bits are exact."""
    table = pa.table([["a", "b"], [(1 << 40) + 1, 3]], schema=SCHEMA)
    counts = count(["a a"])
    counts.add_table(table)
    counts.add_table(table)
    assert as_dict(counts) == {" a": 1, "a": (1 << 41) + 3, "b": 6}


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["a", "", ""], ["", "a"]])
def test_empty_texts(texts: list[str]) -> None:
    """Empty texts, first, last or alone, have no pre-tokens."""
    assert as_dict(count(texts)) == reference(texts)


def test_a_slice_counts_only_itself() -> None:
    """Of an array with an offset only its own texts are read."""
    counts = PretokenCounts()
    counts.add(pa.array(["no", "yes", "no"])[1:2])
    assert as_dict(counts) == {"yes": 1}


def test_what_is_not_text_is_refused() -> None:
    """Nulls, offsets out of range and bytes that are not UTF-8 are refused before they are read."""
    offsets, invalid = pa.py_buffer(np.array([0, 1 << 30, 2], np.int32)), pa.py_buffer(b"\xff\xfe")
    for array in (
        pa.array(["a", None]),
        pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"ab")),
        pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 2], np.int32)), invalid),
    ):
        with pytest.raises(ValueError):
            PretokenCounts().add(array)


@pytest.mark.parametrize("rows", [[["a"], [0]], [["a"], [-1]], [[""], [1]], [["a"], [None]], [[None], [1]]])
def test_what_is_no_count_is_refused(rows) -> None:
    """A table of counts has pre-tokens that are not empty, and positive counts."""
    with pytest.raises(ValueError):
        PretokenCounts().add_table(pa.table(rows, names=SCHEMA.names))


def test_patterns_are_not_mixed() -> None:
    """Counts by two patterns are not added, and an unknown pattern is refused with those that there are."""
    with pytest.raises(ValueError, match="'gpt2' and 'llama3' cannot be added"):
        PretokenCounts().merge(PretokenCounts("llama3"))
    with pytest.raises(ValueError, match="no pattern 'gpt5'; there are gpt2, "):
        PretokenCounts("gpt5")
