"""Filters that judge a document on its own: its language, its quality, and the heuristics of published recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.filters.c4 import C4Quality
    from curate.filters.fineweb import FinewebQuality
    from curate.filters.gopher import GopherQuality, GopherRepetition
    from curate.filters.language import LanguageFilter
    from curate.filters.quality import QualityFilter

_HOME = {
    "C4Quality": "c4",
    "FinewebQuality": "fineweb",
    "GopherQuality": "gopher",
    "GopherRepetition": "gopher",
    "LanguageFilter": "language",
    "QualityFilter": "quality",
}

__all__ = [
    "C4Quality",
    "FinewebQuality",
    "GopherQuality",
    "GopherRepetition",
    "LanguageFilter",
    "QualityFilter",
]


def __getattr__(name: str) -> Any:
    """Load a filter on first use, so that importing one does not compile the loops of the others."""
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
