"""The links of a page, for Markdown: which text leads where."""

from __future__ import annotations

from bisect import bisect_right
from html import unescape
from typing import NamedTuple
from urllib.parse import quote

from curate.kernels.html_page import LINKS_USED, OUT, Page

#: What stays as it is in a target; what else is no letter or digit is written in percent, brackets and blanks among it.
_SAFE = "!#$%&'*+,-./:;=?@_~"


class _Link(NamedTuple):
    start: int
    stop: int
    target: str


class Links:
    """Links that lead somewhere: neither to a place of the same page, nor to a script.

    Args:
        page: as it was cut.
        data: the page in UTF-8.

    >>> from curate.ingest.extraction.engine import Engine
    >>> data = b"<p>See <a href='/a b'>this </a>and <a href='#top'>that</a>"
    >>> links = Links(Engine(None).cut(data), data)
    >>> links.text(0, 17)
    'See [this](/a%20b) and that'
    """

    def __init__(self, page: Page, data: bytes):
        end, links = int(page.state[OUT]), []
        for at, start, stop in page.links[: page.state[LINKS_USED]][::-1].tolist():
            at = min(at, end)  # blanks at the end of a block are taken back
            if stop and at < end and (target := _target(data[start:stop])):
                links.append(_Link(at, end, target))
            end = at
        self._links = links[::-1]
        self._stops = [link.stop for link in self._links]
        self._text = page.out[: page.state[OUT]].tobytes()

    def text(self, start: int, stop: int) -> str:
        """A run of the text of the page, with its links; one that goes on beyond it ends with it."""
        parts, at = [], start
        for number in range(bisect_right(self._stops, start), len(self._links)):
            link = self._links[number]
            if link.start >= stop:
                break
            words = self._text[max(link.start, start) : min(link.stop, stop)]
            label = words.strip()
            if label:
                begin = max(link.start, start) + len(words) - len(words.lstrip())
                parts += [self._text[at:begin].decode(), f"[{_label(label.decode())}]({link.target})"]
                at = begin + len(label)
        return "".join([*parts, self._text[at:stop].decode()])


def _target(value: bytes) -> str:
    """An address as Markdown can hold it; empty if it leads nowhere."""
    target = "".join(unescape(value.decode("utf-8", "replace")).split("\n")).strip()
    if target.startswith("#") or target.lower().startswith(("javascript:", "data:")):
        return ""
    return quote(target, safe=_SAFE, errors="replace")


def _label(text: str) -> str:
    """Text in one line, its brackets kept from ending it."""
    return " ".join(text.split()).replace("[", r"\[").replace("]", r"\]")
