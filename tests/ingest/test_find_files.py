"""Finding files and cutting them into parts."""

from __future__ import annotations

import os

import datasets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import InputError
from curate.ingest import FoundFile, find_files, split_files
from curate.ingest.source import JsonlSource, ParquetSource, Source, TextSource, WarcSource


@pytest.fixture
def tree(tmp_path):
    """a/1.txt a/2.txt a/b/3.txt c.txt and hidden things."""
    for name in ("a/1.txt", "a/2.txt", "a/b/3.txt", "c.txt", "a/.hidden", ".git/x.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def _names(*paths) -> list[str]:
    return [file.name for file in find_files([str(path) for path in paths])[1]]


def test_patterns_folders_and_files(tree) -> None:
    """Each kind of path gives its files, sorted, without hidden ones; names are relative to the common folder."""
    assert _names(tree) == ["a/1.txt", "a/2.txt", "a/b/3.txt", "c.txt"]
    assert _names(tree / "a/*.txt") == ["1.txt", "2.txt"]
    assert _names(tree / "**/*.txt") == ["a/1.txt", "a/2.txt", "a/b/3.txt", "c.txt"]
    assert _names(tree / "c.txt") == ["c.txt"]
    assert _names(tree / "a/b", tree / "c.txt") == ["a/b/3.txt", "c.txt"]


def test_overlapping_paths_give_a_file_once(tree) -> None:
    """A file that two patterns match is read once."""
    assert _names(tree / "a/*.txt", tree / "a", tree / "a/1.txt") == ["1.txt", "2.txt", "b/3.txt"]


def test_names_do_not_depend_on_place_order_or_company(tree) -> None:
    """The same pattern gives the same names from another folder, in another order, and with more files there."""
    before = _names(tree / "a/*.txt")
    (tree / "a/0.txt").write_text("new")
    moved = tree.rename(tree.with_name("moved"))
    assert _names(moved / "a/*.txt") == ["0.txt", *before]
    assert _names(moved / "c.txt", moved / "a") == _names(moved / "a", moved / "c.txt")


def test_relative_paths_and_the_root(tree, monkeypatch) -> None:
    """Relative paths start at the working folder; root, size and time are those of the disk."""
    monkeypatch.chdir(tree)
    root, (found, _) = find_files(["a/?.txt"])
    facts = (tree / "a/1.txt").stat()
    assert root == str(tree / "a")
    assert found == FoundFile(str(tree / "a/1.txt"), "1.txt", facts.st_size, facts.st_mtime_ns)


def test_a_name_with_brackets_is_found(tmp_path) -> None:
    """A path that exists as written needs no escaping."""
    (tmp_path / "a[1].txt").write_text("x")
    assert _names(tmp_path / "a[1].txt") == ["a[1].txt"]


@pytest.mark.parametrize(
    ("pattern", "near"),
    [("a/1.tx", "1.txt"), ("aa/*.txt", "near it: a"), ("c*.text", "c.txt"), ("nothing/like/it", "")],
)
def test_no_match_names_the_pattern_the_folder_and_near_names(tree, pattern, near) -> None:
    """The message tells what to correct."""
    with pytest.raises(InputError) as caught:
        find_files([str(tree), str(tree / pattern)])
    message = str(caught.value)
    assert message.startswith(str(tree / pattern)) and f"looked in {tree}" in message and near in message


def test_urls_are_listed_by_fsspec() -> None:
    """Patterns behind a URL find files, named under the root."""
    import fsspec

    store = fsspec.filesystem("memory")
    for name in ("crawl/a.txt", "crawl/b/c.txt", "other/d.txt"):
        store.pipe(f"/lists/{name}", b"four")
    root, files = find_files(["memory://lists/crawl/**"])
    assert [(file.name, file.size) for file in files] == [("a.txt", 4), ("b/c.txt", 4)]
    assert files[0].path.endswith("lists/crawl/a.txt") and root.endswith("lists/crawl")


def test_a_saved_data_set_is_its_arrow_files(tmp_path) -> None:
    """Of a folder that `save_to_disk` wrote, only the files with rows are taken, of each split."""
    rows = datasets.Dataset.from_dict({"text": ["one", "two"]})
    datasets.DatasetDict({"train": rows, "test": rows}).save_to_disk(str(tmp_path / "saved"))
    assert _names(tmp_path / "saved") == ["test/data-00000-of-00001.arrow", "train/data-00000-of-00001.arrow"]
    assert _names(tmp_path / "saved/train") == ["data-00000-of-00001.arrow"]


def _files(*sizes: int, suffix: str = ".jsonl") -> list[FoundFile]:
    return [FoundFile(f"/d/{number:03}{suffix}", f"{number:03}{suffix}", size, 0) for number, size in enumerate(sizes)]


@given(st.lists(st.integers(0, 500)), st.integers(1, 100), st.booleans())
def test_parts_cover_every_byte_once(sizes, part_bytes, compressed) -> None:
    """The splits of a file tile it, in order, and no part of whole files exceeds the size but by its only file."""
    source, suffix = JsonlSource(paths="x"), ".jsonl.gz" if compressed else ".jsonl"
    files = _files(*sizes, suffix=suffix)
    parts = split_files(source, files, part_bytes)
    splits = [split for part in parts for split in part]
    for file in files:
        mine = [split for split in splits if split.path == file.path]
        assert [split.start for split in mine] == [0, *(split.stop for split in mine[:-1])]
        assert mine[-1].stop == file.size and {split.size for split in mine} == {file.size}
        assert len(mine) == 1 or not compressed
    assert all(part and (len(part) == 1 or sum(s.size for s in part) <= part_bytes) for part in parts)


@pytest.mark.parametrize(
    ("source", "suffix", "count"),
    [
        (WarcSource(paths="x"), ".warc.gz", 4),
        (WarcSource(paths="x"), ".warc.zst", 4),
        (JsonlSource(paths="x"), ".jsonl", 4),
        (JsonlSource(paths="x"), ".jsonl.zst", 1),
        (ParquetSource(paths="x"), ".parquet", 4),
        (TextSource(paths="x"), ".txt", 1),
    ],
)
def test_only_what_can_be_cut_is_cut(source: Source, suffix, count) -> None:
    """Formats in which a record's beginning can be found are cut; the others stay whole."""
    assert len(split_files(source, _files(400, suffix=suffix), 100)) == count


def test_small_files_are_grouped_in_order() -> None:
    """Files are grouped until a part is full; a large one between them closes the group."""
    parts = split_files(TextSource(paths="x"), _files(40, 40, 40, 300, 10, 10, suffix=".txt"), 100)
    assert [[split.name[:3] for split in part] for part in parts] == [["000", "001"], ["002"], ["003"], ["004", "005"]]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read anything")
def test_a_folder_that_may_not_be_listed(tree) -> None:
    """It is an error with the path, not a source without files."""
    (tree / "a").chmod(0)
    with pytest.raises(InputError, match="a"):
        find_files([str(tree / "a/*.txt")])
