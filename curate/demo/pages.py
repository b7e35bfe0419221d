"""Texts dressed as web pages: an article with a site's navigation, sidebar and footer around it."""

from __future__ import annotations

from hashlib import blake2b
from html import escape
from urllib.parse import urlsplit

from curate.demo.document import Document
from curate.demo.warc import Response

_NAVIGATION = ("Home", "Politics", "History", "Opinion", "Archive", "Subscribe", "Sign in")
_SIDEBAR = ("Most read this week", "Letters to the editor", "Crossword", "Weather", "Photographs")
_FOOTER = ("About us", "Contact", "Privacy policy", "Cookie settings", "Terms of use", "Advertise with us")


def response(document: Document) -> Response:
    """What the document's server would send for it; the time of day hangs on the address."""
    seconds = int.from_bytes(blake2b(document.url.encode(), digest_size=4).digest(), "big") % 86_400
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    content_type = "text/html" + (f"; charset={document.charset}" if document.charset_in_header else "")
    body = (document.html or article_page(document)).encode(document.charset)
    return Response(document.url, f"{document.date}T{clock}Z", content_type, body)


def article_page(document: Document) -> str:
    """The whole page of an article, as HTML."""
    site = urlsplit(document.url).netloc
    title = escape(document.title)
    paragraphs = "\n".join(f"<p>{escape(part.strip())}</p>" for part in document.text.split("\n\n") if part.strip())
    return f"""<!DOCTYPE html>
<html>
<head>
<meta charset="{document.charset}">
<title>{title} | {site}</title>
<script>window.dataLayer = window.dataLayer || []; dataLayer.push({{"page": "article"}});</script>
<style>nav li {{ display: inline }} aside {{ float: right }}</style>
</head>
<body>
<header class="site-header"><a href="/">{site}</a></header>
<nav class="main-navigation" role="navigation">
{_links(_NAVIGATION)}
</nav>
<main id="content">
<article>
<h1>{title}</h1>
{paragraphs}
</article>
</main>
<aside class="sidebar">
<h2>Related</h2>
{_links(_SIDEBAR)}
</aside>
<footer class="site-footer">
{_links(_FOOTER)}
<p>Copyright {site}. All rights reserved.</p>
</footer>
</body>
</html>
"""


def _links(labels: tuple[str, ...]) -> str:
    items = "\n".join(f'<li><a href="/{label.lower().replace(" ", "-")}">{label}</a></li>' for label in labels)
    return f"<ul>\n{items}\n</ul>"
