"""The whole chain, WARC to packed token shards, as `curate run` does it, in one process."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import job_options, report, timed

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


def start_and_run(file: Path, output: Path) -> None:
    """Import the package, as the command does, and run the pipeline in this process."""
    import curate

    curate.run(file, output=output, workers=0)


def main() -> None:
    """Loops are compiled before; start-up, loading them, and everything the run writes are timed."""
    options = job_options()
    pages = _SOURCES * json.loads((options.inputs / "inputs.json").read_text("utf-8"))["crawl_pages"]
    subprocess.run([sys.executable, "-c", "from curate.warm import warm; warm()"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chain.yaml"
        file.write_text(pipeline(options.inputs), "utf-8")
        _, *seconds = timed(lambda: start_and_run(file, Path(folder) / "run"))
        report(pages, "documents", *seconds, ["curate"], documents=pages)


main()
