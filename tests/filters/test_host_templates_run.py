"""Runs whose pages have templates: one sha256 however they are divided, and every document is accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from outputs import output_hashes

from curate import run

_PIPELINE = """\
name: templates
sources:
  web: {{read: jsonl, paths: "{folder}/web*.jsonl"}}
  books: {{read: jsonl, paths: "{folder}/books.jsonl"}}
stages:
  - c4_quality: {{min_sentences: 0, min_words_per_line: 2, sources: [web]}}
  - host_templates: {{min_pages: 3, sources: [web]}}
"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Path:
    """A menu and a notice around the pages of 10 hosts, every 20th page nothing else; the books share the menu."""
    folder = tmp_path_factory.mktemp("templates")
    stories = (f"Story {n} is about {n * n} sheep, and none of them is alike." if n % 20 else "" for n in range(200))
    pages = [
        {
            "url": f"https://{'www.' if n % 3 else ''}host{n % 10}.example/{n}",
            "text": f"The menu of host {n % 10}.\n\n{story}\n\nAll rights reserved.",
        }
        for n, story in enumerate(stories)
    ]
    for number in range(4):
        lines = (json.dumps(page) + "\n" for page in pages[number::4])
        (folder / f"web-{number}.jsonl").write_text("".join(lines))
    (folder / "books.jsonl").write_text(json.dumps({"url": pages[0]["url"], "text": "All rights reserved."}) + "\n")
    file = folder / "templates.yaml"
    file.write_text(_PIPELINE.format(folder=folder))
    return file


def test_runs_are_the_same_however_divided(pipeline, tmp_path) -> None:
    """Workers, parts and batches change no byte of what is published but the documents' own files."""
    found = []
    divisions = [(0, 100_000_000, 8_000_000), (2, 7_000, 8_000_000), (0, 20_000, 3_000)]
    for number, (workers, part, batch) in enumerate(divisions):
        settings = (f"part_bytes={part}", f"batch_bytes={batch}")
        run(pipeline, output=tmp_path / str(number), workers=workers, overrides=settings)
        hashes = output_hashes(tmp_path / str(number))
        found.append({name: value for name, value in hashes.items() if name.startswith("reports/")})
    assert "reports/host_templates.parquet" in found[0]
    assert found[0] == found[1] == found[2]


def test_counts_add_up(pipeline, tmp_path) -> None:
    """Kept and dropped documents are all that came in, and each line that was cut has its row."""
    run(pipeline, output=tmp_path, workers=0)
    funnel = pq.read_table(tmp_path / "reports" / "funnel.parquet")
    rows = [row for row in funnel.to_pylist() if row["stage"] == "host_templates"]
    counts = {(row["source"], row["outcome"], row["reason"]): row["documents"] for row in rows}
    assert counts == {
        ("web", "kept", ""): 190,
        ("web", "dropped", "host_templates.no_line_left"): 10,
        ("books", "kept", ""): 1,
    }
    report = pq.read_table(tmp_path / "reports" / "host_templates.parquet")
    assert len(report) == 400 and set(report["host_pages"].to_pylist()) == {20}
    parts = [pq.read_table(path) for path in (tmp_path / "stages").glob("*host_templates*/part-*.parquet")]
    assert sum(pc.sum(part["cut_lines"], min_count=0).as_py() for part in parts) == len(report)
