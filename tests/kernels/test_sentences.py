"""Sentences against a plain-Python reading of the rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.kernels.characters import SENTENCE_ENDS, character_flags
from curate.kernels.sentences import count_sentences

ENDS, CLOSERS = set(SENTENCE_ENDS) | {"…"}, set("\"'”’»)]）」』")
lines = st.text() | st.text("abAB.. ?!\"')…。”é\u3000\u00a0\u0964 \0", max_size=90)


def _count(line: str) -> int:
    data = np.frombuffer(line.encode(), np.uint8)
    return int(count_sentences(data, 0, len(data), character_flags()))


def _run(line: str, at: int, characters: set[str]) -> int:
    while at < len(line) and line[at] in characters:
        at += 1
    return at


def _ends(line: str, at: int, after: int) -> bool:
    """Whether the marks `line[at:after]` end a sentence."""
    rest = line[after:].lstrip()
    if not rest or ord(line[at]) >= 0x3000:
        return True
    if len(rest) == len(line) - after:
        return False
    if line[at:after] != ".":
        return True
    initial = at > 0 and "A" <= line[at - 1] <= "Z" and (at == 1 or line[at - 2] in " .")
    return not rest[0].islower() and not initial


def _reference(line: str) -> int:
    sentences = at = last = 0
    while at < len(line):
        if line[at] not in ENDS:
            at += 1
            continue
        after = _run(line, _run(line, at, ENDS), CLOSERS)
        if _ends(line, at, after):
            sentences, last = sentences + 1, after
        at = after
    return sentences + bool(line[last:].strip())


@settings(deadline=None, max_examples=300)  # the first call compiles
@given(lines)
@example("a" * 63 + ". B")
@example("a" * 62 + '?!" B. c.')
@example("Ends.\u3000Then 3.14. And J. S. too.")
def test_sentences_are_those_of_the_rules(line: str) -> None:
    """As many sentences as the rules give, for whatever line and wherever blocks of 64 bytes end."""
    assert _count(line) == _reference(line)


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("", 0),
        ("One", 1),
        ("One. Two! Three? Four", 4),
        ('He said "Go." Then he went.', 2),
        ("J. Smith of the U.S. Army met approx. five men.", 1),
        ("Wait... What?!", 2),
        ("一二。三四！五", 3),
        ("Version 3.14 is here.", 1),
        ("यह एक है। यह दो है।", 2),
    ],
)
def test_sentences_of_real_lines(line: str, sentences: int) -> None:
    """Initials, abbreviations before small letters and numbers end no sentence; wide marks need no space."""
    assert _count(line) == sentences
