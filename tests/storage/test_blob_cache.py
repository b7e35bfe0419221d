"""Local copies by content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from curate.objects.cache import BlobCache


def _add(cache: BlobCache, folder: Path, data: bytes) -> str:
    source = folder / "source"
    source.unlink(missing_ok=True)
    source.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    cache.add(sha256, source)
    return sha256


def test_what_was_added_is_linked(tmp_path) -> None:
    """A file that is there is put in place, in place of another; one that is not is not."""
    cache = BlobCache(tmp_path / "blobs", 1000)
    sha256 = _add(cache, tmp_path, b"data")
    target = tmp_path / "view" / "file"
    for _ in range(2):
        assert cache.link(sha256, 4, target) and target.read_bytes() == b"data"
    assert not cache.link("0" * 64, 4, target)
    assert not target.exists()


def test_a_damaged_copy_is_not_used(tmp_path) -> None:
    """A copy of another size or content, as after a power failure, is removed and asked for anew."""
    for damage in (b"dat", b"date", b""):
        cache = BlobCache(tmp_path / "blobs", 1000)
        sha256 = _add(cache, tmp_path, b"data")
        (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
        blob.write_bytes(damage)
        assert not BlobCache(tmp_path / "blobs", 1000).link(sha256, 4, tmp_path / "file")
        assert not blob.exists()


def test_the_limit_is_kept_and_users_keep_their_files(tmp_path) -> None:
    """Beyond the limit the copies not used for longest go, and who has linked one still has it."""
    cache = BlobCache(tmp_path / "blobs", 1000)
    first = _add(cache, tmp_path, b"a" * 400)
    second = _add(cache, tmp_path, b"b" * 400)
    assert cache.link(first, 400, tmp_path / "held")
    for blob in (tmp_path / "blobs").rglob("*"):
        if blob.name == second:
            os.utime(blob, ns=(0, blob.stat().st_mtime_ns))
    third = _add(cache, tmp_path, b"c" * 400)
    kept = {path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()}
    assert kept == {first, third}
    assert (tmp_path / "held").read_bytes() == b"a" * 400
    assert not cache.link(second, 400, tmp_path / "gone")


def test_nothing_is_kept_without_room(tmp_path) -> None:
    """A limit of 0 turns the cache off."""
    cache = BlobCache(tmp_path / "blobs", 0)
    assert not cache.link(_add(cache, tmp_path, b"data"), 4, tmp_path / "file")
