"""HTML to blocks: the rules of the standard that matter for text, against html.parser, and on anything at all."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from html_cut import cut, paths, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.html_blocks import cut_page
from curate.kernels.html_entities import entity_table
from curate.kernels.html_page import (
    AT_BYTE,
    BLOCK_COUNT,
    ELEMENT_FLAGS,
    IS_HIDDEN,
    LINK_HALF_WORDS,
    START,
    STOP,
    TITLE_START,
    TITLE_STOP,
    TOKENS_USED,
    max_text_bytes,
    new_page,
)
from curate.kernels.html_scan import PADDING_BYTES


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a<p>b", ["p:a", "p:b"]),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", ["ul/li:a", "ul/li/ul/li:b", "ul/li:c"]),
        ("<table><tr><td>a<td>b<tr><th>c</table>d", ["table/tr/td:a", "table/tr/td:b", "table/tr/th:c", ":d"]),
        ("<dl><dt>a<dd>b<dt>c</dl>", ["dl/dt:a", "dl/dd:b", "dl/dt:c"]),
        ("<div><p>a</div>b", ["div/p:a", ":b"]),
        ("<p>a<div>b</div>c", ["p:a", "div:b", ":c"]),
        ("<p>a<b>b</p>c</b>", ["p:ab", ":c"]),
        ("<div>a<table><tr><td>b</div>c</table>d</div>e", ["div:a", "div/table/tr/td:b", "div/table/tr/td:c"]),
        ("</p></div>a</b>", [":a"]),
        ("a<br>b<br/>c", [":a\nb\nc"]),
        ("a<hr>b", [":a", ":b"]),
        ("<body><h1>a</h1>b</body>c", ["body/h1:a", "body:b", "body:c"]),
        ("<x-card>a</x-card>b", ["custom-:a", ":b"]),
        ("<button>a<button>b", ["button:a", "button:b"]),
    ],
)
def test_elements_begin_and_end_as_in_a_browser(html, expected):
    """Implied ends, end tags that match nothing, cells that keep what is in them, inline tags that never end."""
    assert [f"{path}:{text}" for path, text in paths(html)][: len(expected)] == expected


@pytest.mark.parametrize(
    "html",
    [
        "a<script>if (1 < 2) '<p>no</p>'</script>",
        "a<style>p > b {}</style>",
        "a<!-- <p>no</p> -->",
        "a<!--no--!>",
        "a<!-->",
        "a<!doctype html>",
        "a<?php no ?>",
        "a<template><p>no</p></template>",
        "a<select><option>no</select>",
        "a<noscript>no</noscript>",
        "a<svg><text>no</text></svg>",
        "a<textarea>no</textarea>",
        "a<script>no",
        "a<!-- no",
        "a<span hidden>no<span>no</span></span>",
        "a<span style='display: none'>no</span>",
        'a<img alt="no > <p>no">',
        "a</ no>",
        "<title>no</title>a",
    ],
)
def test_what_no_reader_sees_is_no_text(html):
    """Scripts, styles, comments, templates, lists of choices, what is hidden; also where it is never closed."""
    assert texts(html) == ["a"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("  a \n\t b  ", "a b"),
        ("a&nbsp;&nbsp; b", "a b"),
        ("a <b> b</b>", "a b"),
        ("<b>a</b>b", "ab"),
        ("1 < 2 <3", "1 < 2 <3"),
        ("a & b &amp; &lt;c&gt; &copy", "a & b & <c> ©"),
        ("<pre>a\n  b\tc\r\n</pre>", "a\n  b\tc"),
        ("a\u00ad\u200bb\ufeff", "ab"),
        ("a\x00\x01b\x7f", "ab"),
        ("&#0;a", "\ufffda"),
        ("a\u3000b", "a b"),
        ("x<svg>y", "xy"),
    ],
)
def test_text_is_as_a_reader_would_see_it(html, text):
    """White space, references, controls, soft hyphens."""
    assert texts(html) == [text]


def test_noscript_counts_where_it_is_asked_for():
    """The fallback for pages that have no other text."""
    assert texts("<noscript><p>a</p></noscript>", keep_noscript=True) == ["a"]


def test_the_title_is_found_once():
    """The first title, not that of a drawing."""
    html = b"<svg><title>no</title></svg><title>T &amp; U</title><title>no</title>"
    state = cut(html).state
    assert html[state[TITLE_START] : state[TITLE_STOP]] == b"T &amp; U"


def test_links_and_hidden_elements_are_noted():
    """Words in a link that leads somewhere; elements that say they are hidden, and what is in them."""
    page = cut("<p><a href=x>one two</a> three <a name=y>four</a><div hidden><p>five")
    assert page.blocks[0, LINK_HALF_WORDS] == 4
    assert page.elements[3, ELEMENT_FLAGS] & IS_HIDDEN


#: Elements in the middle of a word, or invisible.
_DIVIDE_NOTHING = ("a", "b", "img", "span", "script", "style")


class _Reference(HTMLParser):
    """The text of a page by the parser of the standard library."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self._raw = [], 0

    def handle_starttag(self, tag, attrs):
        self._raw += tag in ("script", "style")
        self.text.append("" if tag in _DIVIDE_NOTHING else " ")

    def handle_endtag(self, tag):
        self._raw = 0 if tag in ("script", "style") else self._raw
        self.text.append("" if tag in _DIVIDE_NOTHING else " ")

    def handle_data(self, data):
        if not self._raw:
            self.text.append(data)


_TAGS = st.sampled_from(["p", "div", "b", "a", "li", "ul", "td", "tr", "table", "h1", "span", "pre", "section"])
_PIECES = st.one_of(
    _TAGS.map("<{}>".format),
    _TAGS.map("</{}>".format),
    st.tuples(_TAGS, st.text("abc =\"'<", max_size=8)).map(
        lambda pair: f"<{pair[0]} class='{pair[1].replace(chr(39), '')}'>"
    ),
    st.sampled_from(["<br>", "<!-- x -->", "<script>a<b</script>", "<style>p</style>", "<hr>", "<img src=x>"]),
    st.text("ab Zé1.,中&;\n", max_size=12),
)


@given(st.lists(_PIECES, max_size=30).map("".join))
@settings(max_examples=300, deadline=None)
def test_no_word_is_lost_or_made_up(html):
    """The words of all blocks, in order, are those that html.parser finds."""
    reference = _Reference()
    reference.feed(html)
    reference.close()
    expected = re.findall(r"\w+", "".join(reference.text))
    assert re.findall(r"\w+", " ".join(texts(html))) == expected


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_valid_text(data):
    """Whatever is between the brackets: no failure, and blocks that are text."""
    html = data.decode("utf-8", "replace")
    assert all(text.strip() == text or "<pre" in html.lower() or "<listing" in html.lower() for text in texts(html))


def test_arrays_that_are_too_small_end_the_cut():
    """They are filled, never overrun, and the cut says where it ended: before a tag."""
    assert cut("<p>a" * 10, rows=32).state[BLOCK_COUNT] == 10
    for html in ("<p>a" * 10, "<div>" * 20, "<b class='aa bb cc dd ee ff gg'>a" * 20, "a<hr>" * 20):
        data = np.frombuffer(html.encode() + bytes(PADDING_BYTES), np.uint8)
        page = new_page(max_text_bytes(len(data)), 8)
        stop = cut_page(data, 0, len(html), page, entity_table(), False)
        assert 0 < stop < len(html) and html[stop] == "<"
        assert page.state[BLOCK_COUNT] <= 8 and page.state[TOKENS_USED] <= len(page.tokens)


def test_a_page_can_be_cut_in_pieces():
    """The blocks of all pieces, each with the place in the page where it begins, are those of the page as a whole."""
    html = "".join(f"<li class=c>item {number}</li> " for number in range(100))
    data = np.frombuffer(html.encode() + bytes(PADDING_BYTES), np.uint8)
    page, stop, found = new_page(max_text_bytes(len(data)), 8), 0, []
    while stop < len(html):
        stop = cut_page(data, stop, len(html), page, entity_table(), False)
        rows = page.blocks[: page.state[BLOCK_COUNT], [START, STOP, AT_BYTE]].tolist()
        found += [(page.out[start:end].tobytes().decode(), at) for start, end, at in rows]
    whole = cut(html)
    assert [at for _, at in found] == whole.blocks[:100, AT_BYTE].tolist()
    assert [text for text, _ in found] == texts(html)
