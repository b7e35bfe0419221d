"""The files that every job reads: English text, benchmark items, a tokenizer, a crawl."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

import curate
from curate.decontaminate.benchmarks import read_benchmarks
from curate.tokenize.train import train_bpe

FOLDER = Path(__file__).parent / ".inputs"

_MIN_MB = 100

_PIPELINE = """
name: texts
sources:
  books: {{read: jsonl, paths: "{data}/text/books.jsonl.zst"}}
  wikipedia: {{read: jsonl, paths: "{data}/text/wikipedia-en.jsonl.zst"}}
  news: {{read: jsonl, paths: "{data}/text/news-bbc.jsonl.zst"}}
  reviews: {{read: jsonl, paths: "{data}/text/reviews-imdb.jsonl.zst"}}
  newswire: {{read: jsonl, paths: "{data}/dedup/reuters.jsonl.zst"}}
  crawl: {{read: warc, paths: "{data}/crawl/*.warc.gz"}}
stages:
  - language_filter: {{keep: [en], min_score: 0.65}}
"""


def make_inputs(data: Path) -> dict[str, object]:
    """Write the inputs, if they are not there, and say what they are.

    Args:
        data: folder with `text`, `crawl`, `dedup` and `evals`.
    """
    about = FOLDER / "inputs.json"
    if not about.exists():
        print(f"making the inputs from {data}", flush=True)
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        found = _write_texts(data)
        shutil.copyfile(data / "crawl" / "crawl-wcxb.warc.gz", FOLDER / "crawl.warc.gz")
        _write_items(data)
        train_bpe(_texts(), 50_257, "<|endoftext|>").save(str(FOLDER / "tokenizer.json"))
        about.write_text(json.dumps(found | {"crawl_pages": 1011}, indent=1), "utf-8")
    return dict(json.loads(about.read_text("utf-8")))


def _write_texts(data: Path) -> dict[str, object]:
    """All English text in corpus order, and again from the start until there is enough."""
    with tempfile.TemporaryDirectory() as folder:
        file, run = Path(folder) / "texts.yaml", Path(folder) / "run"
        file.write_text(_PIPELINE.format(data=data.resolve()), "utf-8")
        curate.run(file, output=run)
        texts = list(_kept(run))
    unique = sum(len(text.encode()) for text in texts)
    documents = size = 0
    with (FOLDER / "texts.jsonl").open("w", encoding="utf-8") as out:
        while size < _MIN_MB * 1e6:
            for text in _shuffled(texts):
                out.write(json.dumps({"text": text}) + "\n")
                documents, size = documents + 1, size + len(text.encode())
    return {"documents": documents, "mb": round(size / 1e6, 1), "distinct_mb": round(unique / 1e6, 1)}


def _shuffled(texts: list[str]) -> list[str]:
    """Sources in turn, so that every prefix is a mixture: a fixed stride through the list."""
    stride = 7919
    return [texts[at * stride % len(texts)] for at in range(len(texts))]


def _kept(run: Path) -> Iterator[str]:
    """The text of the documents that the language filter kept."""
    for part in sorted(run.glob("documents/*.parquet")):
        kept = pq.read_table(next(run.glob(f"stages/*/{part.stem}.parquet")))["keep"]
        yield from pq.read_table(part)["text"].filter(kept).to_pylist()


def _write_items(data: Path) -> None:
    """One line for each text of each item."""
    items = read_benchmarks([str(data / "evals" / "*.jsonl.gz")], None)
    with (FOLDER / "items.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps({"question": text}) + "\n" for text in items.texts)


def _texts() -> Iterator[str]:
    with (FOLDER / "texts.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]
