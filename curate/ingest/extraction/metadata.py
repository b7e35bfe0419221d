"""What a page says of itself: title, author, date, language, canonical address, licence."""

from __future__ import annotations

import re
from html import unescape

from curate.ingest.clean import clean_text

#: Looked for in so many bytes, up to where the body begins.
_HEAD_BYTES = 1 << 17
_BODY = re.compile(rb"<body[\s>]", re.IGNORECASE)
_TAG = re.compile(rb"<(html|meta|link)\b([^>]{0,2000})>", re.IGNORECASE)
_VALUE = rb"""\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
_KEY = re.compile(rb"(?:name|property|itemprop|rel)" + _VALUE)
_CONTENT, _HREF, _LANG = (re.compile(rb"(?:^|[\s\"'])" + name + _VALUE) for name in (b"content", b"href", b"lang"))
_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{1,2000})", re.IGNORECASE)
#: The names of `meta` tags that say each thing, the best first.
_NAMES = {
    "title": (b"og:title", b"twitter:title", b"dc.title", b"citation_title"),
    "author": (b"author", b"article:author", b"dc.creator", b"citation_author", b"parsely-author"),
    "published": (b"article:published_time", b"datepublished", b"date", b"dc.date", b"citation_publication_date"),
    "licence": (b"dc.rights", b"dcterms.license", b"rights"),
}
_KNOWN = frozenset(name for names in _NAMES.values() for name in names)
_MAX_CHARS = 500


def page_metadata(data: bytes) -> dict[str, str]:
    r"""What the head of a page in UTF-8 says; only what is there.

    Returns:
        `title`, `author`, `published`, `html_language`, `canonical_url` and `licence`: clean text of up to 500
        characters, as the page gives it, dates as well. The title of `og:title` comes before that of `title`, to which
        sites add their name.

    >>> page_metadata(b'<html lang=de><title>A &amp; B</title><meta name=author content=C><link rel=license href=/cc>')
    {'title': 'A & B', 'author': 'C', 'licence': '/cc', 'html_language': 'de'}
    """
    body = _BODY.search(data, 0, _HEAD_BYTES)
    head = data[: body.start() if body else _HEAD_BYTES]
    said: dict[bytes, bytes] = {}
    links: dict[bytes, bytes] = {}
    language = b""
    for tag in _TAG.finditer(head):
        kind = tag[1].lower()
        if kind == b"html":
            language = language or _value(_LANG, tag[2])
            continue
        key = _value(_KEY, tag[2]).lower()
        if kind == b"meta" and key in _KNOWN:
            said.setdefault(key, _value(_CONTENT, tag[2]))
        elif kind == b"link" and (b"canonical" in key or b"license" in key):
            for relation in key.split():
                links.setdefault(relation, _value(_HREF, tag[2]))
    found = {key: next((said[name] for name in names if said.get(name)), b"") for key, names in _NAMES.items()}
    title = _TITLE.search(head)
    found["title"] = found["title"] or (title[1] if title else b"")
    found |= {"html_language": language, "canonical_url": links.get(b"canonical", b"")}
    found["licence"] = links.get(b"license", b"") or found["licence"]
    cleaned = {key: _clean(found[key]) for key in (*_NAMES, "html_language", "canonical_url") if found[key]}
    return {key: value for key, value in cleaned.items() if value}


def _value(pattern: re.Pattern[bytes], attributes: bytes) -> bytes:
    """The value of an attribute, however it is quoted; empty if it is not there."""
    match = pattern.search(attributes)
    return (match[1] or match[2] or match[3] or b"") if match else b""


def _clean(value: bytes) -> str:
    return " ".join(clean_text(unescape(value.decode("utf-8", "replace"))).split())[:_MAX_CHARS]
