"""A file to read at any position, local or behind a URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from curate.errors import InputError, ResourceError
from curate.ingest.split import Split
from curate.objects.ranged import RangedFile
from curate.objects.retry import in_words
from curate.objects.store import ObjectStore

_BUFFER_BYTES = 1 << 18


class Seekable(Protocol):
    """What an input file is read through; `read` gives fewer bytes than asked only at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a byte."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""


class InputFile:
    """An open file. `read_at` gives fewer bytes than asked only at the end."""

    def __init__(self, path: str, file: Seekable):
        self.path = path
        self._file = file
        self.size = file.seek(0, 2)

    def read_at(self, position: int, size: int) -> bytes:
        """Up to `size` bytes from `position`."""
        try:
            self._file.seek(position)
            return self._file.read(size)
        except (OSError, ResourceError) as error:
            raise _unreadable(self.path, error) from error

    def find(self, needle: bytes, start: int, stop: int) -> int:
        """Where `needle` begins, at `start` or later and before `stop`; -1 if nowhere."""
        step = max(_BUFFER_BYTES, 2 * len(needle))
        while start < stop:
            block = self.read_at(start, step + len(needle) - 1)
            at = block.find(needle)
            if at >= 0:
                return start + at if start + at < stop else -1
            if len(block) < step:
                return -1
            start += step
        return -1


@contextmanager
def open_input(split: Split) -> Iterator[InputFile]:
    """Open the file of a split, at a local path or behind an fsspec URL.

    Raises:
        InputError: it cannot be opened, or it is no longer the file that was planned with.
    """
    if "://" in split.path:
        with closing(_open_remote(split)) as remote:
            yield InputFile(split.path, remote)
        return
    try:
        with Path(split.path).open("rb", buffering=_BUFFER_BYTES) as file:
            facts = os.fstat(file.fileno())
            if split.mtime_ns and (facts.st_size, facts.st_mtime_ns) != (split.size, split.mtime_ns):
                raise InputError(
                    f"{split.path}: it has changed since it was listed\n    run again, to plan with what is there"
                )
            yield InputFile(split.path, file)
    except OSError as error:
        raise _unreadable(split.path, error) from error


def _open_remote(split: Split) -> RangedFile:
    try:
        return RangedFile(ObjectStore.at(split.path), split.etag)
    except ResourceError as error:
        raise InputError(str(error)) from error
    except FileNotFoundError as error:
        raise InputError(in_words(error, split.path)) from error


def _unreadable(path: str, error: Exception) -> InputError:
    if isinstance(error, ResourceError):  # which says where and what to do
        return InputError(str(error))
    what = getattr(error, "strerror", None) or str(error)
    return InputError(f"{path}: cannot be read: {what}\n    check that it is a file and that you may read it")
