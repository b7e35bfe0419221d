"""Which record a worker is reading, and since when, where another process can see it.

HTML extractors are native code or large, and a page can make one hang, run out of memory or crash. The reading process
notes every record before it is parsed; so a watchdog can tell which record it was, and have the part read without it.
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

_LAYOUT = struct.Struct("<qqq")


@dataclass(frozen=True, slots=True)
class Suspect:
    """A record not to be read again.

    Attributes:
        split: which of the part's splits it is in.
        offset: where it begins; see `curate.ingest.records.Record`.
        reason, detail: for the quarantine.
    """

    split: int
    offset: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A record that is being read.

    Attributes:
        split, offset: as for `Suspect`.
        seconds: since when.
    """

    split: int
    offset: int
    seconds: float


class RecordClock:
    """24 bytes of shared memory: split, offset, and when its reading began in nanoseconds, 0 between records.

    Args:
        descriptor: of an open file of `SIZE_BYTES`, the same in both processes.

    >>> import tempfile
    >>> file = tempfile.TemporaryFile()
    >>> _ = file.truncate(RecordClock.SIZE_BYTES)
    >>> clock = RecordClock(file.fileno())
    >>> clock.starts(0, 1234)
    >>> clock.reading().offset
    1234
    >>> clock.stops()
    >>> clock.reading() is None
    True
    """

    SIZE_BYTES = _LAYOUT.size

    def __init__(self, descriptor: int):
        self._memory = mmap.mmap(descriptor, self.SIZE_BYTES)

    def starts(self, split: int, offset: int) -> None:
        """Note that a record is read from now on."""
        _LAYOUT.pack_into(self._memory, 0, split, offset, time.monotonic_ns())

    def stops(self) -> None:
        """Note that no record is being read."""
        _LAYOUT.pack_into(self._memory, 0, 0, 0, 0)

    def reading(self) -> Reading | None:
        """What is being read. Looked at twice, as the other process may be writing."""
        seen = bytes(self._memory)
        split, offset, since = _LAYOUT.unpack(seen)
        if not since or bytes(self._memory) != seen:
            return None
        return Reading(split, offset, (time.monotonic_ns() - since) / 1e9)


@dataclass(frozen=True)
class Guard:
    """What the readers of a split are told: where to note their records, and which to leave out.

    Attributes:
        split: the split's number in its part.
        clock: None where nobody watches.
        suspects: by offset.
    """

    split: int = 0
    clock: RecordClock | None = None
    suspects: Mapping[int, Suspect] = field(default_factory=dict)

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        if self.clock:
            self.clock.stops()

    def starts(self, offset: int) -> Guard:
        """Note that a record is read from now on, until the context is left."""
        if self.clock:
            self.clock.starts(self.split, offset)
        return self


UNGUARDED = Guard()


@dataclass(frozen=True)
class Watched:
    """How an engine watches the reading of a part.

    Attributes:
        clock: None where nobody watches.
        suspects: the records that earlier tries stumbled over.
    """

    clock: RecordClock | None = None
    suspects: tuple[Suspect, ...] = ()

    def guard(self, split: int) -> Guard:
        """What concerns one of the part's splits."""
        return Guard(split, self.clock, {each.offset: each for each in self.suspects if each.split == split})


UNWATCHED = Watched()
