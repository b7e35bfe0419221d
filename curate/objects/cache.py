"""Local copies of objects by the hash of their content, shared by the processes of a machine."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from curate.storage import atomic_file, sha256_file


@dataclass(frozen=True)
class BlobCache:
    """Files named by their SHA-256. A user gets a hard link, so removing one from here never takes it from a user.

    Args:
        folder: on the file system of those who will use the files.
        limit_bytes: once there is more, those that were not used for longest go; 0 keeps nothing.
    """

    folder: Path
    limit_bytes: int
    _verified: dict[str, tuple[int, int]] = field(default_factory=dict, compare=False)
    _added: list[int] = field(default_factory=list, compare=False)

    def link(self, sha256: str, size: int, target: Path) -> bool:
        """Put a file in place if it is here and whole."""
        blob = self._blob(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            _link(blob, target)
        except FileNotFoundError:
            return False
        if target.stat().st_size != size or not self._is_whole(sha256, target):
            target.unlink()
            blob.unlink(missing_ok=True)
            return False
        with suppress(FileNotFoundError):  # another process may just have removed it
            os.utime(blob, ns=(time.time_ns(), blob.stat().st_mtime_ns))
        return True

    def add(self, sha256: str, source: Path) -> None:
        """Keep a file of that hash; it must not be changed any more."""
        size = source.stat().st_size
        if size > self.limit_bytes:
            return
        blob = self._blob(sha256)
        blob.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _link(source, blob)
        self._added.append(size)
        if len(self._added) == 1 or sum(self._added) > self.limit_bytes // 16:
            self._evict()
            self._added[:] = [0]

    def _blob(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def _is_whole(self, sha256: str, file: Path) -> bool:
        """Whether the content is right; hashed once by each process."""
        facts = file.stat()
        mark = (facts.st_ino, facts.st_mtime_ns)
        if self._verified.get(sha256) != mark:
            if sha256_file(file) != sha256:
                return False
            self._verified[sha256] = mark
        return True

    def _evict(self) -> None:
        """Remove what was not used for longest, until the rest is within the limit."""
        found = []
        for path in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                facts = path.stat()
                found.append((facts.st_atime_ns, facts.st_size, path))
        excess = sum(size for _, size, _ in found) - self.limit_bytes
        for _, size, path in sorted(found):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size


def _link(source: Path, target: Path) -> None:
    """A hard link, or a copy where the file system has none; the target must not exist."""
    try:
        os.link(source, target)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError:
        with atomic_file(target) as temporary:
            shutil.copyfile(source, temporary)
