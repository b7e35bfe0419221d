"""Where a pre-token ends by DeepSeek's patterns, as of V3, each of which divides the pieces that the last one left."""

from __future__ import annotations

from curate.kernels.bare import inner_njit
from curate.kernels.bits import byte_at
from curate.kernels.pretoken_classes import (
    KANA,
    KANA_OTHER,
    KANA_PUNCTUATION,
    LETTER,
    MARK,
    NUMBER,
    OTHER,
    PUNCTUATION,
    class_at,
    run_end,
)
from curate.kernels.pretoken_patterns import NUMBER_MASK, NUMBER_UNIT
from curate.kernels.pretoken_rules import BLANK, is_newline, lines_end, number_end

_CASE = 0x20
_A, _Z = ord("a"), ord("z")


@inner_njit
def deepseek_end(text, at, end, classes, pattern):  # type: ignore[no-untyped-def]
    """\\p{N}{1,3}; then the range of Han and Kana; then in all pieces, with what none of it matches between:

    ASCII punctuation and [A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|
    \\s*[\\r\\n]+|\\s+(?!\\S)|\\s+.
    """
    kind, length = class_at(text, at, end, classes)
    words = KANA if kind == KANA_OTHER or kind & (KANA | KANA_PUNCTUATION) else LETTER | MARK
    if kind == NUMBER:
        return number_end(text, at, end, classes, (pattern & NUMBER_MASK) // NUMBER_UNIT)
    if kind & words or kind == KANA_PUNCTUATION:
        return run_end(text, at, end, words if kind & words else KANA_PUNCTUATION, classes)
    if kind == PUNCTUATION:
        stop = _ascii_letters_end(text, at + 1, end) if byte_at(text, at) < 0x80 else at
        return stop if stop > at + 1 else _symbols_end(text, at, end, classes)
    stop = run_end(text, at + length, end, words, classes)
    if stop > at + length and not is_newline(byte_at(text, at)):
        return stop
    if kind in (OTHER, KANA_OTHER):
        return _unmatched_end(text, at, end, classes, kind, words)
    if byte_at(text, at) == BLANK:
        stop = _symbols_end(text, at + 1, end, classes)
        if stop > at + 1:
            return stop
    return lines_end(text, at, end, classes, pattern)


@inner_njit
def _ascii_letters_end(text, at, end):  # type: ignore[no-untyped-def]
    while at < end and _A <= (byte_at(text, at) | _CASE) <= _Z:
        at += 1
    return at


@inner_njit
def _symbols_end(text, at, end, classes):  # type: ignore[no-untyped-def]
    """[\\p{P}\\p{S}]+[\\r\\n]*, or `at` where that is not."""
    stop = run_end(text, at, end, PUNCTUATION, classes)
    while at < stop < end and is_newline(byte_at(text, stop)):
        stop += 1
    return stop


@inner_njit
def _unmatched_end(text, at, end, classes, kind, words):  # type: ignore[no-untyped-def]
    """Where characters of a kind end that nothing matches: before the one that leads a word."""
    last = at
    while at < end:
        found, length = class_at(text, at, end, classes)
        if found != kind:
            return last if found & words else at
        last = at
        at += length
    return at
