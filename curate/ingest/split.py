"""Cutting files into byte ranges and grouping them into parts, the units of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from curate.ingest.files import FoundFile
from curate.ingest.source import Source

_CUT_ANYWHERE = {
    "warc": (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz"),
    "wet": (".wet", ".wet.gz", ".wet.zst", ".warc", ".warc.gz", ".warc.zst"),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet",),
}


@dataclass(frozen=True, slots=True)
class Split:
    """A byte range of a file; who reads it owns the records that begin at `start` or later and before `stop`.

    Attributes:
        path: where the file is.
        name: its name within the source; part of document ids.
        start, stop: bytes.
        size: bytes of the whole file.
        mtime_ns, etag: as of `FoundFile`; a file that no longer has them is not read. 0 and empty take any.
    """

    path: str
    name: str
    start: int
    stop: int
    size: int
    mtime_ns: int = 0
    etag: str = ""


def split_files(source: Source, files: Sequence[FoundFile], part_bytes: int) -> list[list[Split]]:
    """Divide files into parts of about `part_bytes`: large ones are cut if the format allows, small ones grouped.

    Args:
        source: says the format. WARC, plain JSONL and Parquet can be cut; compressed JSONL cannot.
        files: as `find_files` gives them; the parts depend on their names and sizes alone.
        part_bytes: bytes as stored, 1 or more.

    >>> from curate.ingest.source import JsonlSource
    >>> files = [FoundFile("/d/a.jsonl", "a.jsonl", 25, 0), FoundFile("/d/b.jsonl", "b.jsonl", 4, 0)]
    >>> [[(s.name, s.start, s.stop) for s in part] for part in split_files(JsonlSource(paths="/d"), files, 10)]
    [[('a.jsonl', 0, 8)], [('a.jsonl', 8, 16)], [('a.jsonl', 16, 25)], [('b.jsonl', 0, 4)]]
    """
    parts: list[list[Split]] = []
    group: list[Split] = []
    for file in files:
        ranges = _ranges(file.size, part_bytes) if _cuttable(source, file) else [(0, file.size)]
        splits = [
            Split(file.path, file.name, *range_, file.size, 0 if file.etag else file.mtime_ns, file.etag)
            for range_ in ranges
        ]
        if group and (len(splits) > 1 or sum(s.size for s in group) + file.size > part_bytes):
            parts.append(group)
            group = []
        if len(splits) > 1:
            parts.extend([split] for split in splits)
        else:
            group = [*group, *splits]
    return [*parts, group] if group else parts


def _cuttable(source: Source, file: FoundFile) -> bool:
    suffixes = _CUT_ANYWHERE.get(source.read, ())  # type: ignore[attr-defined]
    return file.name.lower().endswith(suffixes)


def _ranges(size: int, part_bytes: int) -> list[tuple[int, int]]:
    count = max(1, -(-size // part_bytes))
    cuts = [size * number // count for number in range(count + 1)]
    return list(pairwise(cuts))
