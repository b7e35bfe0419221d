"""`curate doctor`: what it finds, and that `--warm` leaves nothing to compile."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from click.testing import CliRunner

import cli
import curate
from curate.doctor import examine
from curate.registry import STAGES
from curate.warm import GROUPS, LEFT_OUT

ROOT = Path(cli.__file__).parent

#: Prints the functions that have no compiled form on disk; those that are always inlined never have.
LEFT_COLD = """
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from numba.core.dispatcher import Dispatcher
import curate
from curate.warm import warm

if __name__ == "__main__":
    warm()
for module in walk_packages(curate.__path__, "curate."):
    for name, value in vars(import_module(module.name)).items():
        if not isinstance(value, Dispatcher) or value.py_func.__module__ != module.name:
            continue
        line = value.py_func.__code__.co_firstlineno
        kept = Path(value.stats.cache_path).glob(f"{module.name.split('.')[-1]}.{name}-{line}.*.nbi")
        if value.targetoptions.get("inline") != "always" and not any(kept):
            print(f"{module.name}.{name}")
"""

#: What only training an extractor, buckets of hundreds of documents, counts of several parts, and tokenizers that
#: normalise need.
RARE = {
    "curate.kernels.boosting.add_up_bins",
    "curate.kernels.boosting.best_split",
    "curate.kernels.html_align.align_words",
    "curate.kernels.html_align._trace",
    "curate.kernels.lsh._lead",
    "curate.kernels.nfc._least_stable",
    "curate.kernels.pretoken_table.add_counts",
}


def test_every_module_can_be_imported() -> None:
    """So that the search below finds every loop."""
    for module in walk_packages(curate.__path__, "curate."):
        assert import_module(module.name)


@pytest.mark.slow
def test_warming_compiles_every_loop() -> None:
    """After it no run has to wait for the compiler, whatever stages it has, but for what is rarely needed."""
    done = subprocess.run([sys.executable, "-c", LEFT_COLD], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(done.stdout.split()) <= RARE


def test_every_stage_is_warmed_in_one_process_or_left_out_by_name() -> None:
    """A new stage cannot be forgotten."""
    assert sorted([*LEFT_OUT, *(name for group in GROUPS for name in group)]) == sorted(STAGES)


def test_the_doctor_names_what_was_found_and_what_to_do(monkeypatch, tmp_path) -> None:
    """Without compiled loops it says how to make them."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    done = CliRunner().invoke(cli.main, ["doctor"])
    assert done.exit_code == 0
    assert "numba" in done.output and "curate doctor --warm" in done.output
    assert {"Python", "cores", "memory", "free disk"} <= {finding.name for finding in examine()}
