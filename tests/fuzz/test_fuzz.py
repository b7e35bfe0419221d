"""The fuzz targets in short: every finding of the past, damaged seeds, and bytes of Hypothesis's choice."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from fuzz_mutate import mutants
from fuzz_seeds import TOKENS, seeds
from fuzz_targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
CORPUS = HERE.parent / "corpus"
#: Mutants that each target gets here; `make fuzz` tries thousands of times more.
RUNS = {"warc": 400, "html": 600, "filters": 60, "pipeline_file": 60}
USUAL_RUNS = 300


@pytest.mark.parametrize("target", TARGETS)
def test_findings_of_the_past(target) -> None:
    """Every input that once broke a promise, kept in tests/corpus/TARGET/, breaks none now; nor do the seeds."""
    for seed in seeds(target):
        TARGETS[target](seed)
    for path in sorted((CORPUS / target).glob("*")):
        TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_damaged_seeds(target) -> None:
    """Sound inputs damaged by chance, the same on every machine, break no promise."""
    for data in islice(mutants(seeds(target), TOKENS, seed=25), RUNS.get(target, USUAL_RUNS)):
        TARGETS[target](data)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.binary(max_size=600))
@pytest.mark.parametrize("target", TARGETS)
def test_any_bytes(target, data) -> None:
    """Bytes that are nothing in particular break no promise either."""
    TARGETS[target](data)


def test_the_corpus_is_of_targets_that_exist() -> None:
    """No finding is forgotten because its target was renamed, and none is large."""
    assert {path.name for path in CORPUS.iterdir()} <= set(TARGETS)
    assert all(path.stat().st_size < 70_000 for path in CORPUS.glob("*/*"))


@pytest.mark.parametrize("engine", ["own", "atheris"])
def test_the_driver_counts_and_reports(engine) -> None:
    """`make fuzz` tries as many inputs as it was told to and says so."""
    if engine == "atheris":
        pytest.importorskip("atheris")
    command = [sys.executable, str(HERE / "fuzz.py"), "jsonl", "--runs=30", f"--engine={engine}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parents[1])
    assert done.returncode == 0, done.stderr
    assert f"| `jsonl` | {engine} | 30 | 0 |" in done.stdout
