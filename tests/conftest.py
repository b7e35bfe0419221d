"""A small corpus of real text and a pipeline over it, shared by the tests of whole runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_runs import tiny_corpus, tiny_pipeline

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_addoption(parser) -> None:
    """Options of the chaos suite, which `make chaos` runs in full."""
    parser.addoption("--trials", type=int, default=10, help="How often each fault is made; 200 and more is in full.")
    parser.addoption("--chaos-table", type=Path, help="A Markdown file whose table of the chaos suite is replaced.")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """Two sources and a benchmark: every tenth document of `web` is a copy of another, some leak an item."""
    folder = tmp_path_factory.mktemp("corpus")
    tiny_corpus(folder)
    return folder


@pytest.fixture
def pipeline_file(corpus, tmp_path) -> Path:
    """The tiny pipeline, in a folder of the test's own."""
    file = tmp_path / "tiny.yaml"
    file.write_text(tiny_pipeline(corpus))
    return file


@pytest.fixture(scope="session")
def finished(corpus, tmp_path_factory) -> Path:
    """A finished run of the tiny pipeline, to be read only."""
    from curate import run

    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(tiny_pipeline(corpus))
    return run(folder / "tiny.yaml", output=folder / "run", workers=2).path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real crawls and corpora kept beside the repository; tests that need them skip without."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"{SHARED_DATA} is not there")
    return SHARED_DATA
