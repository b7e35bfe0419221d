"""C4's rules against a plain-Python reading of the paper's code."""

from __future__ import annotations

import json
import re
from itertools import islice

import numpy as np
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.filters.c4 import C4Quality
from curate.kernels.characters import character_flags
from curate.kernels.sentences import count_sentences, sentence_bytes

CITATION = re.compile(r"\[[0-9]*\]|\[edit\]|\[citation needed\]")
LINES = [
    "It rained all day long.",
    " Is this  a question or not? \t",
    'She said: "no more of this!"',
    "It was seen [1] by many[citation needed] people.[23]",
    "[edit] [3] The place has been there.",
    "Home | About | Contact",
    "Too short.",
    "This one just trails off...",
    "Please enable JavaScript to read on.",
    "See our Privacy Policy for more.",
    "function() { return it all now. }.",
    "if (this) { is seen. then it goes.",
    "Lorem ipsum dolor sit amet elit.",
    "一二三四五六七八九。",
    "[1][edit]",
    "",
]
pages = st.lists(st.sampled_from(LINES), max_size=12).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\n\n", "\u2028", " \n "]).map(lambda end: end.join(lines))
)
anything = st.text() | st.text('aB .?!"[1]edit{\n\r\u2028…') | pages


def _sentences(line: str) -> int:
    data = np.frombuffer(line.encode(), np.uint8)
    return int(count_sentences(data, len(data), sentence_bytes(), character_flags()))


def _reference(text: str, stage: C4Quality) -> tuple[str | None, str, int]:
    """Reason, text that stays and sentences, as the paper's code has it."""
    kept, sentences, reasons = [], 0, set()
    phrases = ["lorem ipsum", "javascript", "{", *stage.policy_phrases]
    for line in text.splitlines():
        line = CITATION.sub("", line.strip())
        words = line.split()
        if not line.endswith(tuple(stage.end_marks or "")) or line.endswith("..."):
            continue
        if len(words) < (stage.min_words_per_line or 0) or max(map(len, words)) > (stage.max_word_chars or 0):
            continue
        found = next((p for p in phrases if p in re.sub("[A-Z]+", lambda m: m[0].lower(), line)), None)
        if found is None:
            kept.append(line)
            sentences += _sentences(line)
        reasons.add(found)
    page = "\n".join(kept).strip()
    rules = {
        "lorem_ipsum": "lorem ipsum" in reasons,
        "curly_bracket": "{" in reasons,
        "too_few_sentences": sentences < (stage.min_sentences or 0),
        "no_line_left": not page,
    }
    return next((name for name, failed in rules.items() if failed), None), page, sentences


@settings(deadline=None, max_examples=300)  # the first call compiles
@given(anything, st.sampled_from([C4Quality(), C4Quality(min_sentences=None, min_words_per_line=1)]))
@example("0 0 0 0 .\r0 0 0 0 .\n[edit]0 0 0 0 .", C4Quality())
@example("[1] It rained all day long.\n [2] And so it did all night.\n", C4Quality(min_sentences=None))
def test_verdict_and_text_are_those_of_the_papers_code(text: str, stage: C4Quality) -> None:
    """Reason, sentences and the text with its cuts made are what the reference gives, whatever the text."""
    verdict = stage(text.replace("\0", ""))
    reason, page, sentences = _reference(text.replace("\0", ""), stage)
    assert (verdict.reason, verdict.scores["sentences"]) == (reason, sentences)
    assert verdict.pieces == (() if reason else (page,))


def test_real_reviews_and_articles_are_cut_as_the_papers_code_does(shared_data) -> None:
    """On real text too, every reason, sentence count and remaining text is the reference's."""
    texts = []
    for name in ("reviews-imdb", "wikipedia-en", "wikipedia-zh"):
        with zstandard.open(shared_data / "text" / f"{name}.jsonl.zst", "rt", encoding="utf-8") as lines:
            texts += [json.loads(line)["text"] for line in islice(lines, 60)]
    found = [(v.reason, "".join(v.pieces), v.scores["sentences"]) for v in C4Quality()(texts)]
    expected = [_reference(text, C4Quality()) for text in texts]
    assert found == [(reason, "" if reason else page, sentences) for reason, page, sentences in expected]


@settings(deadline=None)  # the first call compiles
@given(st.lists(anything, min_size=1, max_size=5), st.data())
def test_a_page_is_judged_the_same_in_any_batch(batch: list[str], data: st.DataObject) -> None:
    """Splitting the batch changes nothing."""
    at = data.draw(st.integers(0, len(batch)))
    assert C4Quality()(batch[:at]) + C4Quality()(batch[at:]) == C4Quality()(batch)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"min_sentences": 3}, "One of these is here. Two of these are here."),
        ({"min_words_per_line": 5, "min_sentences": 1}, "Only four words here."),
        ({"max_word_chars": 9, "min_sentences": 1}, "There is one veryverylong word here."),
        ({"end_marks": ".", "min_sentences": 1}, "Would this one be a question?"),
        ({"drop_lorem_ipsum": True, "min_sentences": 1}, "This is LOREM IPSUM and no more."),
        ({"drop_javascript": True, "min_sentences": 1}, "This needs Javascript to be on."),
        ({"drop_curly_bracket": True, "min_sentences": 1}, "This is { a sort of code."),
        ({"policy_phrases": ["terms of use"], "min_sentences": 1}, "These are our Terms of Use now."),
    ],
)
def test_each_rule_can_be_turned_off(parameters: dict[str, object], text: str) -> None:
    """A page that one rule drops is kept by the same stage without that rule."""
    off = {
        name: False if value is True else [] if isinstance(value, list) else None for name, value in parameters.items()
    }
    off = {name: value for name, value in off.items() if name != "min_sentences" or len(parameters) == 1}
    assert not C4Quality(**parameters)(text).keep
    assert C4Quality(**({"min_sentences": 1} | off))(text).keep


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
    ],
)
def test_sentences_are_counted_by_the_rules(line: str, sentences: int) -> None:
    """Initials, abbreviations before small letters and numbers end no sentence; wide marks need no space."""
    assert _sentences(line) == sentences
