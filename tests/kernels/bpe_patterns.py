"""Tokenizers of every pattern that our encoder knows, and texts made of what the patterns treat specially."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import PreTokenizer

from curate.kernels.pretoken_patterns import PATTERNS, REGEXES, SEQUENCES

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}

#: Patterns that `tokenizers` can be asked about; `cl100k` is what `tiktoken` alone makes of its pattern.
NAMES = [name for name in PATTERNS if name != "cl100k"]

ASCII_PIECES = [
    *("'", "'s", "'S", "'ll", "'lL", "'Re", "'d", "s", "t", "ve", "don't", "I'm", "''s"),
    *(" ", "  ", "   ", "\n", "\n\n", "\r", "\r\n", "\t", "\x0b", "\x0c", " \n", "\n ", "\x1c"),
    *("a", "B", "abc", "ABC", "Foo", "fooBar", "HTMLParser", "1", "12", "1234567"),
    *("/", "//", "!", "...", "_", "\x00", "\x7f"),
]
PIECES = [
    *ASCII_PIECES,
    *(
        "'ſ",
        "ſ",
        "é",
        "É",
        "\u0301",
        "\u0301\u0308",
        "ǅ",
        "ª",
        "ß",
        "İ",
        "中",
        "中文",
        "ひ",
        "カ",
        "・",
        "ー",
        "\u3099",
        "ไ",
        "ื",
        "한국",
        "ʰ",
        "א",
        "ָ",
    ),
    *("½", "²", "ⅷ", "٣", "\U00011de0", "\U0001d7d8", "\u00a0", "\u3000", "\u0085", "\u2028", "\u200b", "\u180e"),
    *("\U0001f600", "👩\u200d👧", "\U000e0100", "\U000e0001", "\U0010ffff", "\ue000", "\ufffd", "—", "”"),
]


def texts() -> st.SearchStrategy[str]:
    """Texts of such pieces, in ASCII or not, and any Unicode."""
    made = [st.lists(st.sampled_from(pieces), max_size=60).map("".join) for pieces in (ASCII_PIECES, PIECES)]
    return st.one_of(*made, st.text(st.characters(exclude_categories=["Cs"]), max_size=60))


def pre_tokenizer(name: str) -> dict[str, Any]:
    """The `pre_tokenizer` of a `tokenizer.json` with a pattern."""
    if name == "gpt2":
        return BYTE_LEVEL | {"use_regex": True}
    if name == "starcoder":
        steps = [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL | {"use_regex": True}]
        return {"type": "Sequence", "pretokenizers": steps}
    sequences = [*((regex,) for regex in REGEXES if REGEXES[regex] == name), *SEQUENCES]
    return split_by(*sequences[0])


def split_by(*regexes: str, behavior: str = "Isolated", invert: bool = False) -> dict[str, Any]:
    """The `pre_tokenizer` of a `tokenizer.json` with regular expressions."""
    options = {"type": "Split", "behavior": behavior, "invert": invert}
    splits = [options | {"pattern": {"Regex": regex}} for regex in regexes]
    return {"type": "Sequence", "pretokenizers": [*splits, BYTE_LEVEL]}


def splitter(steps: dict[str, Any]) -> PreTokenizer:
    """What the `tokenizers` library makes of the `pre_tokenizer` of a `tokenizer.json`."""
    model = {"type": "BPE", "vocab": {}, "merges": []}
    saved = {"added_tokens": [], "pre_tokenizer": steps, "model": model}
    return Tokenizer.from_str(json.dumps(saved)).pre_tokenizer


def with_pattern(tokenizer: Tokenizer, steps: dict[str, Any], ignore_merges: bool = False) -> Tokenizer:
    """The same vocabulary and merges with another pre-tokenizer; control tokens are read as text."""
    saved = json.loads(tokenizer.to_str())
    saved["model"]["ignore_merges"] = ignore_merges
    changed = Tokenizer.from_str(json.dumps(saved | {"pre_tokenizer": steps}))
    changed.encode_special_tokens = True
    return changed
