"""A document of the demo corpus before it is written, and the similarity of two texts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

#: Words of an n-gram in the exact Jaccard similarity that `truth.json` gives.
SHINGLE_WORDS = 5

#: Holders of an n-gram that are remembered; beyond them it is boilerplate.
_BOILERPLATE_DOCUMENTS = 20


@dataclass(eq=False)
class Document:
    """A text on its way into a source; compared by identity, because a copy is another document.

    Attributes:
        source: one of `build.SOURCES`.
        url: where the text is said to be from; empty for books.
        title, date: as written into JSONL, or into the HTML page; the date is ISO 8601.
        text: paragraphs separated by blank lines.
        html: a ready page that says `text`; else one is made of it.
        charset: the encoding of the page.
        charset_in_header: whether the HTTP header names the charset; else only `<meta>` does.
        file, row: where it was written: path in the corpus, and number among the documents of that file, from 0.
    """

    source: str
    url: str
    title: str
    date: str
    text: str
    html: str = ""
    charset: str = "utf-8"
    charset_in_header: bool = True
    file: str = ""
    row: int = -1

    def locator(self) -> dict[str, str | int | None]:
        """How `truth.json` names the document."""
        return {"file": self.file, "row": self.row, "url": self.url or None}


def words(text: str) -> list[str]:
    """The lower-cased runs of word characters.

    >>> words("Fellow-Citizens, didn't")
    ['fellow', 'citizens', 'didn', 't']
    """
    return re.findall(r"\w+", text.lower())


def jaccard(left: str, right: str, n: int = SHINGLE_WORDS) -> float:
    """The exact Jaccard similarity of the sets of word n-grams of two texts, 0 to 1.

    >>> jaccard("one two three four five six", "One, two, three, four, five.")
    0.5
    """
    one, other = (set(ngrams(words(text), n)) for text in (left, right))
    return len(one & other) / max(1, len(one | other))


def ngrams(sequence: list[str], n: int) -> zip[tuple[str, ...]]:
    """Every run of `n` words.

    >>> list(ngrams(["a", "b", "c"], 2))
    [('a', 'b'), ('b', 'c')]
    """
    return zip(*(sequence[start:] for start in range(n)), strict=False)


def without_near_copies(documents: list[Document], max_jaccard: float = 0.4) -> list[Document]:
    """Leave out each document that is more similar than `max_jaccard` to one before it.

    Only the documents that share most n-grams are compared; of those that hold an n-gram, the
    first 20 count for that.

    >>> text = "nobody ever wrote this very sentence before"
    >>> [page.title for page in without_near_copies([Document("s", "", name, "", text) for name in "ab"])]
    ['a']
    """
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    kept: list[Document] = []
    for document in documents:
        own = set(ngrams(words(document.text), SHINGLE_WORDS))
        shared = Counter(at for gram in own for at in holders[gram])
        rivals = [kept[at].text for at, count in shared.items() if count >= max_jaccard / 2 * len(own)]
        if all(jaccard(document.text, rival) <= max_jaccard for rival in rivals):
            for gram in own:
                if len(holders[gram]) < _BOILERPLATE_DOCUMENTS:
                    holders[gram].append(len(kept))
            kept.append(document)
    return kept
