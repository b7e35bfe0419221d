"""Phrases against Python's own search."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.kernels.phrases import first_phrase, phrase_table

words = st.text("abKz é{1", min_size=1, max_size=5)
lines = st.text("abkKzZ é{1[", max_size=120) | st.text()


def _small(text: str) -> str:
    """ASCII letters in lower case; all else as it is."""
    return re.sub("[A-Z]+", lambda match: match[0].lower(), text)


@settings(deadline=None)  # the first call compiles
@given(lines, st.lists(words, max_size=5))
@example("We USE COOKIES here, and more", ["use cookies"])
@example("x" * 63 + "cookie", ["cookie"])
@example("x" * 63 + "cookie", ["xc", "cookie"])
@example("[", ["{"])
def test_the_first_phrase_in_the_list_is_found(line: str, phrases: list[str]) -> None:
    """Of all phrases in the line, in any case of ASCII letters, the one named first counts."""
    data = np.frombuffer(line.encode(), np.uint8)
    found = [number for number, phrase in enumerate(phrases) if _small(phrase) in _small(line)]
    assert first_phrase(data, 0, len(data), phrase_table(phrases)) == (found[0] if found else -1)


@settings(deadline=None)  # the first call compiles
@given(lines, words, st.data())
def test_a_phrase_must_lie_within_the_line(text: str, phrase: str, draw: st.DataObject) -> None:
    """What stands before or after the line is not searched, nor a phrase that begins in it and ends outside."""
    at = draw.draw(st.integers(0, len(text)))
    end = draw.draw(st.integers(at, len(text)))
    data = np.frombuffer(text.encode(), np.uint8)
    begin, stop = len(text[:at].encode()), len(text[:end].encode())
    assert (first_phrase(data, begin, stop, phrase_table([phrase])) == 0) == (_small(phrase) in _small(text[at:end]))
