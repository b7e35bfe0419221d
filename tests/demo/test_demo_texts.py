"""Properties of how texts are cut, changed and planted."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from curate.demo.document import Document, jaccard, without_near_copies, words
from curate.demo.items import make_items
from curate.demo.planted import Pools, change_words, insert_spread
from curate.demo.pythondocs import scrub
from curate.demo.references import Speech, by_role, sections, speeches
from curate.errors import InternalError

paragraphs = st.lists(st.text("abc ,.", min_size=1).map(str.strip).filter(bool), min_size=1, max_size=30)


@given(paragraphs, st.integers(1, 40))
def test_sections_lose_nothing_and_are_long_enough(parts: list[str], min_chars: int) -> None:
    """Sections joined again are the text; all have the least length, unless the whole text is shorter."""
    text = "\n\n".join(parts)
    found = list(sections(text, min_chars))
    assert "\n\n".join(found) == text
    assert len(found) == 1 or all(sum(map(len, section.split("\n\n"))) >= min_chars for section in found)


@given(st.integers(20, 2000), st.integers(5, 150))
def test_one_word_in_so_many_is_changed(count: int, every: int) -> None:
    """As many words change as the distance says, at that distance, and no other."""
    before = [f"w{number}" for number in range(count)]
    after = words(change_words(" ".join(before), every))
    changed = [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed == list(range(every // 2, count, every))


@given(st.integers(11, 60), st.integers(1, 10))
def test_fragments_are_spread_between_paragraphs(count: int, fragments: int) -> None:
    """Taken out again, fragments leave the text as it was; they keep their order and do not touch."""
    text = "\n\n".join(f"paragraph {number}" for number in range(count))
    planted = insert_spread(text, [f"<{number}>" for number in range(fragments)]).split("\n\n")
    assert [part for part in planted if part[0] == "<"] == [f"<{number}>" for number in range(fragments)]
    assert "\n\n".join(part for part in planted if part[0] != "<") == text


def test_jaccard_is_exact() -> None:
    """Similarity is of sets of lower-cased word 5-grams, repeats counted once; without any it is 0."""
    assert jaccard("a b c d e a b c d e", "a b c d e") == 1 / 5
    assert jaccard("a b c", "a b c") == 0.0


def test_near_copies_are_left_out_in_order() -> None:
    """The first of two alike stays; boilerplate that everybody has makes nobody alike."""
    boiler = " ".join(f"b{number}" for number in range(10))
    texts = [f"{boiler} " + " ".join(f"w{page}x{number}" for number in range(40)) for page in range(30)]
    pages = [Document("s", "", str(number), "", text) for number, text in enumerate([*texts, texts[3] + " more"])]
    assert [page.title for page in without_near_copies(pages)] == [str(number) for number in range(30)]


@pytest.mark.parametrize(
    ("shown", "scrubbed"),
    [
        ("&lt;object&nbsp;object&nbsp;at&nbsp;0x7f586494c540&gt;", "&lt;object object&gt;"),
        ("function f at 0xDEADBEEF", "function f"),
        ("at 0 x", "at 0 x"),
    ],
)
def test_addresses_are_scrubbed(shown: str, scrubbed: str) -> None:
    """Addresses of objects go, whether after a space or a non-breaking one."""
    assert scrub(shown) == scrubbed


def test_each_speech_has_one_role() -> None:
    """Roles share the speeches out: none is lost, none is in two."""
    every = speeches()
    named = [speech.name for group in by_role(every).values() for speech in group]
    assert sorted(named) == sorted(speech.name for speech in every)
    assert len(named) == len(set(named)) > 200


def test_too_few_texts_are_said_to_be_too_few() -> None:
    """If packages ever ship less text, the builder stops and says what is missing."""
    with pytest.raises(InternalError, match="webtext2"):
        Pools({"webtext2": []}).take("webtext2")
    with pytest.raises(InternalError, match="reading"):
        make_items([Speech("1", "A", "2020-01-01", "", "Too short.")], [], {"reading": 1, "last_word": 0, "short": 0})
