"""curate's own extractor: what it keeps of a page, whatever the page; what it says of it."""

from __future__ import annotations

import json
import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.ingest import extract, extract_text
from curate.ingest.charset import decode_text, to_utf8
from curate.ingest.extraction.engine import MODEL_FOLDER, Engine
from curate.ingest.extraction.engine import engine as engine_of_this_thread
from curate.ingest.extraction.explain import explain
from curate.ingest.extraction.model import CARD_FILE, WEIGHTS_FILE, load_model
from curate.ingest.source import ExtractOptions
from curate.kernels.html_page import MAX_ROWS

_SENTENCES = (
    "The harbour was built in the year of the great flood, and the town has lived from it ever since. ",
    "Every morning, before the sun is up, the boats come back with what the night has given them. ",
    "Nobody remembers who planted the old chestnut trees along the quay, but everybody sits under them. ",
    "In winter the wind comes from the east, and then the shutters stay closed for days. ",
)
_MENU = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("Home", "News", "Shop", "Contact", "Login"))


def page(paragraphs: int = 6, extra: str = "", title: str = "The old harbour") -> str:
    """An article as sites make them."""
    body = "".join(f"<p>{_SENTENCES[k % 4]}{_SENTENCES[(k + 1) % 4]}</p>" for k in range(paragraphs))
    return (
        f"<!doctype html><html lang=en><head><title>{title} - The Site</title></head><body>"
        f"<nav class='main-nav'><ul>{_MENU}</ul></nav>"
        f"<article class='post'><h1>{title}</h1><div class='entry-content'>{body}{extra}</div></article>"
        f"<div class='sidebar'><h3>Most read</h3><ul>{_MENU}</ul></div>"
        "<footer class='site-footer'><p>Copyright 2024 The Site. All rights reserved.</p></footer></body></html>"
    )


def test_the_article_is_kept_and_the_rest_is_not():
    """Heading and paragraphs, in order; no menu, no list of other articles, no copyright."""
    text = extract_text(page(), engine="curate")
    assert all(sentence.strip() in text for sentence in _SENTENCES)
    assert not any(word in text for word in ("Home", "Contact", "Most read", "Copyright"))


def test_everything_is_kept_where_nothing_is_to_be_left_out():
    """`main_content: false` leaves the menu in."""
    assert "Contact" in extract_text(page(), engine="curate", main_content=False)


def test_text_and_bytes_give_the_same():
    """A page is the same whether it was decoded before or not."""
    html = page(extra="<p>Größe und Maß, 大きさ, é &eacute; — and more words to be sure of it.</p>")
    texts = {extract_text(value, engine="curate") for value in (html, html.encode(), html.encode("utf-8-sig"))}
    assert len(texts) == 1
    assert "大きさ, é é" in texts.pop()


def test_a_page_gives_the_same_text_after_any_other():
    """Nothing is left in the arrays of an engine from the page before, however large it was."""
    engine = Engine(load_model(MODEL_FOLDER))
    pages = [page(k).encode() for k in (1, 30, 5000, 2)] + [b"", b"<p>", page(3, title="Ä").encode() * 20]
    alone = [Engine(load_model(MODEL_FOLDER)).judge(html).joined() for html in pages]
    order = random.Random(0).choices(range(len(pages)), k=30)
    assert all(engine.judge(pages[k]).joined() == alone[k] for k in order)


@pytest.mark.slow
def test_a_page_of_very_many_blocks_is_read_to_its_end():
    """In pieces: each item is there once, in order; the room that they took is given back."""
    items = [f"item {number}" for number in range(2 * MAX_ROWS + 1000)]
    html = "<ul>" + "".join(f"<li>{item}</li>\n" for item in items) + "</ul>"
    text = extract_text(html, engine="curate", main_content=False)
    assert [line.removeprefix("- ") for line in text.split("\n") if line] == items
    extract_text(page(), engine="curate")
    assert engine_of_this_thread().features(10**9).nbytes < 10_000_000


def test_noscript_is_the_text_of_a_page_without_other():
    """As forums do that are programs."""
    html = page().replace("<article", "<noscript><article").replace("</article>", "</article></noscript>")
    assert _SENTENCES[0].strip() in extract_text(html, engine="curate")
    both = page(extra="<noscript><p>Please switch on JavaScript to see it all.</p></noscript>")
    assert "JavaScript" not in extract_text(both, engine="curate", main_content=False)


@pytest.mark.parametrize(
    "ruby",
    [
        "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>です。",
        "<ruby>漢<rt>かん<rb>字<rt>じ</ruby>です。",
        "<ruby>漢<rt><span hidden>か</span>ん</rt>字</ruby>で<ruby>す<rt>す</ruby>。",
    ],
)
def test_how_words_are_read_is_no_part_of_the_text(ruby):
    """Annotations of Japanese words end where they say, or where the next or their `ruby` does."""
    assert extract_text(f"<p>{ruby}<p>次。", engine="curate", main_content=False) == "漢字です。\n\n次。"
    assert extract_text("<p><ruby>漢<rt>かん<p>字", engine="curate", main_content=False) == "漢\n\n字"


def test_comments_are_left_out_on_demand():
    """Those below an article; not those that are the page."""
    comments = "".join(
        f"<div class='comment'><p>{sentence} I quite agree with that.</p></div>" for sentence in _SENTENCES
    )
    html = page(extra=f"<div id='comments'>{comments}</div>")
    assert "I quite agree" not in extract_text(html, engine="curate", comments=False, favor="recall")
    alone = f"<div id='comments'>{comments * 3}</div>"
    assert "I quite agree" in extract_text(alone, engine="curate", comments=False, main_content=False)


def test_favor_moves_what_is_kept():
    """Precision keeps a part of what balance keeps, and balance of what recall keeps."""
    engine, html = Engine(load_model(MODEL_FOLDER)), page(extra=f"<ul class=related>{_MENU}</ul>").encode()
    kept = [engine.judge(html, favor).keep.copy() for favor in ("precision", "balance", "recall")]
    assert (kept[0] <= kept[1]).all()
    assert (kept[1] <= kept[2]).all()


def test_lists_rows_and_code_keep_their_lines():
    """Items have a hyphen and a line each, cells of a row a tab between, code its indentation."""
    html = "<p>one<ul><li>a<li>b</ul><table><tr><td>c<td>d<tr><td>e<td>f</table><pre>if x:\n    y</pre>"
    text = extract_text(html, engine="curate", main_content=False)
    assert text == "one\n\n- a\n- b\n\nc\td\ne\tf\n\nif x:\n    y"


def test_markdown_keeps_the_structure():
    """Headings, lists in lists, numbers, tables, quotations, fences longer than what they hold."""
    html = (
        "<h2>A  b</h2><p>c<ul><li>d<ul><li>e</ul></ul><ol><li>f<li>g</ol><blockquote><p>h<p>i</blockquote>"
        "<table><tr><th>j<th>k|l<tr><td>m</table><pre>n ``` o</pre>"
    )
    expected = (
        "## A b\n\nc\n\n- d\n  - e\n1. f\n2. g\n\n> h\n\n> i\n\n"
        "| j | k\\|l |\n|---|---|\n| m |  |\n\n````\nn ``` o\n````"
    )
    assert extract_text(html, engine="curate", format="markdown", main_content=False) == expected


def test_a_page_says_what_it_is():
    """Title, author, date, language, address and licence, clean."""
    head = (
        '<html lang="de-AT"><head><title>A &amp; B | Site</title><meta property="og:title" content="A &amp; B">'
        "<meta name=author content='Ä. Writer'><meta property=article:published_time content=2024-05-01T10:00:00Z>"
        '<link rel="alternate canonical" href="https://a.org/x"><link rel=license href=https://cc.org/by></head>'
    )
    assert extract(head + "<body><meta name=author content=no>", engine="curate").meta == {
        "title": "A & B",
        "author": "Ä. Writer",
        "published": "2024-05-01T10:00:00Z",
        "html_language": "de-AT",
        "canonical_url": "https://a.org/x",
        "licence": "https://cc.org/by",
    }


def test_every_block_is_explained():
    """The blocks that are kept are the text; each has a path and reasons."""
    html = page().encode()
    blocks = explain(html)
    assert "\n\n".join(block.text for block in blocks if block.kept) == extract_text(html, engine="curate")
    assert {block.path for block in blocks} >= {"body/nav/ul/li", "body/article/div/p"}
    assert all(0 <= block.probability <= 1 and len(block.reasons) == 4 for block in blocks)


def test_a_changed_model_is_refused(tmp_path):
    """By sha256; and one for other features by its card."""
    for name in (WEIGHTS_FILE, CARD_FILE):
        (tmp_path / name).write_bytes((MODEL_FOLDER / name).read_bytes())
    load_model(tmp_path)
    load_model.cache_clear()
    with (tmp_path / WEIGHTS_FILE).open("ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match="sha256"):
        load_model(tmp_path)
    (tmp_path / CARD_FILE).write_text('{"features": "others"}')
    with pytest.raises(InputError, match="'others'"):
        load_model(tmp_path)


def test_an_engine_refuses_what_it_cannot_do():
    """resiliparse has neither Markdown nor favor."""
    with pytest.raises(ValueError, match="resiliparse"):
        ExtractOptions(engine="resiliparse", format="markdown")
    with pytest.raises(ValueError, match="resiliparse"):
        ExtractOptions(engine="resiliparse", favor="recall")


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp1251", "shift_jis", "utf-16", "iso-8859-1", "iso2022_jp"])
@pytest.mark.parametrize("declared", [True, False])
def test_bytes_become_the_same_text_by_the_short_way(charset, declared):
    """`to_utf8` is `decode_text` where a charset is declared, and for bytes that are UTF-8."""
    words = {"cp1251": "Слово за слово", "shift_jis": "大きさの話", "iso2022_jp": "大きさの話"}.get(charset, "Maße")
    data = f"<p>{words} {words}.".encode(charset)
    header = charset if declared else None
    assert to_utf8(data, header).decode() == decode_text(data, header)[0].removeprefix("\ufeff")


_HOSTILE = {
    "nested": "<div>" * 10**6 + "text",
    "nested inline": "<b>" * 10**6 + "text",
    "closed again": "<div>a" * 300_000 + "</div>" * 300_000,
    "never matched": "<b>" + "<div>" * 500_000 + "</b>" * 500_000,
    "attributes": "<p " + " ".join(f"a{k}=b" for k in range(200_000)) + ">text",
    "links": "<a href=x>t</a> " * 10**6,
    "paragraphs": "<li><p><a href=x>t</a>" * 500_000,
    "50 MB": "<div class=post><p>" + "Lorem ipsum dolor sit amet, consectetur. " * 20 + "</p></div>\n",
    "comment": "<p>hi<!--" + "x<y>" * 10**6,
    "comments": "<!-->" * 10**6 + "<!--x" * 10**6,
    "script": "<p>hi<script>" + "</scrip" * 10**6,
    "drawings": "<svg>" * 10**6 + "text",
    "quotes": "<a href='\" " * 10**6,
    "brackets": "<" * 10**7,
    "ampersands": "&notit" * 10**6,
    "headings": "<h1>related news</h1>" * 300_000,
    "tables": "<table><tr><td>" * 300_000 + "x",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", _HOSTILE)
def test_no_page_needs_much_memory(name):
    """Pages made to hurt end, in less than 500 MB of arrays; time is linear, so a quadratic one would not end."""
    data = _HOSTILE[name].encode()
    data *= max(1, 50_000_000 // len(data)) if name == "50 MB" else 1
    tracemalloc.start()
    try:
        pieces = Engine(load_model(MODEL_FOLDER)).judge_pieces(data)
        text = "".join(blocks.joined() for blocks in pieces)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text.encode()
    assert peak < 500e6


@given(st.binary(max_size=400), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_valid_text(data, seed):
    """Noise, and an article with noise written over it."""
    draws = np.random.default_rng(seed)
    html = bytearray(page(2).encode())
    for _ in range(8):
        at = int(draws.integers(0, len(html)))
        html[at : at + int(draws.integers(1, 20))] = data[: int(draws.integers(0, 40))]
    for candidate in (data, bytes(html)):
        text = extract_text(candidate, engine="curate", main_content=False)
        assert text.encode().decode() == text
        assert not set(map(ord, text)) & ({*range(32)} - {9, 10})


def test_pages_without_text_give_what_their_scripts_hold():
    """An `articleBody` in JSON, and a template; a page that has text of its own is read as any other."""
    body = json.dumps({"@type": "NewsArticle", "articleBody": "\n".join(_SENTENCES)})
    empty = f"<title>x</title><div>Loading</div><script type='application/ld+json'>{body}</script>"
    for sentence in _SENTENCES:
        assert sentence.strip() in extract_text(empty, engine="curate")
    template = "".join(f"<p>{sentence}</p>" for sentence in _SENTENCES)
    assert _SENTENCES[0].strip() in extract_text(f"<script type='text/template'>{template}</script>", engine="curate")
    assert extract_text(page() + f"<script>{body}</script>", engine="curate") == extract_text(page(), engine="curate")
