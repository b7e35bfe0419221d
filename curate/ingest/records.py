"""What reading gives: records, records that had to be set aside, and things that are no documents by nature.

Every record of a file comes out as exactly one of the three, so that counts add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from curate.ingest.source import Source
from curate.ingest.split import Split
from curate.ingest.watch import UNGUARDED, Guard

#: How much of a quarantined record is kept to look at.
FIRST_BYTES = 200


@dataclass(frozen=True, slots=True)
class Record:
    """A document as it was found.

    Attributes:
        text: clean text, never empty; see `curate.ingest.clean`.
        url, date: as the input has them, or None.
        offset: where the record begins, unique in its file. Bytes of the file, which for a compressed WARC is where
            its gzip member or zstd frame begins (further records in the same member count up by one); bytes of the
            decompressed stream for compressed JSONL; the row for Parquet and Arrow files.
        length: bytes at `offset` (decompressed where several records share a member), or 1 row.
        meta: everything else the input had, as plain JSON values, keys sorted.
    """

    text: str
    url: str | None
    date: str | None
    offset: int
    length: int
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record, or a stretch of damage, that gave no document.

    Attributes:
        offset: as for `Record`.
        reason: one of a few words, such as `truncated`, to count by.
        detail: what was found there, for a person.
        first_bytes: the first bytes of what was lost.
    """

    offset: int
    reason: str
    detail: str
    first_bytes: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sound record that is no document by nature, such as `record_type:request`."""

    reason: str


Outcome = Record | Quarantined | Skipped

_READERS = {
    "warc": "curate.ingest.warc:read_warc",
    "wet": "curate.ingest.warc:read_warc",
    "jsonl": "curate.ingest.jsonl:read_jsonl",
    "parquet": "curate.ingest.parquet:read_parquet",
    "text": "curate.ingest.text:read_text",
    "hub": "curate.ingest.hub:read_hub",
}
#: Readers that hand what they read to native code or to extractors, at which a process may hang or end.
_GUARDED = ("read_warc", "read_parquet")


def read_split(source: Source, split: Split, guard: Guard = UNGUARDED) -> Iterator[Outcome]:
    """Read the records that begin inside a split.

    The splits of a file, wherever they are cut, together give what the whole file gives, each record once.
    Damage never raises: what it costs is yielded as `Quarantined`, and reading goes on behind it.

    Args:
        guard: notes which record is being read, and knows which to leave out; web archives and Parquet files need it.

    Raises:
        InputError: the file cannot be opened or read at all.
    """
    module, _, function = _READERS[source.read].partition(":")  # type: ignore[attr-defined]
    reader: Callable[..., Iterator[Outcome]] = getattr(import_module(module), function)
    return reader(source, split, guard) if function in _GUARDED else reader(source, split)
