"""The patterns that split text before BPE: their names, codes, and how a `tokenizer.json` writes them.

A code is a sum of flags, so that the many patterns in use are few compiled rules:

- the family: GPT-2's pattern (Radford et al. 2019, section 2.2), cl100k's and o200k's (of `tiktoken`), DeepSeek's;
- how many digits at most make a number, times `NUMBER_UNIT`; 0 is any number of them;
- flags for the rest.

The same regular expression can mean different things to different engines. What counts here is `tokenizers`: to its
engine `\\p{N}{1,3}+` is any number of digits, to that of `tiktoken` at most three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Families, in the two lowest bits.
GPT2, CL100K, O200K, DEEPSEEK = range(4)
FAMILY = 3

NUMBER_UNIT = 4
NUMBER_MASK = 3 * NUMBER_UNIT

#: Every digit is a pre-token, and white space before one is treated as at the end of the text: GPT-2's pattern after
#: `Digits`. Only with `GPT2 | NUMBER_UNIT`, which implies it.
DIGITS_FIRST = GPT2 | 1 * NUMBER_UNIT
#: Combining marks count as letters (CL100K).
MARKS = 16
#: 's, 't, 're, 've, 'm, 'll and 'd are nothing special. (In O200K, else, they belong to the word before them.)
NO_CONTRACTIONS = 32
#: White space that ends a text is one pre-token, even with a newline in it (CL100K).
ENDING_SPACE = 64

PATTERNS: dict[str, int] = {
    "gpt2": GPT2,  # also GPT-NeoX
    "starcoder": DIGITS_FIRST,  # also SmolLM2 and Command R
    "cl100k": CL100K | 3 * NUMBER_UNIT | ENDING_SPACE,  # as `tiktoken` 0.14 reads it
    "llama3": CL100K | 3 * NUMBER_UNIT,  # also cl100k as it is converted to a tokenizer.json
    "nanochat": CL100K | 2 * NUMBER_UNIT,
    "qwen2": CL100K | 1 * NUMBER_UNIT,  # also Qwen2.5 and Qwen3
    "qwen3.5": CL100K | 1 * NUMBER_UNIT | MARKS,
    "cl100k_any_digits": CL100K | ENDING_SPACE,  # the string of `tiktoken` 0.14 as `tokenizers` reads it
    "o200k": O200K | 3 * NUMBER_UNIT,  # also gpt-oss and Llama 4
    "tekken": O200K | 1 * NUMBER_UNIT | NO_CONTRACTIONS,  # Mistral NeMo
    "deepseek": DEEPSEEK | 3 * NUMBER_UNIT | NO_CONTRACTIONS,  # DeepSeek V3 and R1
}

_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s"
)
_TIKTOKEN_CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,%s}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]"
_POSSESSIVE_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)

#: The regular expressions that are known, as files write them, with the name of the pattern.
REGEXES: dict[str, str] = {
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": "gpt2",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": "gpt2",
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": "gpt2",
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s": "gpt2",
    _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + _SPACES: "llama3",
    _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + _SPACES: "qwen2",
    _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + _SPACES: "qwen3.5",
    _TIKTOKEN_CL100K % 3 + r"|\s+(?!\S)|\s+": "llama3",
    _TIKTOKEN_CL100K % 2 + r"|\s+(?!\S)|\s+": "nanochat",
    _POSSESSIVE_CL100K: "cl100k_any_digits",
    _CASED % (_CONTRACTIONS + "?", _CONTRACTIONS + "?") + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + _SPACES: "o200k",
    _CASED % ("", "") + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + _SPACES: "tekken",
}
#: Sequences of expressions, each of which divides the pieces that the last one made.
SEQUENCES: dict[tuple[str, ...], str] = {
    (
        r"\p{N}{1,3}",
        "[一-龥\u3040-ゟ゠-ヿ]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
        r"| ?[\p{P}\p{S}]+[\r\n]*|" + _SPACES,
    ): "deepseek"
}


def pattern_of(pre_tokenizer: Mapping[str, Any] | None) -> str:
    """The name of the pattern by which the `pre_tokenizer` of a `tokenizer.json` splits.

    Raises:
        ValueError: it is not one of those known; the message names what it is.

    >>> pattern_of({"type": "ByteLevel", "add_prefix_space": False, "use_regex": True})
    'gpt2'
    """
    *steps, last = _steps(pre_tokenizer or {"type": "none"})
    if last.get("type") != "ByteLevel":
        raise ValueError(f"the pre-tokenizer {last.get('type')}")
    if last.get("add_prefix_space", True):
        raise ValueError("add_prefix_space")
    whole = last.get("use_regex", True)
    if whole and not steps:
        return "gpt2"
    if whole and steps == [{"type": "Digits", "individual_digits": True}]:
        return "starcoder"
    if not whole and steps and all(step.get("type") == "Split" for step in steps):
        regexes = tuple(str(step["pattern"].get("Regex", step["pattern"])) for step in steps)
        if len(steps) == 1 and _keeps_matches(steps[0]) and regexes[0] in REGEXES:
            return REGEXES[regexes[0]]
        if all(map(_isolates, steps)) and regexes in SEQUENCES:
            return SEQUENCES[regexes]
        raise ValueError(f"the pattern {' and then '.join(regexes)}")
    raise ValueError(f"the pre-tokenizers {', '.join(str(step.get('type')) for step in [*steps, last])}, in this order")


def _steps(pre_tokenizer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A pre-tokenizer, or those of which a sequence consists."""
    if pre_tokenizer.get("type") != "Sequence":
        return [pre_tokenizer]
    return [step for part in pre_tokenizer["pretokenizers"] for step in _steps(part)] or [{"type": "none"}]


def _isolates(split: Mapping[str, Any]) -> bool:
    """Whether each match is a pre-token, and so is what is between two matches."""
    return split.get("behavior") == "Isolated" and not split.get("invert", False)


def _keeps_matches(split: Mapping[str, Any]) -> bool:
    """The same for a pattern that matches every character, so that nothing is between matches."""
    return _isolates(split) or (split.get("behavior"), split.get("invert", False)) == ("Removed", True)
