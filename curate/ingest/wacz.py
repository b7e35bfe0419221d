"""WACZ: a ZIP file whose `archive/` holds WARC files, described at https://specs.webrecorder.net/wacz/1.1.1/

They are stored as they are, so each is a stretch of the file, read like a file of its own; offsets count from the
beginning of the ZIP file. What else is in it (indexes, lists of pages) is not needed.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from curate.ingest.input_file import InputFile
from curate.ingest.records import FIRST_BYTES, Quarantined
from curate.ingest.source import reader_for_suffix
from curate.ingest.warc_split import Cut, split_warc

_MAGIC = b"PK\x03\x04"
_LOCAL_HEADER = struct.Struct("<26xHH")
#: The list of contents at the end of a ZIP file is read whole; a longer one is not. A thousand WARC files take 100 KB.
_MAX_DIRECTORY_BYTES = 1 << 24


@dataclass(frozen=True)
class _Archive:
    """A WARC file within the ZIP file: its bytes from `start` to `stop`."""

    name: str
    start: int
    stop: int


def is_wacz(file: InputFile) -> bool:
    """Whether a file is a ZIP file, which no archive is otherwise."""
    return file.read_at(0, len(_MAGIC)) == _MAGIC


def split_wacz(file: InputFile, start: int, max_record_bytes: int, max_inflation_ratio: float) -> Iterator[Cut]:
    """The records of all archives in a WACZ file, and what cannot be read of them; none from another start than 0."""
    if start:
        return
    end = 0
    for found in _archives(file):
        if isinstance(found, Quarantined):
            yield found
        elif found.start < end:
            yield _lost(file, found.start, f"{found.name} begins within the archive before it")
        else:
            end = found.stop
            inner = InputFile(f"{file.path}/{found.name}", _Stretch(file, found.start, found.stop))
            for cut in split_warc(inner, 0, inner.size, max_record_bytes, max_inflation_ratio):
                yield replace(cut, offset=found.start + cut.offset)


def _archives(file: InputFile) -> Iterator[_Archive | Quarantined]:
    """The archives of a ZIP file in their order; one that is not stored as it is, is a loss."""
    try:
        with zipfile.ZipFile(_Stretch(file, 0, file.size, _MAX_DIRECTORY_BYTES)) as zipped:
            entries = sorted(zipped.infolist(), key=lambda entry: entry.header_offset)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError) as error:
        yield _lost(file, 0, f"the list of its contents cannot be read: {error}")
        return
    archives = [entry for entry in entries if _is_archive(PurePosixPath(entry.filename))]
    if not archives:
        yield _lost(file, 0, f"none of the {len(entries)} files within is archive/*.warc or the like")
    for entry in archives:
        at = max(0, entry.header_offset)  # a forged one may be negative
        header = file.read_at(at, _LOCAL_HEADER.size)
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            yield _lost(file, at, f"{entry.filename} is compressed or encrypted within; unpack it")
        elif len(header) < _LOCAL_HEADER.size or not header.startswith(_MAGIC):
            yield _lost(file, at, f"{entry.filename} is not where the list of contents says")
        else:
            start = at + _LOCAL_HEADER.size + sum(_LOCAL_HEADER.unpack(header))
            yield _Archive(entry.filename, start, min(start + entry.file_size, file.size))


def _is_archive(path: PurePosixPath) -> bool:
    return "archive" in path.parts[:-1] and reader_for_suffix(path.name) in ("warc", "wet")


def _lost(file: InputFile, offset: int, detail: str) -> Quarantined:
    return Quarantined(offset, "bad_wacz", detail, file.read_at(offset, FIRST_BYTES))


class _Stretch(io.RawIOBase):
    """Bytes of a file as a file of their own, of which no more than `max_read_bytes` are read at once."""

    def __init__(self, file: InputFile, start: int, stop: int, max_read_bytes: int | None = None):
        self._file, self._start, self._stop = file, start, max(start, stop)
        self._at, self._max_read_bytes = start, max_read_bytes

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a byte."""
        self._at = max(self._start, (self._start, self._at, self._stop)[whence] + offset)
        return self._at - self._start

    def tell(self) -> int:
        """The byte that it is at."""
        return self._at - self._start

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes.

        Raises:
            zipfile.BadZipFile: they are too many.
        """
        left = max(0, self._stop - self._at)
        wanted = left if size < 0 else min(size, left)
        if self._max_read_bytes is not None and wanted > self._max_read_bytes:
            raise zipfile.BadZipFile(f"it has more than {self._max_read_bytes} bytes")
        data = self._file.read_at(self._at, wanted)
        self._at += len(data)
        return data
