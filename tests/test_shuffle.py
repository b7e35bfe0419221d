"""The shuffle by key range: every row in one range, none too large, the same answer for any division."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.corpus import Corpus, MemoryCorpus
from curate.documents import Documents
from curate.errors import ResourceError
from curate.local_rounds import FolderTables, run_rounds
from curate.shuffle import Gathered, KeyRange, Reduced, cut_slots, divide
from curate.stage import Annotations, CorpusStage, Round
from curate.stored_table import MemoryTable, TableFile
from curate.tables import write_parquet, write_tables


class WordCount(CorpusStage):
    """Counts in how many documents each word is: a shuffle by the hash of the word."""

    name = "word_count"

    def rounds(self) -> Sequence[Round]:
        """Words and their hashes by part; their counts by range; one sorted table."""
        return [Round("count", self._write, self._words, reduce=self._count)]

    def load(self, state: Path) -> None:
        """Nothing to load."""

    def annotate(self, docs: Documents) -> Annotations:
        """Keep all."""
        return Annotations.of_rules({}, len(docs))

    def _words(self, docs: Documents) -> pa.Table:
        words = [word for text in docs.text.to_pylist() for word in sorted(set(text.split()))]
        keys = [int.from_bytes(word.encode().ljust(8)[:8], "big") * 0x9E3779B97F4A7C15 % 2**64 for word in words]
        return pa.table({"key": pa.array(keys, pa.uint64()), "word": pa.array(words, pa.string())})

    def _count(self, corpus: Corpus, keys: KeyRange) -> Reduced:
        return {"counts": keys.table().group_by("word").aggregate([("word", "count")])}

    def _write(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        counts = pa.concat_tables([file.table() for file in corpus.tables.reduced("count", "counts")])
        write_parquet(state / "counts.parquet", counts.sort_by("word"))


def _count_words(folder: Path, texts: list[str], parts: int, slots: int, max_memory_bytes: int) -> tuple[bytes, int]:
    """The file that the stage concludes, and the number of ranges it took."""
    folder.mkdir()
    split = [Documents.from_texts([texts[at] for at in part]) for part in np.array_split(range(len(texts)), parts)]
    tables = FolderTables(folder, parts)
    corpus = MemoryCorpus(*split, tables=tables)
    corpus.max_memory_bytes = max_memory_bytes
    run_rounds(WordCount(), corpus, tables, folder / "state", slots)
    return (folder / "state" / "counts.parquet").read_bytes(), len(tables.edges["count"]) - 1


def test_any_number_of_ranges_gives_the_same_bytes(tmp_path) -> None:
    """One range or dozens, one part or seven: the same file, and the counts are right."""
    draw = np.random.default_rng(0)
    texts = [" ".join(f"w{word}" for word in draw.integers(0, 3000, 40)) for _ in range(300)]
    whole, ranges = _count_words(tmp_path / "a", texts, 1, 1, 2**31)
    assert ranges == 1
    cut, ranges = _count_words(tmp_path / "b", texts, 7, 64, 50_000)
    assert ranges > 10
    assert cut == whole
    expected = Counter(word for text in texts for word in set(text.split()))
    (tmp_path / "c.parquet").write_bytes(whole)
    counted = pa.parquet.read_table(tmp_path / "c.parquet").to_pylist()
    assert {row["word"]: row["word_count"] for row in counted} == expected


@settings(deadline=None)  # the loop may have to be compiled
@given(st.lists(st.integers(0, 2**64 - 1), max_size=60), st.sampled_from([1, 2, 8, 64]))
def test_a_slot_holds_the_rows_whose_keys_start_with_it(keys: list[int], slots: int) -> None:
    """All rows are there once, in their order, under the highest bits of their key."""
    table = pa.table({"key": pa.array(keys, pa.uint64()), "row": np.arange(len(keys))})
    found, batches = [], cut_slots(table, "key", slots)
    for slot, _, batch in KeyRange([MemoryTable(batches)], 0, slots).slots():
        rows = batch["row"].to_pylist()
        assert rows == sorted(rows) and all(keys[row] * slots >> 64 == slot for row in rows)
        assert [keys[row] for row in rows] == batch["key"].to_pylist()
        found += rows
    assert sorted(found) == list(range(len(keys))) and len(batches) <= max(1, len(keys))
    of_key = [key * slots >> 64 for key in keys]
    for first in range(slots):
        upper = KeyRange([MemoryTable(batches)], first, slots)
        assert {slot for slot, _, _ in upper.slots()} == {slot - first for slot in of_key if slot >= first}
        assert upper.table()["row"].to_pylist() == [row for row in found if of_key[row] >= first]


def test_slots_without_rows_take_next_to_nothing(tmp_path) -> None:
    """A table all of whose rows are in two of 512 slots is written in the bytes of its rows and two batches."""
    rows = 100_000
    keys = np.sort(np.resize(np.array([7, 300], np.uint64) << np.uint64(55), rows))
    names = pa.array(["crawl"] * rows)
    write_tables(tmp_path / "a.arrow", cut_slots(pa.table({"key": keys, "source": names}), "key", 512))
    assert (tmp_path / "a.arrow").stat().st_size < rows * (8 + 4 + 5) + 8192


@given(st.lists(st.integers(0, 3), max_size=600))
def test_pieces_that_are_joined_now_and_then_are_all_there_in_their_order(sizes: list[int]) -> None:
    """Whatever the pieces, each column is what it would be if all had been joined at once."""
    rows = np.arange(sum(sizes), dtype=np.uint64)
    gathered = Gathered(2)
    for piece in np.split(rows, np.cumsum(sizes)[:-1]) if sizes else []:
        gathered.add(piece, piece * np.uint64(2))
    assert [column.tolist() for column in gathered.columns()] == [rows.tolist(), (rows * np.uint64(2)).tolist()]


def test_a_range_of_many_small_files_is_one_table() -> None:
    """600 files with three slots each, most of them empty: the rows file by file, in few chunks."""
    keys = [np.array([file << 54, 7 << 61][: file % 3], np.uint64) for file in range(600)]
    tables = [pa.table({"key": each, "row": np.arange(len(each))}) for each in keys]
    found = KeyRange([MemoryTable(cut_slots(table, "key", 4)) for table in tables], 0, 4).table()
    assert found["key"].to_pylist() == np.concatenate(keys).tolist()
    assert found["key"].num_chunks < 10


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=80), st.integers(1000, 5000))
def test_no_range_holds_more_than_it_may(sizes: list[int], most: int) -> None:
    """Ranges are runs of slots that cover all of them."""
    edges = divide(np.array(sizes), most, "a round")
    assert edges[0] == 0 and edges[-1] == len(sizes) and sorted(set(edges)) == edges
    assert all(sum(sizes[start:stop]) <= most for start, stop in pairwise(edges))


def test_what_cannot_fit_says_so() -> None:
    """The message names the round, what a range holds, what it may, and the option that helps."""
    with pytest.raises(ResourceError, match=r"dedup, round 'bands'.* 9,000 bytes.* 4,000 .*2.2 times .*--memory"):
        divide(np.array([10, 9000]), 4000, "dedup, round 'bands'")


def test_a_range_reads_only_its_own_batches(tmp_path) -> None:
    """Damage in the rows of another range is not seen."""
    path = tmp_path / "table.arrow"
    keys = np.repeat(np.arange(4, dtype=np.uint64) << np.uint64(62), 1000)
    write_tables(path, cut_slots(pa.table({"key": keys}), "key", 4))
    data = bytearray(path.read_bytes())
    at = data.index((int(keys[-1])).to_bytes(8, "little") * 1000)
    data[at : at + 8000] = bytes(8000)
    path.write_bytes(data)
    ranges = [KeyRange([TableFile(path)], slot, slot + 1).table()["key"] for slot in range(4)]
    assert [pc.unique(column).to_pylist() for column in ranges] == [[0], [1 << 62], [2 << 62], [0]]
