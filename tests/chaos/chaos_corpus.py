"""The tiny corpus and pipeline that the chaos suite runs: every kind of task, in about a second."""

from __future__ import annotations

import json
from pathlib import Path

from texts import paragraphs

PIPELINE = """\
name: chaos
seed: 11
part_bytes: 20_000
sources:
  web: {{read: jsonl, paths: "{folder}/web*.jsonl"}}
  books: {{read: text, paths: "{folder}/books/*.txt"}}
stages:
  - gopher_quality: {{min_words: 10}}
  - quality_filter: {{sources: [web], positives: [books], rule: pareto, alpha: 1}}
  - exact_dedup
  - fuzzy_dedup: {{threshold: 0.8, prefer: [books, web]}}
  - decontaminate: {{benchmarks: "{folder}/bench/*.jsonl"}}
  - train_tokenizer: {{vocab_size: 300}}
  - mix: {{weights: {{web: 50, books: 50}}, max_epochs: 2.5}}
  - write_tokens: {{sequence_length: 64, shard_tokens: 10_000}}
"""


def make_corpus(folder: Path) -> None:
    """Two sources and a benchmark: copies, near copies, leaked items, and lines that are no JSON."""
    texts = paragraphs()
    books, web, items = texts[:40], texts[150:250], texts[500:506]
    web = [f"{text} {items[n % 6]}" if n % 30 == 5 else text for n, text in enumerate(web)]
    web = [
        web[n - 1] if n % 10 == 9 else web[n - 3] + " And more." if n % 10 == 7 else text for n, text in enumerate(web)
    ]
    lines = [json.dumps({"text": text, "url": f"http://example.org/{n}"}) for n, text in enumerate(web)]
    lines[20:20] = ["{no json", '{"body": 1}']
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "web-0.jsonl").write_text("\n".join(lines[:60]) + "\n")
    (folder / "web-1.jsonl").write_text("\n".join(lines[60:]) + "\n")
    (folder / "books").mkdir()
    for number, text in enumerate(books):
        (folder / "books" / f"{number:03}.txt").write_text(text)
    (folder / "bench").mkdir()
    (folder / "bench" / "quiz.jsonl").write_text("".join(json.dumps({"question": text}) + "\n" for text in items))
