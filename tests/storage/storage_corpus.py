"""A tiny corpus and a pipeline over it that goes through every kind of task in less than a second."""

from __future__ import annotations

import json
import random
from pathlib import Path

from curate import run
from curate.storage import sha256_file

WORDS = ["a", "the", "of", "stone", "river", "house", "light", "under", "winter", "garden", "quiet", "letter", "field"]
PIPELINE = """\
name: tiny
seed: 3
part_bytes: 9_000
sources:
  web: {{read: jsonl, paths: "{folder}/*.jsonl"}}
stages:
  - exact_dedup
  - train_tokenizer: {{vocab_size: 280}}
  - mix: {{weights: {{web: 1}}, max_epochs: 1.5}}
  - write_tokens: {{sequence_length: 64, shard_tokens: 3_000}}
"""
#: What differs between two runs that do the same.
_OWN = ("LOCK", "timings.json", "published.json")


def lines(seed: int, documents: int = 40) -> bytes:
    """JSON Lines of random sentences, some of them twice, one line broken."""
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(WORDS, k=draw.randrange(20, 60))) + "." for _ in range(documents)]
    texts = [texts[n - 1] if n % 7 == 6 else text for n, text in enumerate(texts)]
    rows = [json.dumps({"url": f"http://example.org/{seed}/{n}", "text": text}) for n, text in enumerate(texts)]
    return ("\n".join([*rows, '{"text": "broken']) + "\n").encode()


def corpus(seed: int) -> dict[str, bytes]:
    """Two files of the tiny corpus by name."""
    return {"a.jsonl": lines(seed), "b.jsonl": lines(seed + 1000)}


def pipeline(folder: str, file: Path) -> Path:
    """A pipeline file over the corpus in a folder or below a URL."""
    file.write_text(PIPELINE.format(folder=folder))
    return file


def local_hashes(root: Path) -> dict[str, str]:
    """The sha256 of every file of a run directory that does the same as another."""
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: sha256_file(path) for name, path in sorted(files.items()) if name not in _OWN}


def same(objects: dict[str, bytes]) -> dict[str, bytes]:
    """Those objects of a run that do not differ between two that do the same."""
    return {name: data for name, data in objects.items() if name not in _OWN}


def reference(pipeline_file: Path, folder: Path) -> dict[str, str]:
    """The hashes of an undisturbed run into a local folder."""
    return local_hashes(run(pipeline_file, output=folder, workers=0).path)
