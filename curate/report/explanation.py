"""What `curate extract --explain` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from curate.ingest.charset import decode_text
from curate.ingest.extraction.engine import Favor
from curate.ingest.extraction.explain import explain

_TEXT_CHARS = 90


def explanation_lines(page: bytes, favor: str) -> Iterator[str]:
    """Two lines for each block of a page: kept or not, probability, place and text; then what spoke for and against."""
    for block in explain(decode_text(page)[0].encode(), cast(Favor, favor)):
        text = block.text if len(block.text) <= _TEXT_CHARS else block.text[: _TEXT_CHARS - 1] + "…"
        yield f"{'keep' if block.kept else 'skip'} {block.probability:.2f} {block.path}: {text}"
        yield "          " + ", ".join(f"{name}={value} {share:+.2f}" for name, value, share in block.reasons)
