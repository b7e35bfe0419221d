"""curate turns web crawls and reference corpora into pretraining tokens.

    import curate
    curate.run("pipelines/gpt3_mix.yaml")
    curate.verify("runs/gpt3_mix").ok

Filters, deduplication and decontamination work on plain strings too: see `curate.filters`, `curate.dedup` and
`curate.decontaminate`.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from curate.loop_cache import choose_loop_cache

if TYPE_CHECKING:
    from curate.runner import RunResult, run
    from curate.verification import Verification, verify

__all__ = ["RunResult", "Verification", "__version__", "run", "verify"]

_HOME = {"run": "runner", "RunResult": "runner", "verify": "verification", "Verification": "verification"}

try:
    __version__ = version("curate")
except PackageNotFoundError:  # run from a folder that is not installed
    __version__ = "0+unknown"


choose_loop_cache()


def __getattr__(name: str) -> Any:
    """Load a function on first use, so that importing the package costs nothing."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(f"curate.{_HOME[name]}"), name)
    raise AttributeError(f"module 'curate' has no attribute {name!r}")
