"""The text of pages that have it in scripts: JSON with an `articleBody`, and templates for a program to fill in."""

from __future__ import annotations

import json
import re

from curate.ingest.clean import valid_unicode

#: A JSON string behind the key that schema.org gives the text of an article, in JSON-LD or a program's own data.
_ARTICLE_BODY = re.compile(rb'"articleBody"\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_TEMPLATE = re.compile(rb"<script[^>]{0,200}type=[\"']text/(?:x-)?template[\"'][^>]{0,200}>", re.IGNORECASE)
_TEMPLATE_END = re.compile(rb"</script", re.IGNORECASE)
#: A page with as much text of its own needs none from scripts, in bytes.
FEW_BYTES = 250


def embedded_html(data: bytes) -> bytes:
    r"""The longest text that the scripts of a page hold, as HTML in UTF-8; empty if there is none.

    >>> embedded_html(b'<p>Loading.<script>{"@type": "Article", "articleBody": "One.\\nTwo &amp; three."}</script>')
    b'<p>One.\n<p>Two &amp; three.'
    >>> embedded_html(b"<script type='text/template'><p>Four.</script>")
    b'<p>Four.'
    """
    found = [_as_html(match[1]) for match in _ARTICLE_BODY.finditer(data)]
    for begin in _TEMPLATE.finditer(data):
        end = _TEMPLATE_END.search(data, begin.end())
        found.append(data[begin.end() : end.start() if end else len(data)])
    return max(found, key=len, default=b"")


def _as_html(string: bytes) -> bytes:
    """A JSON string; each line is a paragraph unless it has tags of its own."""
    try:
        text = json.loads(b'"' + string + b'"', strict=False)
    except ValueError:
        return b""
    if "<p" not in text and "<br" not in text:
        text = "\n".join(f"<p>{line}" for line in text.splitlines() if line.strip())
    return valid_unicode(text).encode()
