"""The corpus, pipeline and undisturbed run that faults are measured against, and the table of what they cost."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from chaos_ledger import Ledger, as_markdown, gathered, write_between_markers
from fork_client import ForkServer
from small_runs import chaos_corpus, chaos_pipeline_text

#: A file system in memory. What a killed process has written outlives it there as on a disk, and syncing is free.
_IN_MEMORY = Path("/dev/shm")
_NEEDED_BYTES = 1_000_000_000


@pytest.fixture(scope="session")
def session_scratch(tmp_path_factory):
    """A folder for the session, in memory where there is room."""
    if _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > _NEEDED_BYTES:
        with tempfile.TemporaryDirectory(prefix="curate-chaos-", dir=_IN_MEMORY) as folder:
            yield Path(folder)
    else:
        yield tmp_path_factory.mktemp("chaos")


@pytest.fixture
def scratch(session_scratch):
    """A folder for a test, removed after it."""
    with tempfile.TemporaryDirectory(dir=session_scratch) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def chaos_pipeline(session_scratch) -> Path:
    """The pipeline file; its corpus, beside it, is to be read only."""
    chaos_corpus(session_scratch / "corpus")
    file = session_scratch / "chaos.yaml"
    file.write_text(chaos_pipeline_text(session_scratch / "corpus"))
    return file


@pytest.fixture(scope="session")
def undisturbed(chaos_pipeline, session_scratch) -> Path:
    """A run that nothing happened to, to be read only."""
    from curate import run

    return run(chaos_pipeline, output=session_scratch / "undisturbed", workers=0).path


@pytest.fixture(scope="session")
def trials(pytestconfig) -> int:
    """How often each fault is made."""
    return pytestconfig.getoption("--trials")


@pytest.fixture(scope="session")
def in_full(trials) -> bool:
    """Whether grids are walked whole, as under `make chaos`."""
    return trials >= 100


@pytest.fixture
def ledger(undisturbed, record_property) -> Ledger:
    """Counts the trials of a test and what they cost; `ledger.close()` ends the test."""
    return Ledger(undisturbed, record_property)


@pytest.fixture(scope="session")
def fork_server(chaos_pipeline, session_scratch):
    """Starts `curate` in children that begin warm; see `fork_client`."""
    with ForkServer(chaos_pipeline, session_scratch / "warm") as server:
        yield server


def pytest_terminal_summary(terminalreporter, config) -> None:
    """Print the table, and put it into a document if asked to."""
    rows = gathered(terminalreporter.stats)
    if not rows:
        return
    lines = as_markdown(rows, config.getoption("--trials"))
    terminalreporter.section("chaos")
    for line in lines:
        terminalreporter.line(line)
    if document := config.getoption("--chaos-table"):
        write_between_markers(document, lines)
