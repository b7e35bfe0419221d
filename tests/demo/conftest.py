"""The demo corpus, built once on this machine and read once per session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from demo_reading import Corpus, read_corpus

from curate.demo import demo_folder


@pytest.fixture(scope="session")
def folder() -> Path:
    """The folder of the demo corpus."""
    return demo_folder()


@pytest.fixture(scope="session")
def truth(folder: Path) -> dict[str, Any]:
    """What the corpus says was planted in it."""
    return dict(json.loads((folder / "truth.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def corpus(folder: Path) -> Corpus:
    """Every document's text as a pipeline would see it, by file and row."""
    return read_corpus(folder)
