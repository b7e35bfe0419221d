"""What a page says of itself: title, author, date, language, canonical address, licence."""

from __future__ import annotations

from html import unescape

from curate.ingest.clean import clean_text
from curate.kernels.html_page import HEAD_NAMES, TITLE_START, TITLE_STOP, Page

#: What says each thing, the best first; the title of `title` comes behind those.
_SOURCES = {
    "title": ("og:title", "twitter:title", "dc.title", "citation_title"),
    "author": ("author", "article:author", "dc.creator", "citation_author", "parsely-author"),
    "published": ("article:published_time", "datepublished", "date", "dc.date", "citation_publication_date"),
    "licence": ("license", "dc.rights", "dcterms.license", "rights"),
    "html_language": ("lang",),
    "canonical_url": ("canonical",),
}
_ROWS = {key: [HEAD_NAMES.index(name) for name in names] for key, names in _SOURCES.items()}
_MAX_CHARS = 500
#: Longer values are cut before they are cleaned.
_MAX_BYTES = 4000


def page_metadata(data: bytes, page: Page) -> dict[str, str]:
    r"""What the head of a page in UTF-8 says; only what is there.

    Args:
        page: the page as it was cut.

    Returns:
        `title`, `author`, `published`, `html_language`, `canonical_url` and `licence`: clean text of up to 500
        characters, as the page gives it, dates as well. The title of `og:title` comes before that of `title`, to which
        sites add their name.

    >>> from curate.ingest.extraction.engine import Engine
    >>> html = b'<html lang=de><title>A &amp; B</title><meta name=author content=C><link rel=license href=/cc>'
    >>> page_metadata(html, Engine(None).cut(html))
    {'title': 'A & B', 'author': 'C', 'licence': '/cc', 'html_language': 'de'}
    """
    spans, found = page.head.tolist(), {}
    for key, rows in _ROWS.items():
        values = (_clean(data[spans[row][0] : spans[row][1]]) for row in rows if spans[row][1] >= 0)
        value = next(filter(None, values), "")
        if key == "title" and not value:
            value = _clean(data[page.state[TITLE_START] : page.state[TITLE_STOP]].partition(b"<")[0])
        if value:
            found[key] = value
    return found


def _clean(value: bytes) -> str:
    return " ".join(clean_text(unescape(value[:_MAX_BYTES].decode("utf-8", "replace"))).split())[:_MAX_CHARS]
