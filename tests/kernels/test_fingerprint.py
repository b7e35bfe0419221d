"""Hashes of texts: published values, and no dependence on the batch."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.buffers import text_buffers
from curate.kernels.fingerprint import fingerprints


def _hex_of(texts: list[str]) -> list[str]:
    return [f"{low:016x}{high:016x}" for low, high in fingerprints(*text_buffers(pa.array(texts, pa.string())))]


def test_published_values() -> None:
    """The 128-bit hashes are MurmurHash3_x64_128's."""
    assert _hex_of(["", "hello", "The quick brown fox jumps over the lazy dog"]) == [
        "0" * 32,
        "cbd8a7b341bd9b025b1e906a48ae1d19",
        "e34bbc7bbc071b6c7a433ca9c49a9347",
    ]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text() | st.text("ab", max_size=40), min_size=1, max_size=8), st.data())
def test_equal_exactly_if_the_texts_are(texts: list[str], data: st.DataObject) -> None:
    """Texts hash alike if and only if they are equal, and the same in any batch."""
    hashes = _hex_of(texts)
    assert len(set(zip(texts, hashes, strict=True))) == len(set(texts)) == len(set(hashes))
    at = data.draw(st.integers(0, len(texts)))
    assert _hex_of(texts[:at]) + _hex_of(texts[at:]) == hashes


def test_every_length_of_tail_counts() -> None:
    """Prefixes of any length differ, and zeros at the end are not padding."""
    data = np.zeros(64, np.uint8)
    hashes = {fingerprints(data, np.array([0, size])).tobytes() for size in range(64)}
    assert len(hashes) == 64
