"""Documents: cuts, ids and draws."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from curate.documents import CUTS, SPLIT, Documents, apply_cuts, document_id, find_ids, id_words, sort_ids
from curate.draws import uniform


@settings(deadline=None)  # the first call compiles
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=SPLIT), min_size=1), st.data())
def test_cuts_remove_exactly_their_spans(text: str, data: st.DataObject) -> None:
    """Removing character spans by byte offsets equals slicing the string, whatever the alphabet."""
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    span = {"start": len(text[:start].encode()), "stop": len(text[:stop].encode()), "replacement": "-", "split": False}
    cut = apply_cuts(pa.array([text]), pa.array([[span]], CUTS))
    assert cut.to_pylist() == [text[:start] + "-" + text[stop:]]


def test_a_split_at_the_edge_leaves_no_mark() -> None:
    """A split separates two pieces; where one side is empty there is nothing to separate."""
    spans = [{"start": a, "stop": b, "replacement": None, "split": True} for a, b in ((0, 1), (2, 3), (4, 5))]
    assert apply_cuts(pa.array(["abcde"]), pa.array([spans], CUTS)).to_pylist() == [f"b{SPLIT}d"]


def test_what_is_computed_once_belongs_to_its_texts() -> None:
    """Documents with cuts made have words, lines and counts of their own."""
    docs = Documents.from_texts(["One line.\nMenu\n", "Ünchanged"])
    before = docs.words.counts.tolist(), docs.lines.counts.tolist(), docs.text_counts.newlines.tolist()
    assert before == ([3, 1], [3, 1], [2, 0])
    cut = docs.with_cuts(pa.array([[{"start": 9, "stop": 15, "replacement": None, "split": False}], None], CUTS))
    after = cut.words.counts.tolist(), cut.lines.counts.tolist(), cut.text_counts.newlines.tolist()
    assert after == ([2, 1], [1, 1], [0, 0])
    assert (docs.text_chars.tolist(), cut.text_chars.tolist()) == ([15, 9], [9, 9])
    assert docs.words is docs.words and docs.lines is docs.lines


def test_ids_are_found_among_sorted_ones() -> None:
    """find_ids finds each known id, also where two share their first 64 bits, and no unknown one."""
    known = np.array([[5, 1], [5, 2], [1, 9], [7, 0]], np.uint64)
    known = known[sort_ids(known)]
    wanted = np.array([[5, 2], [5, 3], [0, 0], [9, 9], [1, 9]], np.uint64)
    found = find_ids(known, wanted)
    assert found.tolist() == [2, -1, -1, -1, 0]
    assert (known[found[found >= 0]] == wanted[found >= 0]).all()


def test_ids_depend_on_source_file_and_offset_only() -> None:
    """Different records have different ids, and an id never changes."""
    keys = [("a", "f", 0), ("a", "f", 1), ("a", "g", 0), ("b", "f", 0)]
    assert len({document_id(*key) for key in keys}) == 4
    assert document_id("a", "f", 0).hex() == document_id("a", "f", 0).hex()


def test_batches_need_a_text_column() -> None:
    """A batch without text is refused with the names that it has."""
    with pytest.raises(KeyError, match="body"):
        Documents.from_batch(pa.RecordBatch.from_pydict({"body": ["x"]}))


def _many(count: int) -> Documents:
    return Documents.from_texts([f"document number {number}" for number in range(count)])


def test_draws_are_uniform_and_independent() -> None:
    """Draws pass a Kolmogorov-Smirnov test, and draws for two purposes are uncorrelated."""
    ids = _many(20_000).id_words
    first, second = uniform(1, "a", ids), uniform(1, "b", ids)
    assert stats.kstest(first, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_a_draw_does_not_depend_on_the_batch() -> None:
    """The draw of a document is the same alone, in a slice and in the whole."""
    docs = _many(50)
    whole = uniform(7, "x", docs.id_words)
    sliced = docs.id.slice(20, 5)
    assert uniform(7, "x", id_words(sliced)).tolist() == whole[20:25].tolist()
