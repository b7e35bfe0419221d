"""Pages made to hang or fill the memory, read by the real pipeline: they cost themselves, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile_pages import HOSTILE
from ingest_files import gzip_members, http, warc_record

from curate import run
from curate.ingest import extract

#: Pages that take another project's engine seconds of processor time each are tried on ours alone.
FOR_ALL = ("nested tags", "attributes", "entity expansion", "NULs", "comment", "script", "formatting", "svg", "quotes")
NEIGHBOUR = "<!doctype html><title>t</title><body><p>Page number {} has a text of its own, and it is read.</p>"
#: What a hostile page may come to, if it is no document.
OUTCOMES = {"time_limit", "memory_limit", "crash", "no_text", "extraction_failed"}
PIPELINE = """
name: hostile
max_record_seconds: {seconds}
sources:
  web: {{read: warc, paths: "{folder}/*.warc.gz", max_document_bytes: 60_000_000, extract: {{engine: {engine}}}}}
stages:
  - exact_dedup
"""


def _read(folder: Path, engine: str, pages: list[str], seconds: float) -> tuple[list[str], list[dict[str, object]]]:
    """The texts of the documents and the rows of the quarantine, of each hostile page between two that are not."""
    bodies = [NEIGHBOUR.format(0)]
    for number, page in enumerate(pages, 1):
        bodies += [f"<!doctype html><title>t</title><body>{HOSTILE[page]}", NEIGHBOUR.format(number)]
    (folder / "a.warc.gz").write_bytes(gzip_members(warc_record(http(body.encode())) for body in bodies))
    (folder / "p.yaml").write_text(PIPELINE.format(folder=folder, engine=engine, seconds=seconds))
    run(folder / "p.yaml", output=folder / "run", workers=1, stop_after="ingest")
    documents, quarantine = (
        pa.concat_tables(map(pq.read_table, sorted((folder / "run" / name).glob("*.parquet"))))
        for name in ("documents", "quarantine")
    )
    return documents["text"].to_pylist(), quarantine.to_pylist()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["curate", "resiliparse", "trafilatura"])
def test_hostile_pages_cost_themselves_alone(tmp_path, engine) -> None:
    """Every other page is a document; each hostile one is a document too, or quarantined with its offset and why."""
    if engine == "trafilatura":
        pytest.importorskip("trafilatura", exc_type=ImportError)
    pages = list(HOSTILE) if engine == "curate" else list(FOR_ALL)
    texts, lost = _read(tmp_path, engine, pages, seconds=3)
    neighbours = {f"Page number {number} has a text of its own, and it is read." for number in range(len(pages) + 1)}
    assert neighbours <= {text.splitlines()[-1] for text in texts}
    assert {row["reason"] for row in lost} <= OUTCOMES
    assert len({row["offset"] for row in lost}) == len(lost)
    assert len(texts) + len(lost) == len(neighbours) + len(pages)


@pytest.mark.parametrize("page", [page for page in HOSTILE if page not in ("links", "page of 50 MB", "one line")])
def test_our_engine_needs_no_watchdog(page) -> None:
    """No page makes curate's own engine raise; what `test_hostile_pages_cost_themselves_alone` runs is judged there."""
    text = extract(f"<!doctype html><title>t</title><body>{HOSTILE[page]}", engine="curate").text
    assert "\0" not in text
