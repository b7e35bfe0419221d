"""The whole chain, WARC to packed token shards, as `curate run` does it, in one process."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import processor_seconds, report

_SOURCES = 4


def pipeline(inputs: Path) -> str:
    """The stages of the other side. The crawl is read as several sources, so that start-up is not most of it."""
    names = [f"crawl{number}" for number in range(_SOURCES)]
    sources = "".join(
        f"  {name}: {{read: warc, extract: {{engine: curate}}, paths: {inputs}/crawl.warc.gz}}\n" for name in names
    )
    return f"""
name: chain
seed: 1
sources:
{sources}
stages:
  - gopher_repetition
  - gopher_quality
  - c4_quality
  - fineweb_quality
  - fuzzy_dedup: {{ngram: 5, num_perm: 112, scope: within}}
  - decontaminate: {{benchmarks: {inputs}/items.jsonl, ngram: 13}}
  - load_tokenizer: {{path: {inputs}/tokenizer.json}}
  - mix: {{tokens: auto, weights: {{{", ".join(f"{name}: 1" for name in names)}}}}}
  - write_tokens: {{format: arrow, sequence_length: 2048, shard_tokens: 100e6}}
"""


def main() -> None:
    """Loops are compiled before; start-up, loading them, and everything the run writes are timed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    pages = _SOURCES * json.loads((options.inputs / "inputs.json").read_text("utf-8"))["crawl_pages"]
    subprocess.run([sys.executable, "-c", "from curate.warm import warm; warm()"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chain.yaml"
        file.write_text(pipeline(options.inputs), "utf-8")
        before, start = processor_seconds(), time.perf_counter()
        import curate

        curate.run(file, output=Path(folder) / "run", workers=0)
        seconds = time.perf_counter() - start
        report(pages, "documents", seconds, processor_seconds() - before, ["curate"], documents=pages)


main()
