"""Documents, runs of a stage in any division into parts, and similar texts for the tests of deduplication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.corpus import MemoryCorpus
from curate.dedup.base import Dedup
from curate.documents import ID, Documents, document_id
from curate.local_rounds import FolderTables, run_rounds

Row = tuple[str, str, str]  # key, source, text


@dataclass
class Outcome:
    """What a stage said: by key whether kept, cluster and survivor (keys); the report by key, and its file."""

    keep: dict[str, bool]
    cluster: dict[str, str | None]
    survivor: dict[str, str | None]
    report: dict[str, dict[str, Any]]
    file: bytes

    @property
    def removed(self) -> set[str]:
        """The keys of removed documents."""
        return {key for key, keep in self.keep.items() if not keep}


def documents(rows: Sequence[Row], quality: dict[str, float] | None = None) -> Documents:
    """Documents whose id is that of their key; `quality` scores some of them."""
    batch = pa.RecordBatch.from_pydict(
        {
            "id": pa.array([document_id("test", key, 0) for key, _, _ in rows], ID),
            "source": pa.array([source for _, source, _ in rows], pa.string()),
            "text": pa.array([text for _, _, text in rows], pa.string()),
        }
    )
    scores = pa.array([(quality or {}).get(key) for key, _, _ in rows], pa.float64())
    return Documents(batch, {"quality_filter.score": scores} if quality else {})


def run_dedup(
    folder: Path,
    stage: Dedup,
    rows: Sequence[Row],
    parts: int = 1,
    quality: dict[str, float] | None = None,
    slots: int = 1,
    max_memory_bytes: int = 2_000_000_000,
) -> Outcome:
    """Run a stage over rows, cut into parts, whose shuffles are cut into slots; little memory makes many ranges."""
    home = folder / f"run-{len(list(folder.iterdir()))}"
    split = [documents([rows[at] for at in part], quality) for part in np.array_split(range(len(rows)), parts)]
    tables = FolderTables(home / "tables", parts)
    corpus = MemoryCorpus(*split, tables=tables)
    corpus.max_memory_bytes = max_memory_bytes
    state = home / "state"
    state.mkdir(parents=True)
    run_rounds(stage, corpus, tables, state, slots)
    return _outcome(stage, split, rows, tables, state)


def _outcome(
    stage: Dedup, split: Sequence[Documents], rows: Sequence[Row], tables: FolderTables, state: Path
) -> Outcome:
    key_of = {document_id("test", key, 0): key for key, _, _ in rows} | {None: None}
    said = []
    for part, docs in enumerate(split):
        stage.load_part(tables, part)
        said.append(stage.annotate(docs))
    keys = [key for key, _, _ in rows]
    columns = {
        name: [key_of[value] for one in said for value in one.columns[name].to_pylist()]
        for name in ("cluster", "survivor")
    }
    report = pq.read_table(state / "reports" / "duplicates.parquet").to_pylist()
    return Outcome(
        dict(zip(keys, [bool(keep) for one in said for keep in one.keep], strict=True)),
        dict(zip(keys, columns["cluster"], strict=True)),
        dict(zip(keys, columns["survivor"], strict=True)),
        {key_of[bytes.fromhex(row["document"])]: row for row in report},
        (state / "reports" / "duplicates.parquet").read_bytes(),
    )


def similar_texts(count: int, seed: int, vocabulary: int = 500, words: int = 80) -> list[str]:
    """Texts of random words, most of them earlier ones with some words replaced."""
    draw = np.random.default_rng(seed)
    made: list[np.ndarray] = []
    for _ in range(count):
        text = draw.integers(0, vocabulary, words)
        if made and draw.random() < 0.7:
            text = np.where(draw.random(words) < draw.choice([0, 0.01, 0.05]), text, made[draw.integers(len(made))])
        made.append(text)
    return [" ".join(f"w{word}" for word in text) for text in made]
