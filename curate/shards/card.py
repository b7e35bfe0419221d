"""The dataset card: what the shards hold, for people and for the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
          (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"),
          (10**12, "100B<n<1T"))  # fmt: skip

_CARD = """\
---
pretty_name: Packed pretraining tokens
task_categories:
- text-generation
tags:
- pretraining
- tokens
- curate
size_categories:
- {size}
configs:
- config_name: default
  data_files:
  - split: train
    path: train-*.arrow
---

# Packed pretraining tokens

{tokens:,} tokens in {rows:,} rows of {sequence_length:,}, made by `curate`.

```python
import datasets
rows = datasets.load_dataset("arrow", data_files="train-*.arrow", split="train")
rows[0]["input_ids"]  # {sequence_length} ids, {dtype}
```

## Sources

{sources}

`documents` counts each once, `copies` as often as it is written; `tokens` includes their end-of-text tokens, and
`weight` is the share of all tokens.

## How it was made

Each document was encoded with the tokenizer in `tokenizer.json` ({vocab_size:,} tokens) and followed by
`{end_of_text}` (id {end_of_text_id}). All documents, shuffled across sources, were joined into one sequence and cut
into rows of exactly {sequence_length:,} tokens, so a document may begin or end inside a row and no token is padding.
The last {tail_tokens_dropped:,} tokens filled no row and were left out. The stages before, with every parameter, are in
the `pipeline.yaml` of the run.

## Files

- `train-*.arrow`: {shards:,} shards, Arrow IPC streams with one column `input_ids`.
- `provenance.parquet`: for each range of tokens in each row, the document it came from.
- `manifest.json`: rows, tokens, bytes and sha256 of each file.
- `tokenizer.json`: for `tokenizers` and `transformers`.
"""


def card(manifest: Mapping[str, Any]) -> str:
    """The text of `README.md`, from what the manifest says; it names no path and no date.

    Args:
        manifest: see `curate.shards.manifest.manifest`.
    """
    size = next((name for limit, name in _SIZES if manifest["rows"] < limit), "n>1T")
    fields = {**manifest, "size": size, "sources": _sources(manifest), "shards": len(manifest["shards"])}
    return _CARD.format(**fields)


def _sources(manifest: Mapping[str, Any]) -> str:
    lines = ["| source | documents | copies | tokens | weight |", "|---|---:|---:|---:|---:|"]
    for row in manifest["sources"]:
        name = row["source"].replace("|", "\\|")
        numbers = f"{row['documents']:,} | {row['copies']:,} | {row['tokens']:,} | {row['weight']:.2%}"
        lines.append(f"| {name} | {numbers} |")
    return "\n".join(lines)
