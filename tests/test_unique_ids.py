"""Every way in which two documents could come to share an id is found."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.documents import ID
from curate.errors import InternalError
from curate.ingest.split import Split
from curate.plan import Part
from curate.unique_ids import Offsets, PartIds, check_parts_apart


def part(index: int, *splits: Split, source: str = "web") -> Part:
    """A part that reads pieces of files."""
    return Part(index, source, splits, "key")


def piece(start: int, stop: int, name: str = "a.warc", size: int = 100) -> Split:
    """Bytes of a file of 100 bytes."""
    return Split(f"/data/{name}", name, start, stop, size)


def test_equal_ids_in_a_part_are_found_across_batches():
    """The second batch repeats an id of the first."""
    first, second = (pa.table({"id": pa.array([b"x" * 15 + last], ID)}) for last in (b"1", b"2"))
    ids = PartIds()
    assert ids.noted(first) is first
    ids.noted(second)
    ids.check()
    ids.noted(first)
    with pytest.raises(InternalError, match="same id"):
        ids.check()


def test_only_pieces_of_files_are_noted():
    """A whole file belongs to one part; of a piece the ends are kept, in whatever order documents come."""
    offsets = Offsets()
    for offset in (40, 10, 30):
        offsets.note(piece(0, 50), offset)
        offsets.note(piece(0, 100, "whole.warc"), offset)
    assert offsets.rows() == [["a.warc", 10, 40]]


def test_parts_that_read_apart_pass():
    """Pieces of a file that do not overlap, a piece without documents, and equal names in two sources."""
    parts = [part(0, piece(0, 50)), part(1, piece(50, 90)), part(2, piece(90, 100)), part(3, piece(0, 50), source="b")]
    check_parts_apart(parts, [[["a.warc", 0, 49]], [["a.warc", 50, 60]], [], [["a.warc", 0, 49]]])


def test_a_place_that_two_parts_read_is_found():
    """Offsets that overlap, and a file that is listed twice."""
    parts = [part(0, piece(0, 50)), part(1, piece(50, 100))]
    with pytest.raises(InternalError, match=r"same place of a file \[\('web', 'a.warc', 0, 50\)\]"):
        check_parts_apart(parts, [[["a.warc", 0, 50]], [["a.warc", 50, 60]]])
    with pytest.raises(InternalError, match="same place"):
        check_parts_apart([part(0, piece(0, 100)), part(1, piece(0, 100))], [[], []])
