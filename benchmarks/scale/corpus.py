"""A corpus of any size for the sources of `pipelines/gpt3_mix.yaml`: the demo corpus's words in ever new order.

A document is made of runs of 3 to 8 words from random places of the demo corpus, so it is English to the language
filter and to the tokenizer, and near-duplicate to nothing; four in ten repeat most of the one before them, and the
first of each source quotes a benchmark. The same size and seed give the same bytes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import zstandard

from curate.demo import demo_folder
from curate.demo.warc import Response, write_warc

#: Share of the text of each source; files are of about `FILE_BYTES` of text.
SHARES = {"crawl": 0.6, "webtext2": 0.15, "books1": 0.08, "books2": 0.08, "wikipedia": 0.09}
FILE_BYTES = 1_000_000
#: Median words of a document, few, so that what is held for each document shows.
WORDS = {"crawl": 120, "webtext2": 120, "books1": 15_000, "books2": 15_000, "wikipedia": 120}
_NEAR_DUPLICATES = 0.4
_PAGE = "<html><head><title>{}</title></head><body><div id=main>{}</div><footer>all rights reserved</footer></body>"


def write_corpus(folder: Path, text_bytes: int, seed: int = 0) -> None:
    """Write a corpus of about `text_bytes` of text into `folder`, laid out as the demo corpus."""
    words = _demo_words()
    for name, share in SHARES.items():
        (folder / name).mkdir(parents=True)
        for number, texts in enumerate(_files(words, name, round(text_bytes * share), seed)):
            _WRITERS[name](folder / name / f"{name}-{number:05}", texts)


def sources(folder: Path) -> list[str]:
    """The corpus as `--source` options."""
    patterns = {
        "common_crawl": "crawl/*.warc.gz",
        "webtext2": "webtext2/*.jsonl.zst",
        "books1": "books1/*.txt",
        "books2": "books2/*.txt",
        "wikipedia": "wikipedia/*.jsonl.zst",
    }
    return [f"{name}={folder}/{pattern}" for name, pattern in patterns.items()]


def _demo_words() -> list[str]:
    """Every word of the demo corpus's books, articles and entries, punctuation attached."""
    root = demo_folder()
    words: list[str] = []
    for path in sorted([*root.glob("books?/*.txt"), *root.glob("webtext2/*.zst"), *root.glob("wikipedia/*.zst")]):
        data = path.read_bytes()
        if path.suffix == ".txt":
            words += data.decode().split()
        else:
            lines = zstandard.ZstdDecompressor().decompress(data).decode().splitlines()
            words += [word for line in lines for word in json.loads(line)["text"].split()]
    return words


def _files(words: list[str], name: str, size: int, seed: int) -> Iterator[list[str]]:
    """The texts of each file of a source."""
    rng = random.Random(f"{seed} {name}")
    texts: list[str] = []
    in_file = written = 0
    while written < size:
        text = _near_duplicate(rng, texts[-1]) if texts and rng.random() < _NEAR_DUPLICATES else _text(rng, words, name)
        if not written:
            text = _with_quote(text)
        texts.append(text)
        written, in_file = written + len(text), in_file + len(text)
        if in_file >= FILE_BYTES or name.startswith("books"):
            yield texts
            texts, in_file = [], 0
    if texts:
        yield texts


def _text(rng: random.Random, words: list[str], name: str) -> str:
    """A new document: paragraphs of about 80 words."""
    length = round(WORDS[name] * rng.lognormvariate(0, 0.7)) + 60
    paragraphs, paragraph, written = [], [], 0
    while written < length:
        at, run = rng.randrange(len(words)), rng.randint(3, 8)
        paragraph += words[at : at + run]
        written += run
        if len(paragraph) > 80:
            paragraphs.append(" ".join(paragraph) + ".")
            paragraph = []
    return "\n\n".join([*paragraphs, " ".join(paragraph)])


def _with_quote(text: str) -> str:
    """The text with a question of a benchmark in the middle, to be cut out."""
    with (demo_folder() / "benchmarks" / "last_word.jsonl").open(encoding="utf-8") as file:
        quote = json.loads(next(file))["question"]
    middle = text.index(" ", len(text) // 2)
    return f"{text[:middle]} {quote}{text[middle:]}"


def _near_duplicate(rng: random.Random, text: str) -> str:
    """The text with some words at its end changed."""
    return text[: len(text) - rng.randrange(len(text) // 20 + 1)] + f" edition {rng.randrange(1000)}"


def _write_warc(stem: Path, texts: list[str]) -> None:
    pages = (_page(f"https://{stem.name}.example.com/{number}", text) for number, text in enumerate(texts))
    write_warc(stem.with_suffix(".warc.gz"), pages, "2020-01-15T00:00:00Z")


def _page(url: str, text: str) -> Response:
    body = "".join(f"<p>{paragraph}</p>\n" for paragraph in text.split("\n\n"))
    return Response(url, "2020-01-15T00:00:00Z", "text/html; charset=utf-8", _PAGE.format(url, body).encode())


def _write_jsonl(stem: Path, texts: list[str]) -> None:
    lines = "".join(
        json.dumps({"url": f"https://{stem.name}/{n}", "text": text}) + "\n" for n, text in enumerate(texts)
    )
    stem.with_suffix(".jsonl.zst").write_bytes(zstandard.ZstdCompressor(level=3).compress(lines.encode()))


def _write_book(stem: Path, texts: list[str]) -> None:
    stem.with_suffix(".txt").write_text(texts[0], "utf-8")


_WRITERS = {
    "crawl": _write_warc,
    "webtext2": _write_jsonl,
    "wikipedia": _write_jsonl,
    "books1": _write_book,
    "books2": _write_book,
}
