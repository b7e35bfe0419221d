"""Texts that are said to be in normalisation form C are not changed by the normalizer of `tokenizers`."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from curate.kernels.nfc import surely_nfc

NFC = normalizers.NFC()
PARTS = [
    "a",
    "e",
    "\u0301",
    "\u0323",
    "é",
    "ạ",
    "ｱ",
    "각",
    "\u1100\u1161",
    "\u11a8",
    "\u0bc6",
    "\u0bbe",
    "\u212b",
    "\u0378",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.lists(st.sampled_from(PARTS)).map("".join), st.text(max_size=20)), max_size=5))
def test_what_is_sure_is_not_changed(texts) -> None:
    """No text that is said to be in form C is changed; one without characters that Python's Unicode lacks is told."""
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    for text, sure in zip(texts, surely_nfc(pa.array(texts, pa.string())).tolist(), strict=True):
        assert not sure or NFC.normalize_str(text) == text
        if all(unicodedata.category(character) != "Cn" and character < "\U000e1000" for character in text):
            assert sure == unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("before", ["a", "é", "\u1100", "\u0bc6", "\u0301"])
def test_every_character_after_others(before) -> None:
    """Each code point, alone and after what it may join, is told from what the normalizer makes of it."""
    codes = [*range(0xD800), *range(0xE000, 0x20000), *range(0x20000, 0x110000, 61)]
    texts = [before + chr(code) for code in codes]
    sure = surely_nfc(pa.array(texts))
    normal = [NFC.normalize_str(text) == text for text in texts]
    assert not any(said and not true for said, true in zip(sure.tolist(), normal, strict=True))


def test_plain_text_is_sure_without_a_look_at_it() -> None:
    """ASCII and precomposed letters are in form C, also at the end of the buffer and in slices."""
    texts = pa.array(["plain text of some length", "é", "", "naïve café", "日本語", "한국어"])
    assert surely_nfc(texts).all() and surely_nfc(texts[2:4]).all() and len(surely_nfc(texts[:0])) == 0
