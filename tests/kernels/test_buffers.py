"""What kernels are given: checked text, or an error before any of it is read."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.documents import Documents
from curate.kernels.buffers import text_buffers


@settings(deadline=None)
@given(st.lists(st.text(), max_size=6), st.data(), st.sampled_from([pa.string(), pa.large_string()]))
def test_texts_are_the_bytes_between_offsets(batch: list[str], data: st.DataObject, kind: pa.DataType) -> None:
    """Whatever the slice and the width of the offsets, text i is `data[offsets[i]:offsets[i + 1]]`."""
    first = data.draw(st.integers(0, len(batch)))
    values, offsets = text_buffers(pa.array(batch, kind).slice(first))
    assert [bytes(values[start:stop]).decode() for start, stop in pairwise(offsets)] == batch[first:]
    assert (values.dtype, offsets.dtype) == (np.uint8, np.int64)
    assert (offsets[0], offsets[-1]) == (0, len(values))
    assert not values.flags.writeable  # one type of array, so that kernels are compiled once


def _strings(data: bytes, *offsets: int) -> pa.Array:
    """A string array of any bytes and offsets: Arrow checks the outermost ones, so they are set afterwards."""
    memory = np.zeros(len(offsets), np.int32)
    array = pa.Array.from_buffers(pa.string(), len(offsets) - 1, [None, pa.py_buffer(memory), pa.py_buffer(data)])
    memory[:] = offsets
    return array


BROKEN = {
    "an offset past the end": _strings(b"abc", 0, 4),
    "a last offset far past the end": _strings(b"abc", 0, 1, 2**31 - 1),
    "offsets that go back": _strings(b"abcdef", 0, 5, 2, 6),
    "a negative offset": _strings(b"abc", -1, 3),
    "a byte that is never in UTF-8": _strings(b"ab\xff", 0, 3),
    "a lone continuation byte": _strings(b"\x80", 0, 1),
    "a character that is cut off": _strings(b"ab\xe4\xbd", 0, 4),
    "a character cut in two by an offset": _strings("é".encode(), 0, 1, 2),
    "a surrogate": _strings(b"\xed\xa0\x80", 0, 3),
    "a character in more bytes than it needs": _strings(b"\xc0\x80", 0, 2),
    "a code point past the last": _strings(b"\xf4\x90\x80\x80", 0, 4),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_arrays_are_refused(name: str) -> None:
    """Offsets out of range and bytes that are not UTF-8 never reach a kernel."""
    with pytest.raises(ValueError, match=r"offset|UTF|UTF8|buffer"):
        text_buffers(BROKEN[name])


@pytest.mark.parametrize("name", BROKEN)
def test_documents_of_broken_arrays_have_no_words(name: str) -> None:
    """The same error stops whoever asks a batch for its words."""
    columns = {"text": BROKEN[name], "id": pa.array([b"x" * 16] * len(BROKEN[name]), pa.binary(16))}
    with pytest.raises(ValueError, match=r"offset|UTF|UTF8|buffer"):
        Documents(pa.RecordBatch.from_pydict(columns)).words  # noqa: B018


def test_nulls_are_refused() -> None:
    """A null is no text; the message says how many there are."""
    with pytest.raises(ValueError, match="2 texts are null"):
        text_buffers(pa.array(["a", None, None]))


@pytest.mark.parametrize(
    "texts",
    [pa.array([b"\xff"]), pa.array(["a"], pa.string_view()), pa.array(["a"]).dictionary_encode(), pa.array([1])],
    ids=["binary", "string_view", "dictionary", "numbers"],
)
def test_other_types_are_refused(texts: pa.Array) -> None:
    """Bytes that were never checked, and arrays with other buffers, are no texts."""
    with pytest.raises(TypeError, match="not string or large_string"):
        text_buffers(texts)
