"""`curate verify`, `against` and stage files at URLs, on a real S3 server."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from small_runs import storage_corpus
from storage_runs import pipeline

from curate import run
from curate.errors import ResourceError, StateError
from curate.objects.store import ObjectStore
from curate.verification import repair, verify


@pytest.fixture
def tiny(tmp_path, store) -> Path:
    """The tiny pipeline over a local corpus."""
    (tmp_path / "in").mkdir()
    for name, data in storage_corpus(0).items():
        (tmp_path / "in" / name).write_bytes(data)
    return pipeline(str(tmp_path / "in"), tmp_path / "tiny.yaml")


@pytest.mark.slow
def test_a_run_at_a_url_is_verified_and_repaired(tiny, store, tmp_path) -> None:
    """The same counts as of a local run; one flipped bit is found and mended; nothing is left on this machine."""
    url = "s3://crawls/verified"
    run(tiny, output=url, workers=0)
    local = verify(run(tiny, output=tmp_path / "local", workers=0).path)
    found = verify(url)
    assert (found.findings, found.run, found.finished, found.counted) == ((), url, True, True)
    assert (found.commits, found.files) == (local.commits, local.files)
    key = "verified/documents/part-00001.parquet"
    data = store.objects(key)[""]
    store.put(key, data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    found = verify(url)
    assert [finding.file for finding in found.damage] == ["documents/part-00001.parquet"]
    assert [str(commit) for commit in repair(found)] == ["documents/commits/ingest-00001.json"]
    run(tiny, output=url, workers=0)
    assert verify(url).findings == () and store.objects(key)[""] == data
    assert not [path for path in (tmp_path / "scratch").iterdir() if path.name not in ("views", "blobs")]


def test_what_a_listing_lacks_is_asked_for(tiny) -> None:
    """A stale listing is no damage: what commits name is fetched by its key."""
    url = "memory://run-stale"
    run(tiny, output=url, workers=0)
    whole = ObjectStore.sizes

    def stale(store: ObjectStore) -> dict[str, int]:
        return {key: size for key, size in whole(store).items() if not key.endswith(("00001.parquet", ".arrow"))}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ObjectStore, "sizes", stale)
        found = verify(url)
    assert found.damage == ()


def test_what_cannot_be_verified_is_refused(tiny, store, monkeypatch) -> None:
    """No run there; a run that somebody holds; too little room."""
    with pytest.raises(StateError, match="is no run directory"):
        verify("s3://crawls/nothing")
    lease = {"holder": "process 7 on elsewhere", "machine": "elsewhere", "process": 7, "renewed": time.time() + 60}
    store.put("held/LOCK", json.dumps(lease).encode())
    with pytest.raises(StateError, match="in use by process 7 on elsewhere"):
        verify("s3://crawls/held")
    store.put("large/plan.json", b"x")
    monkeypatch.setattr("curate.objects.store.ObjectStore.sizes", lambda store: {"plan.json": 1 << 60})
    with pytest.raises(ResourceError, match="do not fit into"):
        verify("s3://crawls/large")
