"""An object store: every answer checked, every request tried again, every failure explained."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest

from curate.errors import PipelineError, ResourceError, StateError
from curate.objects.settings import StorageSettings
from curate.objects.store import ObjectStore

DATA = bytes(range(256)) * 4000


def test_what_arrives_in_part_is_asked_for_again(store) -> None:
    """However many bodies are cut, ranges have their length, JSON is whole, and downloads have their hash."""
    store.put("o/data", DATA)
    store.put("o/value", json.dumps({"a": [1] * 200}).encode())
    objects = ObjectStore.at("s3://crawls/o")
    for number, fault in enumerate(("wrong_length", "too_short", "reset_in_body", "answer_lost")):
        store.faults(number, 0.6, fault)
        assert objects.read_range("data", 100_000, 900_000) == DATA[100_000:900_000]
        assert objects.read("value", json.loads) == {"a": [1] * 200}
        assert store.faults()["happened"][fault] > 0


def test_a_download_is_whole_or_not_there(store, tmp_path) -> None:
    """A file appears under its name only with the right content; a wrong one is an error that names the object."""
    store.put("o/data", DATA)
    objects = ObjectStore.at("s3://crawls/o")
    sha256 = hashlib.sha256(DATA).hexdigest()
    objects.download("data", tmp_path / "a", len(DATA), sha256)
    assert (tmp_path / "a").read_bytes() == DATA
    store.put("o/data", DATA[:-1] + b"x")
    with pytest.raises(StateError, match=r"s3://crawls/o/data does not have the content that was committed"):
        objects.download("data", tmp_path / "b", len(DATA), sha256)
    store.put("o/data", DATA[:-5])
    with pytest.raises(StateError, match="shorter than what was committed"):
        objects.download("data", tmp_path / "b", len(DATA), sha256)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a"]


def test_an_upload_that_fails_leaves_nothing(store, tmp_path, monkeypatch) -> None:
    """Neither a small nor a multipart upload that ends in an error makes a short object visible."""
    monkeypatch.setenv("CURATE_STORAGE_TRIES", "2")
    objects = ObjectStore.at("s3://crawls/failed")
    (tmp_path / "small").write_bytes(b"small")
    (tmp_path / "large").write_bytes(DATA * 20)
    for name in ("small", "large"):
        store.faults(1, 1.0, "refused")
        with pytest.raises(ResourceError, match="s3://crawls/failed/" + name):
            objects.upload(tmp_path / name, name)
        store.faults(4, 0.5, "unavailable")
        with pytest.raises(ResourceError):
            for _ in range(50):
                objects.upload(tmp_path / name, f"half-{name}")
        store.faults()
    assert all(data in (b"small", DATA * 20) for data in store.objects("failed/").values())


@pytest.mark.parametrize("fault", ["", "answer_lost", "duplicate", "unavailable", "wrong_length"])
def test_the_first_who_creates_an_object_wins(store, fault) -> None:
    """Whatever the network does, one creation succeeds, and every later one is told what is there."""
    objects = ObjectStore.at("s3://crawls/first")
    store.faults(3, 0.5 if fault else 0.0, fault)
    for number in range(6):
        key = f"{fault}-{number}"
        assert objects.create(key, b'{"by": 1}') is None
        assert objects.create(key, b'{"by": 2}') == b'{"by": 1}'
        assert objects.create(key, b'{"by": 1}') is None


def test_tries_end(store, monkeypatch) -> None:
    """A store that never answers is an error after as many tries as are set, and nothing else is asked."""
    monkeypatch.setenv("CURATE_STORAGE_TRIES", "3")
    store.faults(1, 1.0, "unavailable")
    with pytest.raises(ResourceError, match="Service Unavailable"):
        ObjectStore.at("s3://crawls/o").read("x", bytes)
    assert store.faults()["happened"]["GET"] == 3


def test_errors_say_what_to_do(store, monkeypatch) -> None:
    """A missing bucket, missing credentials and a missing library are explained with what to do about them."""
    with pytest.raises(ResourceError, match="check the name, and that its bucket exists"):
        ObjectStore.at("s3://no-such-bucket/o").write("x", b"1")
    assert ObjectStore.at("s3://no-such-bucket/o").read("x", bytes) is None
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("CURATE_STORAGE_TIMEOUT_SECONDS", "1.5")  # not the client that the other tests share
    with pytest.raises(ResourceError, match="AWS_ACCESS_KEY_ID"):
        ObjectStore.at("s3://crawls/o").read("x", bytes)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setenv("CURATE_STORAGE_TIMEOUT_SECONDS", "1.6")
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    with pytest.raises(ResourceError, match=r"pip install 'curate\[s3\]'"):
        ObjectStore.at("s3://crawls/o")
    with pytest.raises(ResourceError, match="nonsense"):
        ObjectStore.at("nonsense://crawls/o")


def test_settings_come_from_the_environment(monkeypatch) -> None:
    """A setting that is out of bounds or unknown is an error that names the variable."""
    monkeypatch.setenv("CURATE_STORAGE_TRIES", "0")
    with pytest.raises(PipelineError, match="CURATE_STORAGE_TRIES"):
        StorageSettings.from_environment()
    monkeypatch.setenv("CURATE_STORAGE_TRIES", "5")
    monkeypatch.setenv("CURATE_STORAGE_TRYS", "5")
    with pytest.raises(PipelineError, match="CURATE_STORAGE_TRYS"):
        StorageSettings.from_environment()
