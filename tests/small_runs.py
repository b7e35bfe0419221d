"""The corpora and pipelines of the tests of whole runs: one way to make them, in three sizes.

tiny     500 documents: what most tests run, and read from the finished run of `conftest.py`
chaos    every kind of task in about a second, with lines that are no JSON: what is killed and damaged
storage  a source alone, in less than a second: what is kept at URLs
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from texts import paragraphs

_WEB = '{{read: jsonl, paths: "{folder}/web*.jsonl"}}'
_BOOKS = '{{read: text, paths: "{folder}/books/*.txt"}}'
_QUALITY = "quality_filter: {sources: [web], positives: [books], rule: pareto, alpha: 1}"
_FUZZY = "fuzzy_dedup: {threshold: 0.8, prefer: [books, web]}"
_BENCHMARKS = 'decontaminate: {{benchmarks: "{folder}/bench/*.jsonl"}}'
_MIX = "mix: {weights: {web: 50, books: 50}, max_epochs: 2.5}"
_WORDS = ["a", "the", "of", "stone", "river", "house", "light", "under", "winter", "garden", "quiet", "letter", "field"]


def tiny_pipeline(folder: Path) -> str:
    """A pipeline over the tiny corpus in a folder."""
    stages = [_QUALITY, _FUZZY, _BENCHMARKS.format(folder=folder), "train_tokenizer: {vocab_size: 400}", _MIX]
    return _pipeline("tiny", 7, 40_000, _two_sources(folder), [*stages, _writer(20_000)])


def tiny_corpus(folder: Path) -> None:
    """Two sources and a benchmark: every tenth document of `web` is a copy of another, some leak an item."""
    texts = paragraphs()
    web, items = texts[150:500], texts[500:520]
    web = [f"{text} {items[n // 50]}" if n % 50 == 5 else text for n, text in enumerate(web)]
    web = [web[n - 1] if n % 10 == 9 else text for n, text in enumerate(web)]
    lines = [_line(f"http://example.org/{n}", text, score=n) for n, text in enumerate(web)]
    _write(folder, lines, 170, texts[:150], [json.dumps({"id": f"q{n}", "question": t}) for n, t in enumerate(items)])


def chaos_pipeline_text(folder: Path) -> str:
    """A pipeline over the chaos corpus in a folder."""
    filters = ["gopher_quality: {min_words: 10}", _QUALITY, "exact_dedup", _FUZZY, _BENCHMARKS.format(folder=folder)]
    stages = [*filters, "train_tokenizer: {vocab_size: 300}", _MIX, _writer(10_000)]
    return _pipeline("chaos", 11, 20_000, _two_sources(folder), stages)


def chaos_corpus(folder: Path) -> None:
    """Two sources and a benchmark: copies, near copies, leaked items, and lines that are no JSON."""
    texts = paragraphs()
    web, items = texts[150:250], texts[500:506]
    web = [f"{text} {items[n % 6]}" if n % 30 == 5 else text for n, text in enumerate(web)]
    web = [
        web[n - 1] if n % 10 == 9 else web[n - 3] + " And more." if n % 10 == 7 else text for n, text in enumerate(web)
    ]
    lines = [_line(f"http://example.org/{n}", text) for n, text in enumerate(web)]
    lines[20:20] = ["{no json", '{"body": 1}']
    _write(folder, lines, 60, texts[:40], [json.dumps({"question": text}) for text in items])


def storage_pipeline(folder: str) -> str:
    """A pipeline over the storage corpus in a folder or below a URL."""
    stages = ["exact_dedup", "train_tokenizer: {vocab_size: 280}", "mix: {weights: {web: 1}, max_epochs: 1.5}"]
    sources = {"web": _WEB.format(folder=folder).replace("/web*", "/*")}
    return _pipeline("tiny", 3, 9_000, sources, [*stages, _writer(3_000)])


def storage_corpus(seed: int) -> dict[str, bytes]:
    """Two files by name: random sentences, some of them twice, one line broken."""
    return {"a.jsonl": _sentences(seed), "b.jsonl": _sentences(seed + 1000)}


def _sentences(seed: int, documents: int = 40) -> bytes:
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(_WORDS, k=draw.randrange(20, 60))) + "." for _ in range(documents)]
    texts = [texts[n - 1] if n % 7 == 6 else text for n, text in enumerate(texts)]
    rows = [_line(f"http://example.org/{seed}/{n}", text) for n, text in enumerate(texts)]
    return ("\n".join([*rows, '{"text": "broken']) + "\n").encode()


def _pipeline(name: str, seed: int, part_bytes: int, sources: dict[str, str], stages: Sequence[str]) -> str:
    lines = [f"name: {name}", f"seed: {seed}", f"part_bytes: {part_bytes:_}", "sources:"]
    lines += [f"  {source}: {how}" for source, how in sources.items()]
    return "\n".join([*lines, "stages:", *(f"  - {stage}" for stage in stages)]) + "\n"


def _two_sources(folder: Path) -> dict[str, str]:
    return {"web": _WEB.format(folder=folder), "books": _BOOKS.format(folder=folder)}


def _writer(shard_tokens: int) -> str:
    return f"write_tokens: {{sequence_length: 64, shard_tokens: {shard_tokens:_}}}"


def _line(url: str, text: str, **more: int) -> str:
    return json.dumps({"url": url, "text": text} | more)


def _write(folder: Path, lines: Sequence[str], first: int, books: Sequence[str], items: Sequence[str]) -> None:
    """The lines of `web` in two files, of which one has the `first`; a file for each book; a file of items."""
    (folder / "books").mkdir(parents=True)
    (folder / "bench").mkdir()
    for number, part in enumerate((lines[:first], lines[first:])):
        (folder / f"web-{number}.jsonl").write_text("".join(f"{line}\n" for line in part))
    for number, text in enumerate(books):
        (folder / "books" / f"{number:03}.txt").write_text(text)
    (folder / "bench" / "quiz.jsonl").write_text("".join(f"{item}\n" for item in items))
