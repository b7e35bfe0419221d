"""curate turns web crawls and reference corpora into pretraining tokens.

    import curate
    curate.run("pipelines/gpt3_mix.yaml")

Filters, deduplication and decontamination work on plain strings too: see `curate.filters`, `curate.dedup` and
`curate.decontaminate`.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.runner import RunResult, run

__all__ = ["RunResult", "__version__", "run"]

try:
    __version__ = version("curate")
except PackageNotFoundError:  # run from a folder that is not installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    """Load `run` on first use, so that importing the package costs nothing."""
    if name in ("run", "RunResult"):
        from importlib import import_module

        return getattr(import_module("curate.runner"), name)
    raise AttributeError(f"module 'curate' has no attribute {name!r}")
