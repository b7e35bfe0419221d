"""What a worker that extracts needs, on a thousand real pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curate import run
from curate.engines.local import LocalEngine
from curate.ingest import extract
from curate.plan import Task
from curate.storage import Commit

PIPELINE = """
name: memory
sources:
  web: {{read: warc, paths: "{pages}", extract: {{engine: curate, format: markdown}}}}
stages:
  - exact_dedup
"""
#: Of its own; files such as libraries are in memory once for all workers.
MOST_BYTES = 300_000_000


class _Watched:
    """One worker process, whose peak memory is read before it goes."""

    def __init__(self) -> None:
        self.peaks: list[int] = []

    def run(self, root: str, tasks: list[Task]) -> Iterator[tuple[Task, Commit]]:
        """Do the tasks, as the local engine does."""
        engine = LocalEngine(1)
        try:
            yield from engine.run(root, tasks)
            self.peaks += [_own_peak_bytes(child.process.pid) for child in engine._idle]
        finally:
            engine.close()

    def peak_memory_bytes(self) -> int:
        """The most of all."""
        return max(self.peaks)

    def close(self) -> None:
        """Nothing is held."""


def _own_peak_bytes(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    sizes = {
        name: int(value.split()[0]) * 1024 for name, _, value in (line.partition(":") for line in lines if "kB" in line)
    }
    return sizes["VmHWM"] - sizes["RssFile"]


@pytest.mark.slow
def test_a_worker_stays_small(shared_data, tmp_path, monkeypatch) -> None:
    """Under 300 MB for reading, extracting and writing 214 MB of HTML, the loops being compiled before."""
    extract("<p>One.", engine="curate")
    engine = _Watched()
    monkeypatch.setattr("curate.runner.choose_engine", lambda *_: engine)
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(PIPELINE.format(pages=shared_data / "crawl" / "crawl-wcxb.warc.gz"))
    run(pipeline, output=tmp_path / "run", workers=1, stop_after="ingest")
    assert 0 < engine.peak_memory_bytes() < MOST_BYTES
