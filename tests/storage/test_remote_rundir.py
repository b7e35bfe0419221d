"""Run directories at URLs: resumed, changed, damaged, published."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest
from small_runs import storage_corpus
from storage_runs import local_hashes, pipeline

from curate import run
from curate.errors import PipelineError, ResourceError, StateError
from curate.remote_rundir import open_run
from curate.storage import sha256_file


@pytest.fixture
def tiny(tmp_path, settings) -> Path:
    """The tiny pipeline over a local corpus."""
    (tmp_path / "in").mkdir()
    for name, data in storage_corpus(0).items():
        (tmp_path / "in" / name).write_bytes(data)
    return pipeline(str(tmp_path / "in"), tmp_path / "tiny.yaml")


@pytest.fixture
def url(request) -> str:
    """A run in memory."""
    return f"memory://run-{request.node.name}"


def _copied(url: str, target: Path) -> Path:
    """A run at a URL as a local folder."""
    filesystem, root = fsspec.core.url_to_fs(url)
    for path in filesystem.find(root):
        file = target / path.removeprefix(root).lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(filesystem.cat_file(path))
    return target


def test_memory_and_file_urls_give_the_bytes_of_a_path(tiny, url, tmp_path) -> None:
    """All three kinds of run directory hold the same files."""
    expected = local_hashes(run(tiny, output=tmp_path / "local", workers=0).path)
    run(tiny, output=f"file://{tmp_path}/by-url", workers=0)
    assert local_hashes(tmp_path / "by-url") == expected
    run(tiny, output=url, workers=0)
    assert local_hashes(_copied(url, tmp_path / "copy")) == expected
    again = run(tiny, output=url, workers=0)
    assert again.tasks_run == 0 and again.tasks_reused > 10


def test_it_is_resumed_and_published_as_a_local_one(tiny, url, tmp_path) -> None:
    """--stop-after, changed parameters and changed input cost only what they touch; nothing stale is left published."""
    filesystem = fsspec.filesystem("memory")
    root = "/" + url.removeprefix("memory://")
    run(tiny, output=url, workers=0)
    tokens = filesystem.find(f"{root}/tokens")
    assert tokens
    run(tiny, output=url, workers=0, stop_after="exact_dedup")
    assert not filesystem.exists(f"{root}/tokens") and filesystem.exists(f"{root}/reports/duplicates.parquet")
    assert run(tiny, output=url, workers=0).tasks_run == 0
    assert filesystem.find(f"{root}/tokens") == tokens
    (tmp_path / "in" / "b.jsonl").unlink()
    fewer = run(tiny, output=url, workers=0)
    assert fewer.tasks_reused >= 1
    fresh = run(tiny, output=tmp_path / "fresh", workers=0)
    published = {name: sha256_file(path) for name, path in _published(_copied(url, tmp_path / "copy")).items()}
    assert published == {name: sha256_file(path) for name, path in _published(fresh.path).items()}


def _published(root: Path) -> dict[str, Path]:
    folders = ("documents", "quarantine", "reports", "tokens")
    paths = [path for folder in folders for path in sorted((root / folder).glob("*")) if path.is_file()]
    return {path.relative_to(root).as_posix(): path for path in paths}


def test_damage_is_named(tiny, url, monkeypatch) -> None:
    """An object that was changed or deleted behind a commit is never used; the message names it."""
    filesystem = fsspec.filesystem("memory")
    root = "/" + url.removeprefix("memory://")
    monkeypatch.setenv("CURATE_STORAGE_SCRATCH_BYTES", "0")
    run(tiny, output=url, workers=0, stop_after="ingest")
    part = f"{root}/documents/part-00001.parquet"
    data = filesystem.cat_file(part)
    filesystem.pipe_file(part, data[:-1] + b"x")
    with pytest.raises(StateError, match=r"part-00001.parquet does not have the content that was committed"):
        run(tiny, output=url, workers=0)
    filesystem.rm_file(part)
    with pytest.raises(StateError, match=r"part-00001.parquet is gone"):
        run(tiny, output=url, workers=0)
    filesystem.rm_file(f"{root}/documents/commits/ingest-00001.json")
    run(tiny, output=url, workers=0)
    assert filesystem.cat_file(part) == data


def test_torn_and_foreign_commits_are_done_again(tiny, url, tmp_path) -> None:
    """A commit that is cut off, or of another key, is not believed."""
    filesystem = fsspec.filesystem("memory")
    root = "/" + url.removeprefix("memory://")
    run(tiny, output=url, workers=0)
    expected = local_hashes(_copied(url, tmp_path / "before"))
    commits = [path for path in filesystem.find(root) if "/commits/" in path]
    filesystem.pipe_file(commits[0], filesystem.cat_file(commits[0])[:40])
    other = filesystem.cat_file(commits[3]).replace(b'"key": "', b'"key": "0')
    filesystem.pipe_file(commits[3], other)
    assert run(tiny, output=url, workers=0).tasks_run == 2
    assert local_hashes(_copied(url, tmp_path / "after")) == expected


def test_what_cannot_be_a_run_directory_is_refused(tiny, tmp_path, monkeypatch) -> None:
    """Memory for several processes, hf://, a URL in a Path, and a scratch folder that cannot be written."""
    with pytest.raises(PipelineError, match="seen by one process only"):
        run(tiny, output="memory://x", workers=2)
    with pytest.raises(PipelineError, match="can only be read"):
        run(tiny, output="hf://buckets/x/y", workers=0)
    with pytest.raises(PipelineError, match="give it as a string"):
        run(tiny, output=Path("s3://bucket/run"), workers=0)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CURATE_STORAGE_SCRATCH", str(tmp_path / "file"))
    with pytest.raises(ResourceError, match="--scratch"):
        run(tiny, output="memory://x", workers=0)


def test_copies_of_killed_processes_are_removed(tiny, url, tmp_path) -> None:
    """The next process that opens a run at a URL removes local copies whose owner is gone, and no others."""
    mine = open_run(url)
    abandoned = tmp_path / "scratch" / "views" / "gone"
    abandoned.mkdir()
    abandoned.with_suffix(".alive").write_text("")
    open_run(url)
    assert mine.root.is_dir() and not abandoned.exists()
