"""Decontamination in plain Python on strings, as slow and as obvious as can be, to compare with."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u4e00-\u9fff]+")

Gram = tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """Spans as (start, stop) bytes of the text, the number of cuts, the reason for a drop, and what is left."""

    spans: list[tuple[int, int]]
    cuts: int
    reason: str | None
    pieces: tuple[str, ...]


def words_of(text: str) -> Gram:
    """The lower-cased words of a text."""
    return tuple(match.group().lower() for match in WORD.finditer(text))


def grams_of(texts: list[str], ngram: int, min_item_words: int) -> set[Gram]:
    """What to look for: every n-gram of every text; whole texts that are shorter."""
    grams: set[Gram] = set()
    for text in texts:
        words = words_of(text)
        if len(words) >= ngram:
            grams |= {words[at : at + ngram] for at in range(len(words) - ngram + 1)}
        elif len(words) >= min_item_words:
            grams.add(words)
    return grams


def grams_in(text: str, grams: set[Gram]) -> set[Gram]:
    """The n-grams that a text holds."""
    sections = [words_of(section) for section in text.split("\0")]
    return {gram for words in sections for gram in grams if any(_at(words, at, gram) for at in range(len(words)))}


def decontaminate(text: str, grams: set[Gram], window_chars: int, min_piece_chars: int, max_cuts: int) -> Expected:
    """Apply the rules to one text; `\\0` divides it into sections."""
    spans, pieces, cuts, position = [], [], 0, 0
    for section in text.split("\0"):
        found = _spans(section, grams)
        spans += [(position + _bytes(section[:start]), position + _bytes(section[:stop])) for start, stop in found]
        position += _bytes(section) + 1
        gone = [False] * len(section)
        for start, stop in found:
            for at in range(max(0, start - window_chars), min(len(section), stop + window_chars)):
                gone[at] = True
        cuts += sum(here and not before for here, before in zip(gone, [False, *gone], strict=False))
        left = _runs(section, gone)
        pieces += [piece for piece in left if len(piece) >= min_piece_chars] if found else [section]
    pieces = [piece for piece in pieces if piece]
    if not spans:
        return Expected([], 0, None, tuple(pieces))
    if cuts > max_cuts:
        return Expected(spans, cuts, "too_many_cuts", ())
    if not pieces:
        return Expected(spans, cuts, "no_piece_left", ())
    return Expected(spans, cuts, None, tuple(pieces))


def _spans(section: str, grams: set[Gram]) -> list[tuple[int, int]]:
    """Matches as (start, stop) characters, those that share a word or adjoin merged."""
    places = [match.span() for match in WORD.finditer(section)]
    words = words_of(section)
    matched = [(at, at + len(gram)) for at in range(len(words)) for gram in grams if _at(words, at, gram)]
    merged: list[list[int]] = []
    for begin, end in sorted(matched):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return [(places[begin][0], places[end - 1][1]) for begin, end in merged]


def _runs(section: str, gone: list[bool]) -> list[str]:
    """The stretches of a section that are not cut."""
    runs, current = [], ""
    for character, cut in zip(section, gone, strict=True):
        if cut and current:
            runs.append(current)
        current = "" if cut else current + character
    return [*runs, current] if current else runs


def _at(words: Gram, at: int, gram: Gram) -> bool:
    return words[at : at + len(gram)] == gram


def _bytes(text: str) -> int:
    return len(text.encode())
