"""Links in Markdown: the right words lead to the right place, and nothing else changes."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cli import main
from curate.ingest import extract_text
from curate.ingest.source import ExtractOptions

_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")


def linked(html: str | bytes, links: bool = True) -> str:
    """All of a page as Markdown."""
    return extract_text(html, engine="curate", format="markdown", links=links, main_content=False)


def test_links_are_off_by_default():
    """Nobody who does not ask gets addresses in the text."""
    html = "<p>one <a href=/x>two</a></p>"
    assert extract_text(html, engine="curate", format="markdown", main_content=False) == "one two"


def test_links_stand_where_they_were():
    """In paragraphs, items, headings and cells; blanks stay outside; one that is not ended ends at the next."""
    html = (
        "<h2><a href=/h>Head</a></h2><p>one<a href='/a?b=1&amp;c=2'> two </a>three <a href=/4>four <a href=/5>five</a>"
        "<ul><li><a href='/i'>item</a></ul><table><tr><td><a href='/|'>x</a><td>y<tr><td>z<td>w</table>"
    )
    assert linked(html) == (
        "## [Head](/h)\n\none [two](/a?b=1&c=2) three [four](/4) [five](/5)\n\n- [item](/i)\n\n"
        "| [x](/%7C) | y |\n|---|---|\n| z | w |"
    )


def test_code_has_no_links():
    """In a fence they would be text."""
    assert linked("<pre><a href=/x>f</a>()</pre>") == "```\nf()\n```"


def test_a_link_around_blocks_is_one_in_each():
    """What is between them is no part of it."""
    assert linked("<a href=/x><p>one</p> <p>two</p></a><p>three") == "[one](/x)\n\n[two](/x)\n\nthree"


@pytest.mark.parametrize("target", ["#part", "", " ", "javascript:go()", "JavaScript:go()", "data:text/html,x"])
def test_what_leads_nowhere_is_text(target):
    """Places of the same page, scripts and data are no targets."""
    assert linked(f"<p>one <a href='{target}'>two</a></p>") == "one two"


def test_a_target_cannot_end_the_link():
    """Blanks, parentheses, quotes and other scripts are written in percent; brackets of the words are kept."""
    html = '<p><a href="/a (b)\n<c>/é">d [e]</a></p>'
    assert linked(html) == r"[d \[e\]](/a%20%28b%29%3Cc%3E/%C3%A9)"


def test_the_command_keeps_links(tmp_path):
    """`curate extract --links`; plain text has none, and says so."""
    (tmp_path / "page.html").write_text(
        "<main>" + "<p>Some words that say <a href=/x>enough</a>, and a few more.</p>" * 9
    )
    done = CliRunner().invoke(main, ["extract", str(tmp_path / "page.html"), "--format", "markdown", "--links"])
    assert done.exit_code == 0 and "[enough](/x)" in done.output
    with pytest.raises(ValueError, match="markdown"):
        ExtractOptions(links=True)


_PIECES = st.sampled_from(
    [
        "<a href=/x>",
        "<a href='/y z'>",
        "<a>",
        "</a>",
        "<p>",
        "</p>",
        "<li>",
        "<td>",
        "<br>",
        " ",
        "word",
        "è",
        "&lt;",
        "<b>",
    ]
)


@given(st.lists(_PIECES, max_size=40))
def test_links_change_nothing_else(pieces):
    """Without their marks the text is what it is without links, for any mixture of tags."""
    html = "".join(pieces)
    assert " ".join(_LINK.sub(r"\1", linked(html)).split()) == " ".join(linked(html, links=False).split())
