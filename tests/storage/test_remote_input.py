"""Inputs behind URLs: exact, in few requests, and only those that were planned with."""

from __future__ import annotations

import json
import random
import socket

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_runs import storage_corpus
from storage_runs import pipeline

from curate import run
from curate.errors import InputError
from curate.ingest import find_files
from curate.ingest.input_file import open_input
from curate.ingest.split import Split
from curate.objects.ranged import RangedFile
from curate.objects.settings import StorageSettings
from curate.objects.store import ObjectStore

DATA = random.Random(4).randbytes(3_000_000)


def _split(url: str) -> Split:
    [file] = find_files([url])[1]
    return Split(file.path, file.name, 0, file.size, file.size, 0, file.etag)


@given(st.lists(st.tuples(st.integers(0, 3_000_100), st.integers(0, 2_000_000)), max_size=8), st.booleans())
def test_any_reads_are_those_of_the_bytes(reads, small_blocks) -> None:
    """Whatever is read in whatever order and whatever the blocks, it is what the file holds there."""
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe("/ranged/data", DATA)
    settings = StorageSettings(block_bytes=1 << 16 if small_blocks else 8 << 20)
    file = RangedFile(ObjectStore("memory://ranged/data", filesystem, "/ranged/data", settings))
    for position, size in reads:
        file.seek(position)
        assert file.read(size) == DATA[position : position + size]


def test_reading_on_takes_few_requests(store) -> None:
    """A file that is read from end to end in pieces of 64 KiB, with looks back, is asked for in megabytes."""
    url = store.put("large/data", DATA * 8)
    split = _split(url)
    store.faults()
    with open_input(split) as file:
        for position in range(0, split.size, 1 << 16):
            assert file.read_at(position, 1 << 16) == (DATA * 8)[position : position + (1 << 16)]
            file.read_at(max(0, position - 16), 16)
    happened = store.faults()["happened"]
    assert happened["GET"] <= 6 and happened["HEAD"] == 2


def test_faults_do_not_change_what_is_read(store) -> None:
    """With half of the answers cut, lost or refused, a read never gives less than the file has."""
    split = _split(store.put("large/half", DATA))
    for seed in range(3):
        store.faults(seed, 0.4)
        with open_input(split) as file:
            assert file.read_at(0, len(DATA) + 10) == DATA
            assert file.read_at(1_000_000, 50) == DATA[1_000_000:1_000_050]
    store.faults()


def test_a_changed_object_is_an_error(store) -> None:
    """An object that was replaced after planning, or while it is read, is not read as if it were the old one."""
    url = store.put("changing/a", b"one" * 1000)
    split = _split(url)
    with pytest.raises(InputError, match="changed since it was listed"), open_input(split) as file:
        file.read_at(0, 10)
        store.put("changing/a", b"two" * 1000)
    with pytest.raises(InputError, match="changed since it was listed"), open_input(split):
        pass
    with open_input(_split(url)) as file:
        assert file.read_at(0, 3) == b"two"


def test_a_changed_local_file_is_an_error(tmp_path) -> None:
    """The same on this machine, by size and time."""
    (tmp_path / "a.txt").write_text("one")
    [file] = find_files([str(tmp_path / "a.txt")])[1]
    split = Split(file.path, file.name, 0, 3, 3, file.mtime_ns)
    (tmp_path / "a.txt").write_text("three")
    with pytest.raises(InputError, match="changed since it was listed"), open_input(split):
        pass


def test_a_file_named_in_full_is_not_listed(store) -> None:
    """It is asked for by its key, so that no listing can be behind; a missing one is an error."""
    url = store.put("named/a.jsonl", b"{}\n")
    store.faults()
    assert [file.path for file in find_files([url])[1]] == [url]
    assert "LIST" not in +_counter(store.faults()["happened"])
    with pytest.raises(InputError, match="no file found there"):
        find_files(["s3://crawls/named/b.jsonl"])


def _counter(happened: dict[str, int]) -> dict[str, int]:
    from collections import Counter

    return Counter(happened)


def test_patterns_folders_and_file_urls(store, tmp_path) -> None:
    """Patterns and folders of a bucket give the same names as those of a disk, and `file://` is the disk."""
    for name in ("x/1.txt", "x/2.txt", "x/y/3.txt"):
        store.put(f"tree/{name}", name.encode())
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    for pattern in ("x", "x/*.txt", "x/**/*.txt", "x/y/3.txt"):
        remote = [(file.name, file.size) for file in find_files([f"s3://crawls/tree/{pattern}"])[1]]
        assert remote == [(file.name, file.size) for file in find_files([str(tmp_path / pattern)])[1]], pattern
    assert find_files([f"file://{tmp_path}/x"]) == find_files([str(tmp_path / "x")])


def test_no_socket_is_opened_for_local_inputs(tmp_path, monkeypatch) -> None:
    """A run on local files connects to nothing and looks up no name, whatever addresses its documents hold."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made")

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name, data in storage_corpus(1).items():
        (tmp_path / name).write_bytes(data)
    link = {"url": "http://example.org/x", "text": "see http://example.org/y and s3://bucket/z " * 20}
    (tmp_path / "links.jsonl").write_text(json.dumps(link) + "\n")
    result = run(pipeline(str(tmp_path), tmp_path / "tiny.yaml"), output=tmp_path / "run", workers=0)
    assert result.funnel.count("ingest", "documents")[0] == 81
