"""What is hidden in the demo corpus on purpose: duplicates, and benchmark items inside documents.

Each original and each leaking document is used once, so that every finding has one cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from hashlib import blake2b
from itertools import cycle
from typing import Any

from curate.demo.document import Document, jaccard
from curate.demo.items import Item
from curate.errors import InternalError

#: Kind, where originals are taken from, where each is copied to, how many originals.
DUPLICATES = (
    ("exact", "webtext2", ("webtext2",), 4),
    ("exact", "webtext2", ("common_crawl",), 8),
    ("exact", "wikipedia", ("webtext2", "common_crawl"), 3),
    ("exact", "common_crawl", ("common_crawl",), 6),
    ("exact", "documentation", ("common_crawl",), 6),
    ("near", "webtext2", ("webtext2",), 6),
    ("near", "webtext2", ("common_crawl",), 6),
    ("near", "wikipedia", ("common_crawl",), 4),
    ("near", "common_crawl", ("common_crawl",), 6),
    ("near", "books1", ("books2",), 1),
    ("distant", "webtext2", ("webtext2",), 4),
    ("distant", "webtext2", ("common_crawl",), 4),
    ("distant", "wikipedia", ("webtext2",), 2),
)
#: One word in so many is changed, and the Jaccard similarity must then lie between these bounds.
CHANGES = {"exact": (0, 1.0, 1.0), "near": (120, 0.88, 0.99), "distant": (14, 0.3, 0.58)}
#: Words of an item that its leak copies, from the first on; None copies all.
LEAKED_WORDS = {"passage": None, "upper": None, "words_23": 23, "words_13": 13, "words_12": 12, "many": None}
#: Kind, source, how many documents, items in each.
LEAKS = (
    ("passage", "webtext2", 6, 1),
    ("passage", "wikipedia", 4, 1),
    ("passage", "books1", 2, 3),
    ("passage", "books2", 2, 3),
    ("passage", "common_crawl", 8, 1),
    ("upper", "webtext2", 2, 1),
    ("words_23", "webtext2", 1, 1),
    ("words_13", "wikipedia", 1, 1),
    ("words_12", "webtext2", 2, 1),
    ("many", "long", 1, 12),
)
#: One item stands in so many documents of webtext2 that its n-grams are common speech, not a leak.
COMMON_DOCUMENTS = 14
#: Originals and leaking documents have at least so many characters, so that a change or a cut leaves most of it.
MIN_CHARS = 3000

#: Ends the leak of a part of an item, so that the words after it cannot happen to go on as the item does.
_STOP = " -- gentlemen."
_SUBSTITUTES = ("harbor", "letter", "window", "garden", "evening", "copper", "meadow", "ladder", "winter", "lantern")


@dataclass
class Duplicate:
    """A copy, its original, how it was made, and the exact Jaccard similarity of the two texts."""

    kind: str
    document: Document
    partner: Document
    jaccard: float

    def truth(self) -> dict[str, Any]:
        """The entry in `truth.json`."""
        similarity = round(self.jaccard, 6)
        return (
            {"kind": self.kind, "jaccard": similarity} | self.document.locator() | {"partner": self.partner.locator()}
        )


@dataclass
class Leak:
    """A document that holds text of benchmark items."""

    kind: str
    document: Document
    items: list[Item]

    def truth(self) -> dict[str, Any]:
        """The entry in `truth.json`."""
        return {"kind": self.kind} | self.document.locator() | {"items": [item.id for item in self.items]}


class Pools:
    """Documents that nothing has been planted in yet, by group, each handed out once in an order that looks random."""

    def __init__(self, groups: dict[str, list[Document]]):
        self._left = {name: self._order(documents) for name, documents in groups.items()}

    @staticmethod
    def _order(documents: list[Document]) -> Iterator[Document]:
        def key(document: Document) -> tuple[int, bytes]:  # books have no address: the shortest first, to copy little
            return 0 if document.url else len(document.text), blake2b(document.url.encode()).digest()

        return iter(sorted((document for document in documents if len(document.text) >= MIN_CHARS), key=key))

    def take(self, group: str) -> Document:
        """The next untouched document of a group."""
        try:
            return next(self._left[group])
        except StopIteration:
            raise InternalError(f"the demo corpus has too few documents in {group!r} to plant all it should") from None


def plant_duplicates(pools: Pools) -> list[Duplicate]:
    """Make the copies that `DUPLICATES` asks for; they are not yet in any source."""
    made: list[Duplicate] = []
    for kind, group, targets, count in DUPLICATES:
        for _ in range(count):
            original = pools.take(group)
            made += [_copy(kind, original, source, len(made) + step) for step, source in enumerate(targets)]
    return made


def _copy(kind: str, original: Document, source: str, number: int) -> Duplicate:
    every, least, most = CHANGES[kind]
    twin = copy(original)
    twin.source = source
    twin.url = f"https://reprints.example.org/{original.date[:4]}/{number:04}.html" if original.url else ""
    twin.title = original.title if original.url else f"{original.title}, second edition"
    twin.text = change_words(original.text, every)
    similarity = jaccard(original.text, twin.text)
    if not least <= similarity <= most:
        raise InternalError(f"a {kind} copy of {original.url or original.title} has similarity {similarity:.3f}")
    return Duplicate(kind, twin, original, similarity)


def change_words(text: str, every: int) -> str:
    """Put another word in the place of one in `every`, at equal distances; 0 changes none.

    >>> change_words("We met in the Capitol today", 3)
    'We harbor in the Letter today'
    """
    if not every:
        return text
    pieces, position = [], 0
    substitutes = cycle(_SUBSTITUTES)
    for word in list(re.finditer(r"\w+", text))[every // 2 :: every]:
        other = next(substitutes)
        pieces += [text[position : word.start()], other.title() if word[0][0].isupper() else other]
        position = word.end()
    return "".join(pieces) + text[position:]


def plant_leaks(pools: Pools, items: dict[str, list[Item]]) -> list[Leak]:
    """Write items into documents, as `LEAKS` asks; every item leaks at most once, most do not leak."""
    unused = _leakable(items)
    longer = iter([item for item in items["reading"] if len(item.passage.split()) >= 30])
    made: list[Leak] = []
    for kind, group, count, each in LEAKS:
        for _ in range(count):
            chosen = [next(longer if LEAKED_WORDS[kind] else unused) for _ in range(each)]
            made.append(_leak(kind, pools.take(group), chosen))
    return made


def plant_common(pools: Pools, item: Item) -> list[Leak]:
    """Write one item into more documents than the rule for common n-grams allows for."""
    return [_leak("common", pools.take("webtext2"), [item]) for _ in range(COMMON_DOCUMENTS)]


def _leak(kind: str, document: Document, items: list[Item]) -> Leak:
    length = LEAKED_WORDS.get(kind)
    fragments = [" ".join(item.passage.split()[:length]) + (_STOP if length else "") for item in items]
    if kind == "upper":  # other case and punctuation, the same words
        fragments = [fragment.upper().replace(",", " --").replace(".", "!") for fragment in fragments]
    document.text = insert_spread(document.text, fragments)
    return Leak(kind, document, items)


def _leakable(items: dict[str, list[Item]]) -> Iterator[Item]:
    """Items of all benchmarks in turn, the second half of each; the first half stays clean or leaks in part."""
    halves = [group[len(group) // 2 :] for group in items.values()]
    return (item for row in zip(*halves, strict=False) for item in row)


def insert_spread(text: str, fragments: list[str]) -> str:
    """Put fragments between the paragraphs of a text, at about equal distances from each other and from its ends.

    >>> insert_spread("one\\n\\ntwo\\n\\nthree\\n\\nfour", ["X"])
    'one\\n\\ntwo\\n\\nX\\n\\nthree\\n\\nfour'
    """
    gaps = [match.start() for match in re.finditer(r"\n\n(?=\S)", text)]
    for number in range(len(fragments), 0, -1):
        ideal = number * len(text) / (len(fragments) + 1)
        at = min(gaps, key=lambda gap: abs(gap - ideal))
        gaps.remove(at)
        gaps = [gap for gap in gaps if gap < at]
        text = f"{text[:at]}\n\n{fragments[number - 1]}{text[at:]}"
    return text
