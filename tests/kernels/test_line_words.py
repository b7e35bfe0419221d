"""Words of a line against `str.split`."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.kernels.characters import character_flags
from curate.kernels.line_words import count_words, has_longer_word

#: White space of one, two and three bytes; what shares its first byte; and what is no white space although unseen.
SPACES = " \t\r\x1c\x1f\x85\u00a0\u1680\u2003\u2028\u202f\u205f\u3000"
lines = (
    st.text()
    | st.text(SPACES + "aé“…ẞア\0\x01\u200b🙂")
    | st.text("ab ", max_size=300)
    | st.text("一\u3000", max_size=90)
)


def _bytes(line: str) -> np.ndarray:
    return np.frombuffer(line.encode(), np.uint8)


@settings(deadline=None)  # the first call compiles
@given(lines)
@example("x" * 62 + "\u3000" + "y")
@example("x" * 63 + "\u00a0" + "y")
@example("\u2028" * 40)
def test_words_are_those_of_split(line: str) -> None:
    """As many words as `str.split` finds, wherever blocks of 64 bytes end."""
    data = _bytes(line)
    assert count_words(data, 0, len(data), character_flags()) == len(line.split())


@settings(deadline=None)  # the first call compiles
@given(lines, st.integers(0, 70))
@example("é" * 50 + " " + "é" * 51, 50)
@example("ab " * 30 + "abc", 2)
@example("a" * 20 + "\u2003" + "a" * 20, 20)
def test_long_words_are_those_of_split(line: str, max_chars: int) -> None:
    """A word is too long by its characters, not its bytes, and ends at any white space."""
    data = _bytes(line)
    expected = any(len(word) > max_chars for word in line.split())
    assert has_longer_word(data, 0, len(data), max_chars, character_flags()) == expected
