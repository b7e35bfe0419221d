"""Files appear whole or not at all, and a task counts as done only with an intact commit."""

from __future__ import annotations

import json

import pytest

from curate.storage import (
    Commit,
    DamagedError,
    atomic_file,
    describe_outputs,
    publish_folder,
    read_commit,
    write_commit,
)


def test_an_interrupted_write_leaves_nothing(tmp_path) -> None:
    """An exception inside atomic_file leaves the old file as it was and no temporary one."""
    target = tmp_path / "x"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_file(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def _committed(tmp_path):
    output = tmp_path / "part"
    output.write_bytes(b"12345")
    file = tmp_path / "commits" / "0.json"
    write_commit(file, Commit("key", describe_outputs([output], tmp_path), {"n": 1}, ["careful"]))
    return output, file


def test_a_commit_reads_back(tmp_path) -> None:
    """A commit gives back its counts, warnings and the hashes of its outputs."""
    _, file = _committed(tmp_path)
    commit = read_commit(file, "key", tmp_path)
    assert commit is not None
    assert (commit.counts, commit.warnings) == ({"n": 1}, ["careful"])
    assert commit.outputs[0]["sha256"] == "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"


@pytest.mark.parametrize("harm", ["truncate", "empty", "garbage", "edit", "remove_output", "shorten_output"])
def test_a_torn_commit_does_not_count(tmp_path, harm: str) -> None:
    """A damaged commit, or a missing or shortened output, is noticed, and the message names the file."""
    output, file = _committed(tmp_path)
    if harm == "truncate":
        file.write_text(file.read_text()[:-20])
    elif harm == "empty":
        file.write_text("")
    elif harm == "garbage":
        file.write_text(json.dumps({"unexpected": 1}))
    elif harm == "edit":
        file.write_text(file.read_text().replace('"n": 1', '"n": 2'))
    elif harm == "remove_output":
        output.unlink()
    elif harm == "shorten_output":
        output.write_bytes(b"1")
    with pytest.raises(DamagedError, match=str(output if "output" in harm else file)):
        read_commit(file, "key", tmp_path)


def test_no_commit_and_the_commit_of_another_task(tmp_path) -> None:
    """A commit that is not there, or has another key, is nothing to warn of."""
    _, file = _committed(tmp_path)
    assert read_commit(file, "other", tmp_path) is None
    assert read_commit(file.with_name("1.json"), "key", tmp_path) is None


def test_publishing_replaces_a_folder(tmp_path) -> None:
    """A published folder holds exactly the new files."""
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    publish_folder({"one": tmp_path / "a", "two": tmp_path / "b"}, tmp_path / "out")
    publish_folder({"three": tmp_path / "b"}, tmp_path / "out")
    assert [(path.name, path.read_text()) for path in (tmp_path / "out").iterdir()] == [("three", "b")]
