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

from curate.documents import SPLIT
from curate.filters.c4 import C4Quality
from curate.kernels.characters import character_flags
from curate.kernels.sentences import count_sentences

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
split_pages = st.lists(pages, max_size=4).map("\0".join)
anything = st.text() | st.text('aB .?!"[1]edit{\n\r\u2028…\0') | pages | split_pages


def _sentences(line: str) -> int:
    data = np.frombuffer(line.encode(), np.uint8)
    return int(count_sentences(data, 0, len(data), character_flags()))


def _kept_lines(text: str, stage: C4Quality, reasons: set[str | None]) -> list[str]:
    """The lines that stay, as the paper's code has it; adds what took the others to `reasons`."""
    kept = []
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
        reasons.add(found)
    return kept


def _reference(text: str, stage: C4Quality) -> tuple[str | None, tuple[str, ...], int]:
    """Reason, pieces that stay and sentences: the paper's code on each document of a text that was split."""
    reasons: set[str | None] = set()
    kept = [_kept_lines(document, stage, reasons) for document in text.split(SPLIT)]
    sentences = sum(_sentences(line) for lines in kept for line in lines)
    pages = tuple(page for lines in kept if (page := "\n".join(lines).strip()))
    rules = {
        "lorem_ipsum": "lorem ipsum" in reasons,
        "curly_bracket": "{" in reasons,
        "too_few_sentences": sentences < (stage.min_sentences or 0),
        "no_line_left": not pages,
    }
    reason = next((name for name, failed in rules.items() if failed), None)
    return reason, () if reason else pages, sentences


@settings(deadline=None, max_examples=300)  # the first call compiles
@given(anything, st.sampled_from([C4Quality(), C4Quality(min_sentences=None, min_words_per_line=1)]))
@example("0 0 0 0 .\r0 0 0 0 .\n[edit]0 0 0 0 .", C4Quality())
@example("[1] It rained all day long.\n [2] And so it did all night.\n", C4Quality(min_sentences=None))
@example("One of two lines [stays].[", C4Quality(min_sentences=None))
@example("It rained all day.\nNot\0this. It rained all night long.\0\0 Or so it was said.", C4Quality(min_sentences=1))
def test_verdict_and_text_are_those_of_the_papers_code(text: str, stage: C4Quality) -> None:
    """Reason, sentences and the text with its cuts made are what the reference gives, whatever the text."""
    verdict = stage(text)
    assert (verdict.reason, verdict.pieces, verdict.scores["sentences"]) == _reference(text, stage)


def test_real_reviews_and_articles_are_cut_as_the_papers_code_does(shared_data) -> None:
    """On real text too, every reason, sentence count and remaining text is the reference's."""
    texts = []
    for name in ("reviews-imdb", "wikipedia-en", "wikipedia-zh"):
        with zstandard.open(shared_data / "text" / f"{name}.jsonl.zst", "rt", encoding="utf-8") as lines:
            texts += [json.loads(line)["text"] for line in islice(lines, 60)]
    found = [(v.reason, v.pieces, v.scores["sentences"]) for v in C4Quality()(texts)]
    assert found == [_reference(text, C4Quality()) for text in texts]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("First line of one.\0First line of two.", ("First line of one.", "First line of two.")),
        ("First line of one.\nMenu\0 Menu\nSecond line of two.", ("First line of one.", "Second line of two.")),
        ("First line of one.\0Menu\0First line of three.", ("First line of one.", "First line of three.")),
        ("Menu\0First line of two.\0Menu", ("First line of two.",)),
        ("The end\0of a line it is.", ("of a line it is.",)),
    ],
)
def test_cut_lines_leave_the_marks_between_documents(text: str, pieces: tuple[str, ...]) -> None:
    """Documents that an earlier stage has split stay apart, whatever lines go; one of which nothing is left is gone."""
    assert C4Quality(min_sentences=None, min_words_per_line=4)(text).pieces == pieces


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
