"""docs/warc-files.md says what is read of the archives of other projects."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from ingest_files import SHARED_DATA

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not (SHARED_DATA / "warc").is_dir(), reason="no shared data beside the repository")
def test_the_table_of_archives_is_true() -> None:
    """What benchmarks/warc_files.py finds today is what the page says, to the last count."""
    spec = importlib.util.spec_from_file_location("warc_files", ROOT / "benchmarks" / "warc_files.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.page(SHARED_DATA / "warc") == (ROOT / "docs" / "warc-files.md").read_text("utf-8")
