"""Pre-tokens end where `tokenizers` ends them, by every pattern, found one by one and 64 bytes at a time."""

from __future__ import annotations

import io
import json
from pydoc_data.topics import topics

import numpy as np
import pytest
import zstandard
from bpe_patterns import BYTE_LEVEL, NAMES, pre_tokenizer, split_by, splitter, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import PreTokenizedString
from tokenizers.pre_tokenizers import PreTokenizer

from curate.kernels.bare import bare_njit
from curate.kernels.hashing import U64
from curate.kernels.pretoken_classes import table_codes
from curate.kernels.pretoken_patterns import PATTERNS, REGEXES, SEQUENCES, pattern_of
from curate.kernels.pretokenize import character_classes, next_end, rule_end

SPLITTERS = {name: splitter(pre_tokenizer(name)) for name in NAMES}


@bare_njit(cache=False)  # what it calls may change while its own file does not
def _walk(data, end, classes, pattern, one_by_one, stops):  # type: ignore[no-untyped-def]
    """Write where the pre-tokens of `data[:end]` end; return how many there are."""
    text, table = U64(data.ctypes.data), U64(classes.ctypes.data)
    at, window, ends, count = 0, 0, U64(0), 0
    while at < end:
        if one_by_one:
            at = rule_end(text, at, end, table, pattern)
        else:
            at, window, ends = next_end(text, len(data), at, end, table, pattern, window, ends)
        stops[count] = at
        count += 1
    return count


def _found(name: str, text: str, one_by_one: bool, after: bytes = b"x1 \n" * 16) -> list[int]:
    encoded = text.encode()
    stops = np.empty(len(encoded) + 1, np.int64)
    data = np.frombuffer(encoded + after, np.uint8)
    count = _walk(data, len(encoded), character_classes(PATTERNS[name]), PATTERNS[name], one_by_one, stops)
    return stops[:count].tolist()


def _expected(name: str, text: str) -> list[int]:
    return _stops(SPLITTERS[name], text)


def _stops(splitter: PreTokenizer, text: str) -> list[int]:
    split = PreTokenizedString(text)
    splitter.pre_tokenize(split)
    return [stop for _, (_, stop), _ in split.get_splits("original", "byte")]


def _check(text: str, names: list[str] = NAMES) -> None:
    for name in names:
        expected = _expected(name, text)
        assert _found(name, text, one_by_one=True) == expected, name
        assert _found(name, text, one_by_one=False) == expected, name


@settings(max_examples=300, deadline=None)
@given(texts())
def test_same_ends_on_any_unicode(text) -> None:
    """Arbitrary text, and text made of what the patterns treat specially, is split alike by all of them."""
    _check(text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_same_ends_on_random_bytes(data) -> None:
    """Bytes that mean nothing, decoded with replacement, are split alike."""
    _check(data.decode("utf-8", "replace"))


@settings(max_examples=100, deadline=None)
@given(texts(), st.sampled_from([b"", b"'s", b"s't", b"\n\n ", b"123" * 40, "ſé".encode() * 20]))
def test_what_follows_a_text_in_memory_does_not_matter(text, after) -> None:
    """The bytes of the next text, or the end of the buffer, do not change where pre-tokens end."""
    for name in NAMES:
        assert _found(name, text, False, after) == _expected(name, text), name


def test_same_ends_on_prose() -> None:
    """The language reference, with its code, tables and indentation, is split alike."""
    for text in topics.values():
        _check(text)


@pytest.mark.slow
def test_same_ends_around_every_character() -> None:
    """Each code point, after and before letters, digits, quotes, spaces and newlines, and doubled, is split alike.

    The long ranges of Han, Hangul and private use are thinned out.
    """
    codes = table_codes()
    codes = codes[(codes < 0xD800) | (codes >= 0xE000)]
    uniform = ((codes > 0x4E10) & (codes < 0x9F00)) | ((codes > 0xAC10) & (codes < 0xD700)) | (codes > 0x1FFFF)
    codes = codes[~uniform | (codes % 61 == 0) | (codes > 0xE00FF)].tolist()
    for start in range(0, len(codes), 1000):
        text = "".join(f"{c}a{c} {c}A{c}1{c}'{c}\n{c}!{c}  {c}{c}b" for c in map(chr, codes[start : start + 1000]))
        for name in ("gpt2", "starcoder", "qwen3.5", "o200k", "deepseek"):
            assert _found(name, text, one_by_one=True) == _expected(name, text), (name, hex(codes[start]))


@pytest.mark.slow
def test_same_ends_on_real_text_in_many_languages(shared_data) -> None:
    """Declarations in 380 languages and varieties are split alike."""
    with (shared_data / "langid/udhr.jsonl.zst").open("rb") as file:
        stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        for line in stream:
            _check(json.loads(line)["text"][:2000], ["gpt2", "llama3", "o200k", "deepseek"])


def test_the_long_s_is_an_s_in_any_case() -> None:
    """'ſ is a contraction where case is ignored, for both engines of regular expressions."""
    assert _found("llama3", "a'ſb", one_by_one=True) == [1, 4, 5]
    assert _found("o200k", "a'ſb", one_by_one=True) == [4, 5]
    assert _found("gpt2", "a'ſb", one_by_one=True) == [1, 2, 5]


def test_cl100k_keeps_white_space_at_the_end_whole() -> None:
    """`tiktoken` matches \\s++$ before \\s*[\\r\\n]; conversions to a tokenizer.json have not."""
    assert _found("cl100k", "a\n  ", one_by_one=True) == [1, 4]
    assert _found("llama3", "a\n  ", one_by_one=True) == [1, 2, 4]


@pytest.mark.parametrize("name", NAMES)
def test_patterns_are_recognised(name) -> None:
    """The pre-tokenizer of each pattern is named, also in a sequence, and if it removes all but what matches."""
    assert pattern_of(pre_tokenizer(name)) == name
    assert pattern_of({"type": "Sequence", "pretokenizers": [pre_tokenizer(name)]}) == name


@pytest.mark.parametrize("regex", REGEXES)
def test_every_known_expression_means_its_pattern(regex) -> None:
    """All ways of writing a pattern split alike."""
    assert pattern_of(split_by(regex, behavior="Removed", invert=True)) == REGEXES[regex]
    for text in (topics["strings"], "a  \n 'S it'll 12345678\n\n \n", "fooBar/\n/ “x”"):
        assert _stops(splitter(split_by(regex)), text) == _expected(REGEXES[regex], text)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (None, "none"),
        ({"type": "Metaspace"}, "Metaspace"),
        (BYTE_LEVEL, "ByteLevel"),
        (BYTE_LEVEL | {"use_regex": True, "add_prefix_space": True}, "add_prefix_space"),
        (split_by(r"\w+|\W+"), r"\w+"),
        (split_by(next(iter(REGEXES)), behavior="MergedWithNext"), "the pattern 's"),
        ({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": False}, BYTE_LEVEL]}, "Digits"),
        ({"type": "Sequence", "pretokenizers": []}, "none"),
        (split_by(*next(iter(SEQUENCES)), behavior="Removed", invert=True), "and then"),
    ],
)
def test_other_pre_tokenizers_are_named(steps, reason) -> None:
    """What is not one of the patterns is refused, with what it is."""
    with pytest.raises(ValueError, match=reason.replace("\\", "\\\\").replace("+", "\\+")):
        pattern_of(steps)
