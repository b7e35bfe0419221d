"""Cutting texts against slicing strings."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.documents import CUTS, SPLIT, apply_cuts

Span = dict[str, object]


@st.composite
def texts_with_cuts(draw: st.DrawFn) -> tuple[list[str], list[list[Span] | None], list[str]]:
    """Texts, cuts of some of them, and what is left."""
    texts, cuts, left = [], [], []
    for text in draw(st.lists(st.text(st.characters(codec="utf-8", exclude_characters=SPLIT)), max_size=5)):
        places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
        spans, pieces, at = [], [], 0
        for start, stop in zip(places[::2], places[1::2], strict=False):
            replacement, split = draw(st.none() | st.text("-é\n", max_size=3)), draw(st.booleans())
            pieces.append(text[at:start])
            pieces.append(SPLIT if split and start > 0 and stop < len(text) else replacement or "")
            ends = (len(text[:place].encode()) for place in (start, stop))
            spans.append(dict(zip(("start", "stop", "replacement", "split"), (*ends, replacement, split), strict=True)))
            at = stop
        texts.append(text)
        cuts.append(spans if spans or draw(st.booleans()) else None)
        left.append("".join(pieces) + text[at:])
    return texts, cuts, left


@settings(deadline=None)  # the first call compiles
@given(texts_with_cuts(), st.data())
@example((["", "abc"], [None, None], ["", "abc"]), None)
def test_what_is_left_is_what_slicing_leaves(case, data) -> None:
    """Every text, cut or not, and any slice of the batch, is what joining the kept slices of the string gives."""
    texts, cuts, left = case
    first = data.draw(st.integers(0, len(texts))) if data else 0
    found = apply_cuts(pa.array(texts, pa.string()).slice(first), pa.array(cuts, CUTS).slice(first))
    found.validate(full=True)
    assert found.to_pylist() == left[first:]


def test_nulls_with_hidden_cuts_cut_nothing() -> None:
    """What lies under a null list is not read."""
    cuts = pa.array([[{"start": 0, "stop": 1, "replacement": None, "split": False}]] * 2, CUTS)
    hidden = pa.ListArray.from_arrays(cuts.offsets, cuts.values, type=CUTS, mask=pa.array([True, False]))
    assert apply_cuts(pa.array(["ab", "cd"]), hidden).to_pylist() == ["ab", "d"]


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([(0, 9)], "text 1, of 4 bytes: the cut from 0 to 9"),
        ([(-1, 2)], "the cut from -1 to 2"),
        ([(3, 1)], "the cut from 3 to 1"),
        ([(0, 3), (1, 4)], "the cut from 1 to 4"),
        ([(2, 3)], "the cut from 2 to 3"),
        ([(0, 2)], "the cut from 0 to 2"),
    ],
    ids=["past the end", "before the start", "backwards", "overlapping", "begins in a character", "ends in one"],
)
def test_cuts_that_are_none_are_refused(spans: list[tuple[int, int]], said: str) -> None:
    """A cut that no stage may make stops with the text and the cut, instead of reading or writing out of bounds."""
    cut = [{"start": start, "stop": stop, "replacement": None, "split": False} for start, stop in spans]
    with pytest.raises(ValueError, match=said):
        apply_cuts(pa.array(["", "aéb"]), pa.array([None, cut], CUTS))


def test_many_texts_are_cut_at_once() -> None:
    """A batch of 100,000 texts, each cut in the middle."""
    texts = pa.array([f"{n:06}-{n:06}" for n in range(100_000)])
    offsets = np.arange(100_001, dtype=np.int32)
    start, stop = np.full(100_000, 6, np.int32), np.full(100_000, 7, np.int32)
    columns = [pa.array(start), pa.array(stop), pa.nulls(100_000, pa.string()), pa.array(start < 0)]
    spans = pa.StructArray.from_arrays(columns, fields=list(CUTS.value_type))
    left = apply_cuts(texts, pa.ListArray.from_arrays(pa.array(offsets), spans, type=CUTS))
    assert left.to_pylist() == [f"{n:06}{n:06}" for n in range(100_000)]
