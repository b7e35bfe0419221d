"""Tokens in the shards = tokens counted = what the manifest says of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.confine import inside
from curate.plan import Plan, Step
from curate.run_corpus import RunCorpus
from curate.rundir import RunDirectory
from curate.stage import Writer
from curate.storage import sha256_file
from curate.verification.findings import REPORT, Finding


def check_tokens(run: RunDirectory, plan: Plan, steps: int) -> Iterator[Finding]:
    """Count the tokens of each finished `write_tokens` again: in the shards, in the corpus, in the provenance."""
    for step in plan.steps[:steps]:
        folder = run.shards(step.folder)
        if isinstance(step.stage, Writer) and (folder / "manifest.json").exists():
            name = f"{folder.relative_to(run.root).as_posix()}/manifest.json"
            try:
                manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
                for what, expected, found in _sums(run, plan, step, manifest, folder):
                    if expected != found:
                        yield Finding(name, f"{what}: {expected}", str(found), REPORT)
            except (ValueError, KeyError, TypeError) as error:
                yield Finding(name, "a manifest as write_tokens writes it", repr(error), REPORT)


def _sums(
    run: RunDirectory, plan: Plan, step: Step, manifest: dict[str, Any], folder: Path
) -> Iterator[tuple[str, Any, Any]]:
    """What should be equal: what it is, what the manifest says, what is counted."""
    rows = {shard["name"]: shard["rows"] for shard in manifest["shards"]}
    source = folder / "manifest.json"
    yield "rows of each shard", rows, {name: _rows_of(inside(folder, name, source)) for name in rows}
    yield "rows", manifest["rows"], sum(rows.values())
    yield "tokens", manifest["tokens"], manifest["rows"] * manifest["sequence_length"]
    tokens = sum(shard["tokens"] for shard in manifest["shards"])
    yield "tokens of all shards", manifest["tokens"], tokens
    by_source = {row["source"]: row["tokens"] for row in manifest["sources"]}
    yield "tokens by source", by_source, _of_provenance(folder)
    yield "tokens of all sources", manifest["tokens"], sum(by_source.values())
    yield "tokens and tail", manifest["tokens_counted"], manifest["tokens"] + manifest["tail_tokens_dropped"]
    yield "tokens counted", manifest["tokens_counted"], _of_corpus(run, plan, step)
    for file in (*manifest["shards"], *manifest["files"]):
        path = inside(folder, file["name"], source)
        found = [path.stat().st_size, sha256_file(path)]
        yield f"bytes and sha256 of {path.name}", [file["bytes"], file["sha256"]], found


def _rows_of(shard: Path) -> int:
    with pa.memory_map(str(shard)) as file, pa.ipc.open_stream(file) as stream:
        return sum(batch.num_rows for batch in stream)


def _of_provenance(folder: Path) -> dict[str, int]:
    """Tokens by source, as the ranges of the provenance have them."""
    counts: Counter[str] = Counter()
    with pq.ParquetFile(folder / "provenance.parquet") as file:
        for batch in file.iter_batches(columns=["source", "start", "stop"]):
            lengths = pc.subtract(batch["stop"], batch["start"]).cast(pa.int64())
            sums = (
                pa.table({"source": batch["source"], "tokens": lengths})
                .group_by("source")
                .aggregate([("tokens", "sum")])
            )
            counts.update({row["source"]: row["tokens_sum"] for row in sums.to_pylist()})
    return dict(counts)


def _of_corpus(run: RunDirectory, plan: Plan, step: Step) -> int:
    """Tokens of every copy of every document that reached the writer, as the tokenizer counted them."""
    assert isinstance(step.stage, Writer)
    corpus, total = RunCorpus(run, plan, step.index, step.stage.needs), 0
    for part in range(corpus.parts):
        for _, docs in corpus.batches(part, text=False):
            tokens = [column for name, column in docs.scores.items() if name.endswith("_tokenizer.tokens")][-1]
            positions = [column for name, column in docs.scores.items() if name.endswith("mix.positions")]
            copies = pc.fill_null(pc.list_value_length(positions[-1]), 1) if positions else pa.repeat(1, len(docs))
            total += int(np.dot(tokens.to_numpy(), copies.to_numpy().astype(np.int64)))
    return total
