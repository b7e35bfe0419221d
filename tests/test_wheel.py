"""What a wheel holds: built by setuptools from a copy of the tree, without network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: What is installed finds its own model, checks its sha256, and can load it.
LOAD = """
import curate
from curate.ingest.extraction.engine import MODEL_FOLDER, engine
engine()
print(curate.__file__, MODEL_FOLDER, sep="\\n")
"""


@pytest.mark.slow
def test_an_installed_package_finds_the_model_of_the_extractor(tmp_path) -> None:
    """`classifiers/content` is in it, beside the package that reads it."""
    pytest.importorskip("setuptools")
    source, installed = tmp_path / "source", tmp_path / "installed"
    for name in ("curate", "classifiers"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("cli.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines(keepends=True)
    # Setuptools before 77, which venvs of Python 3.11 have, do not know how licences are named now.
    (source / "pyproject.toml").write_text("".join(line for line in lines if not line.startswith("license")), "utf-8")
    build = [sys.executable, "-c", "import setuptools; setuptools.setup()", "build", "--build-lib", str(installed)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    shutil.rmtree(source)
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    assert all(Path(line).is_relative_to(installed) for line in done.stdout.splitlines())
