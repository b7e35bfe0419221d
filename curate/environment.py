"""What a run ran on: versions, machine and revision, kept beside its results."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import unicodedata
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from curate import __version__

_PACKAGES = ("numpy", "pyarrow", "numba", "scikit-learn", "tokenizers", "fastwarc", "resiliparse", "fasttext-numpy2")


def describe_environment() -> dict[str, object]:
    """Versions of curate, Python and the libraries that results depend on, the machine, the git revision."""
    return {
        "curate": __version__,
        "python": sys.version.split()[0],
        "unicode": unicodedata.unidata_version,
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "git_revision": _git_revision(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """The revision of the checkout that curate runs from; None where it is installed or git is absent."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None
