"""Where a pre-token ends: the patterns of GPT-2, cl100k and o200k as state machines over UTF-8 bytes.

No pattern looks back, so the end of a pre-token follows from where it begins. Regular expressions try their
alternatives in order and take back characters when they fail; each function says in its comments what remains of that.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.bare import inner_njit
from curate.kernels.bits import byte_at
from curate.kernels.pretoken_classes import (
    CASELESS,
    KANA,
    KANA_OTHER,
    KANA_PUNCTUATION,
    LETTERS,
    LOWER,
    MARK,
    NUMBER,
    OTHER,
    SPACE,
    SYMBOLS,
    UPPER,
    class_at,
    run_end,
)
from curate.kernels.pretoken_patterns import (
    DEEPSEEK,
    DIGITS_FIRST,
    ENDING_SPACE,
    FAMILY,
    GPT2,
    MARKS,
    NO_CONTRACTIONS,
    NUMBER_MASK,
    NUMBER_UNIT,
    O200K,
)

BLANK, QUOTE = 0x20, 0x27
NEWLINE, RETURN, SLASH = 0x0A, 0x0D, 0x2F
_CASE = 0x20
_D, _E, _L, _M, _R, _S, _T, _V = (ord(letter) for letter in "delmrstv")
_LONG_S = (0xC5, 0xBF)  # U+017F, which is an s if case is ignored

_MAY_BEGIN_WORD = UPPER | CASELESS | MARK
_MAY_END_WORD = LOWER | CASELESS | MARK


@inner_njit
def contraction(text, at, end, pattern):  # type: ignore[no-untyped-def]
    """The length of 's, 't, 're, 've, 'm, 'll or 'd at `at`, or 0. GPT-2 wants lower case, the others any."""
    if at + 1 >= end or byte_at(text, at) != QUOTE:
        return 0
    any_case = pattern & FAMILY != GPT2
    case = _CASE if any_case else 0
    first = byte_at(text, at + 1) | case
    if first in (_S, _T, _M, _D):
        return 2
    if at + 2 >= end:
        return 0
    if any_case and byte_at(text, at + 1) == _LONG_S[0] and byte_at(text, at + 2) == _LONG_S[1]:
        return 3
    second = byte_at(text, at + 2) | case
    if (first == _L and second == _L) or (first in (_V, _R) and second == _E):
        return 3
    return 0


@inner_njit
def gpt2_end(text, at, end, classes, pattern):  # type: ignore[no-untyped-def]
    """'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+, perhaps after `Digits`."""
    length = contraction(text, at, end, pattern)
    if length:
        return at + length
    digits_first = pattern == DIGITS_FIRST
    first = at + 1 if byte_at(text, at) == BLANK and at + 1 < end else at
    kind, length = class_at(text, first, end, classes)
    if kind == SPACE or (digits_first and kind == NUMBER and first > at):
        return _white_space_end(text, at, end, classes, NUMBER if digits_first else 0)
    if kind == NUMBER and digits_first:
        return first + length
    kinds = NUMBER if kind == NUMBER else LETTERS if kind & LETTERS else SYMBOLS
    return run_end(text, first, end, kinds, classes)


@inner_njit
def _white_space_end(text, begin, end, classes, ending):  # type: ignore[no-untyped-def]
    """\\s+(?!\\S)|\\s+: the last character of a longer run is left to what follows, but not to class `ending`."""
    at, last = begin, begin
    while at < end:
        kind, length = class_at(text, at, end, classes)
        if kind != SPACE:
            return last if last > begin and kind & ending == 0 else at
        last = at
        at += length
    return at


@inner_njit
def cl100k_end(text, at, end, classes, pattern):  # type: ignore[no-untyped-def]
    """(?i:'s|'t|…)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|…"""
    length = contraction(text, at, end, pattern)
    if length:
        return at + length
    letters = LETTERS | MARK if pattern & MARKS else LETTERS
    kind, length = class_at(text, at, end, classes)
    if kind & letters:
        return run_end(text, at, end, letters, classes)
    if kind != NUMBER and not is_newline(byte_at(text, at)):  # any other character may stand before letters
        stop = run_end(text, at + length, end, letters, classes)
        if stop > at + length:
            return stop
    return _unlettered_end(text, at, end, kind, classes, pattern)


@inner_njit
def o200k_end(text, at, end, classes, pattern):  # type: ignore[no-untyped-def]
    """cl100k's pattern with letters split by case, contractions kept with their word, and slashes after symbols.

    Letters: `lead?U*W+` or else `lead?U+W*`, where U is [\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}] and W is
    [\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}].
    """
    kind, length = class_at(text, at, end, classes)
    lead = kind & (LETTERS | NUMBER) == 0 and not is_newline(byte_at(text, at))
    first = at + length if lead else at
    stop, ends_word = _cased_word_end(text, first, end, classes)
    if not ends_word and kind == MARK:  # a mark that cannot lead a `U*W+` can be one
        stop = first
    elif stop == first:
        return _unlettered_end(text, at, end, kind, classes, pattern)
    return stop if pattern & NO_CONTRACTIONS else stop + contraction(text, stop, end, pattern)


@inner_njit
def _cased_word_end(text, first, end, classes):  # type: ignore[no-untyped-def]
    """Where U*W+, or else U+W*, ends that begins at `first` (where neither is, `first`), and whether it was U*W+."""
    at, shared = first, first
    while at < end:
        kind, length = class_at(text, at, end, classes)
        if kind & _MAY_BEGIN_WORD == 0:
            break
        at += length
        if kind & _MAY_END_WORD:
            shared = at  # U* can give back all up to here, so that W+ has this one
    stop = run_end(text, at, end, np.int64(_MAY_END_WORD), classes)
    if stop > at:
        return stop, True
    if shared > first:
        return shared, True
    return at, False


@inner_njit
def _unlettered_end(text, at, end, kind, classes, pattern):  # type: ignore[no-untyped-def]
    """Numbers, symbols and white space of cl100k and o200k; `kind` is the class of the first character."""
    if kind == NUMBER:
        return number_end(text, at, end, classes, (pattern & NUMBER_MASK) // NUMBER_UNIT)
    first = at + 1 if byte_at(text, at) == BLANK else at
    symbols = OTHER if pattern & MARKS else SYMBOLS
    slashes = pattern & FAMILY == O200K
    stop = run_end(text, first, end, symbols, classes)
    if stop > first:
        while stop < end and (is_newline(byte_at(text, stop)) or (slashes and byte_at(text, stop) == SLASH)):
            stop += 1
        return stop
    return lines_end(text, at, end, classes, pattern)


@inner_njit
def number_end(text, at, end, classes, limit):  # type: ignore[no-untyped-def]
    """\\p{N}{1,limit}, or \\p{N}+ if `limit` is 0."""
    count = 0
    while at < end and (limit == 0 or count < limit):
        kind, length = class_at(text, at, end, classes)
        if kind != NUMBER:
            break
        at += length
        count += 1
    return at


@inner_njit
def lines_end(text, begin, end, classes, pattern):  # type: ignore[no-untyped-def]
    """\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+, before them \\s++$ for patterns with `ENDING_SPACE`."""
    at, last, after_newline, kind = begin, begin, begin, SPACE
    while at < end:
        kind, length = class_at(text, at, end, classes)
        if kind != SPACE:
            break
        last = at
        at += length
        if is_newline(byte_at(text, last)):
            after_newline = at
    if after_newline > begin and not (pattern & ENDING_SPACE and at == end):
        return after_newline
    piece_ends = at == end or (pattern & FAMILY == DEEPSEEK and ends_piece(kind))
    return at if piece_ends or last == begin else last


@inner_njit
def ends_piece(kind):  # type: ignore[no-untyped-def]
    """Whether a character of a kind is not in the same piece as white space before it, for DeepSeek."""
    return kind == KANA_OTHER or kind & (NUMBER | KANA | KANA_PUNCTUATION)


@inner_njit
def is_newline(byte):  # type: ignore[no-untyped-def]
    """Whether a byte is one of [\\r\\n]."""
    return byte in (NEWLINE, RETURN)
