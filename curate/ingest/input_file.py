"""A file to read at any position, local or behind a URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from curate.errors import InputError

_BUFFER_BYTES = 1 << 18


class InputFile:
    """An open file. `read_at` gives fewer bytes than asked only at the end."""

    def __init__(self, path: str, file: IO[bytes]):
        self.path = path
        self._file = file
        self.size = file.seek(0, 2)

    def read_at(self, position: int, size: int) -> bytes:
        """Up to `size` bytes from `position`."""
        try:
            self._file.seek(position)
            return self._file.read(size)
        except OSError as error:
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
def open_input(path: str) -> Iterator[InputFile]:
    """Open a local path or an fsspec URL.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        with _open(path) as file:
            yield InputFile(path, file)
    except OSError as error:
        raise _unreadable(path, error) from error


def _open(path: str) -> Any:
    if "://" not in path:
        return Path(path).open("rb", buffering=_BUFFER_BYTES)
    import fsspec

    return fsspec.open(path, "rb").open()


def _unreadable(path: str, error: OSError) -> InputError:
    what = error.strerror or str(error)
    return InputError(f"{path}: cannot be read: {what}\n    check that it is a file and that you may read it")
