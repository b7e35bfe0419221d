"""Build the demo corpus: gather texts, plant duplicates and leaks, write the sources and `truth.json`.

Nothing here is drawn at random: what is chosen is chosen at equal distances or by a hash of its address, so the
same Python and the same packages give the same bytes.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from pathlib import Path

import zstandard

from curate.demo import references
from curate.demo.document import Document
from curate.demo.foreign import PAGES, foreign_pages
from curate.demo.items import TOO_SHORT_WORDS, Item, make_items, too_short_items
from curate.demo.pages import response
from curate.demo.planted import Leak, Pools, plant_common, plant_duplicates, plant_leaks
from curate.demo.pythondocs import documentation_pages
from curate.demo.references import Speech
from curate.demo.warc import write_warc

#: Documents that are taken from speeches, and the fewest characters of each.
PROSE_PAGES, PROSE_PAGE_CHARS = 120, 22_000
ARTICLES, ARTICLE_CHARS = 130, 6000
ENTRIES, ENTRY_CHARS = 40, 6000
#: Items of each benchmark; `TOO_SHORT` more of 5 to 7 words go to `short`.
ITEMS = {"reading": 60, "last_word": 60, "short": 40}
TOO_SHORT = 4
#: Files that a source's documents are spread over.
SHARDS = {"common_crawl": 4, "webtext2": 2, "wikipedia": 1}
#: The date of everything that has no date of its own.
DATE = "2020-01-15"

#: The folder of the benchmarks.
BENCHMARKS = "benchmarks"
SOURCES = ("common_crawl", "webtext2", "books1", "books2", "wikipedia")


def build(target: Path) -> None:
    """Write the whole corpus into an existing empty folder.

    Raises:
        OSError: the folder cannot be written.
        InternalError: the texts on this machine do not hold what is to be planted.
    """
    for folder in (*map(_folder, SOURCES), BENCHMARKS):  # before the work: a folder that refuses, refuses at once
        (target / folder).mkdir()
    roles = references.by_role(references.speeches())
    groups = _groups(roles)
    texts = [document.text for group in groups.values() for document in group]
    items = make_items(roles["benchmarks"], texts, ITEMS)
    pools = Pools(groups)
    duplicates = plant_duplicates(pools)
    leaks = plant_leaks(pools, items) + plant_common(pools, items["last_word"][0])
    items["short"] += too_short_items((document.text for document in groups["webtext2"]), TOO_SHORT)
    foreign = foreign_pages("postcards.example.com", DATE)
    documents = [document for group in groups.values() for document in group]
    documents += [duplicate.document for duplicate in duplicates] + foreign
    for source in SOURCES:
        _write_source(target, source, [document for document in documents if document.source == source])
    for name, group in items.items():
        _write_benchmark(target, name, group)
    truth = {
        "duplicates": [duplicate.truth() for duplicate in duplicates],
        "leaks": [leak.truth() for leak in leaks],
        "benchmarks": {name: _statuses(group, leaks) for name, group in items.items()},
        "foreign": [{"language": page[0], **document.locator()} for page, document in zip(PAGES, foreign, strict=True)],
    }
    (target / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def _groups(roles: dict[str, list[Speech]]) -> dict[str, list[Document]]:
    """The untouched documents: those of each source, and `documentation` and `long`, which belong to one."""
    (long,) = roles["long"]
    pages = references.articles(
        "common_crawl", "chronicle.example.com", roles["common_crawl"], PROSE_PAGES, PROSE_PAGE_CHARS
    )
    entries = references.articles("wikipedia", "wiki.example.org", roles["wikipedia"], ENTRIES, ENTRY_CHARS)
    return {
        "common_crawl": pages,
        "documentation": documentation_pages(DATE),
        "webtext2": references.articles("webtext2", "essays.example.net", roles["webtext2"], ARTICLES, ARTICLE_CHARS),
        "long": [Document("webtext2", "https://essays.example.net/long-read", long.title, long.date, long.text)],
        "books1": references.books("books1", roles["books1"]),
        "books2": references.books("books2", roles["books2"]),
        "wikipedia": entries + references.topics("wikipedia", "wiki.example.org", DATE),
    }


def _folder(source: str) -> str:
    return "crawl" if source == "common_crawl" else source


def _write_source(target: Path, source: str, documents: list[Document]) -> None:
    """Write a source's documents, mixed by the hash of their addresses, and note where each one lies."""
    folder = target / _folder(source)
    if source in SHARDS:
        mixed = sorted(documents, key=lambda document: blake2b(document.url.encode()).digest())
        for shard in range(SHARDS[source]):
            _write_shard(folder / f"{folder.name}-{shard:05}", mixed[shard :: SHARDS[source]])
    else:
        for book in documents:
            _write_book(folder, book)


def _write_shard(stem: Path, documents: list[Document]) -> None:
    if documents[0].source == "common_crawl":
        path = stem.with_suffix(".warc.gz")
        write_warc(path, map(response, documents), f"{DATE}T00:00:00Z")
    else:
        path = stem.with_suffix(".jsonl.zst")
        lines = [json.dumps(_row(document), ensure_ascii=False) + "\n" for document in documents]
        path.write_bytes(zstandard.ZstdCompressor(level=9).compress("".join(lines).encode()))
    for row, document in enumerate(documents):
        document.file, document.row = f"{path.parent.name}/{path.name}", row


def _row(document: Document) -> dict[str, str]:
    titled = {"title": document.title} if document.source == "wikipedia" else {}
    return {"url": document.url, "date": document.date} | titled | {"text": document.text}


def _write_book(folder: Path, book: Document) -> None:
    path = folder / (re.sub(r"\W+", "-", book.title.lower()) + ".txt")
    path.write_text(book.text, encoding="utf-8", newline="\n")
    book.file, book.row = f"{folder.name}/{path.name}", 0


def _write_benchmark(target: Path, name: str, items: list[Item]) -> None:
    lines = [json.dumps(item.row()) + "\n" for item in items]
    (target / BENCHMARKS / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def _statuses(items: list[Item], leaks: list[Leak]) -> dict[str, list[str]]:
    """Which items of a benchmark are in the corpus: `dirty`, `clean`, `common` (in too many documents), `too_short`."""
    kinds = {item.id: leak.kind for leak in leaks for item in leak.items}
    said: dict[str, list[str]] = {"dirty": [], "clean": [], "common": [], "too_short": []}
    for item in items:
        kind = kinds.get(item.id, "none")
        if len(item.passage.split()) <= TOO_SHORT_WORDS[1]:
            said["too_short"].append(item.id)
        else:
            said[{"common": "common", "none": "clean", "words_12": "clean"}.get(kind, "dirty")].append(item.id)
    return said
