"""A small corpus of real text and a pipeline over it, shared by the tests of whole runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from texts import paragraphs

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

PIPELINE = """\
name: tiny
seed: 7
part_bytes: 40_000
sources:
  web: {{read: jsonl, paths: "{folder}/web*.jsonl"}}
  books: {{read: text, paths: "{folder}/books/*.txt"}}
stages:
  - quality_filter: {{sources: [web], positives: [books], rule: pareto, alpha: 1}}
  - fuzzy_dedup: {{threshold: 0.8, prefer: [books, web]}}
  - decontaminate: {{benchmarks: "{folder}/bench/*.jsonl"}}
  - train_tokenizer: {{vocab_size: 400}}
  - mix: {{weights: {{web: 50, books: 50}}, max_epochs: 2.5}}
  - write_tokens: {{sequence_length: 64, shard_tokens: 20_000}}
"""


def pytest_addoption(parser) -> None:
    """Options of the chaos suite, which `make chaos` runs in full."""
    parser.addoption("--trials", type=int, default=10, help="How often each fault is made; 200 and more is in full.")
    parser.addoption("--chaos-table", type=Path, help="A Markdown file whose table of the chaos suite is replaced.")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """Two sources and a benchmark: every tenth document of `web` is a copy of another, some leak an item."""
    folder = tmp_path_factory.mktemp("corpus")
    texts = paragraphs()
    books, web, items = texts[:150], texts[150:500], texts[500:520]
    web = [f"{text} {items[n // 50]}" if n % 50 == 5 else text for n, text in enumerate(web)]
    web = [web[n - 1] if n % 10 == 9 else text for n, text in enumerate(web)]
    lines = [json.dumps({"text": text, "url": f"http://example.org/{n}", "score": n}) for n, text in enumerate(web)]
    (folder / "web-0.jsonl").write_text("\n".join(lines[:170]) + "\n")
    (folder / "web-1.jsonl").write_text("\n".join(lines[170:]) + "\n")
    (folder / "books").mkdir()
    for number, text in enumerate(books):
        (folder / "books" / f"{number:03}.txt").write_text(text)
    (folder / "bench").mkdir()
    asked = [json.dumps({"id": f"q{n}", "question": text}) for n, text in enumerate(items)]
    (folder / "bench" / "quiz.jsonl").write_text("\n".join(asked) + "\n")
    return folder


@pytest.fixture
def pipeline_file(corpus, tmp_path) -> Path:
    """The tiny pipeline, in a folder of the test's own."""
    file = tmp_path / "tiny.yaml"
    file.write_text(PIPELINE.format(folder=corpus))
    return file


@pytest.fixture(scope="session")
def finished(corpus, tmp_path_factory) -> Path:
    """A finished run of the tiny pipeline, to be read only."""
    from curate import run

    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(PIPELINE.format(folder=corpus))
    return run(folder / "tiny.yaml", output=folder / "run", workers=2).path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real crawls and corpora kept beside the repository; tests that need them skip without."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"{SHARED_DATA} is not there")
    return SHARED_DATA
