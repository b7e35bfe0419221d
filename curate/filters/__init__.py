"""Filters that judge a document by its language and by its quality."""

from curate.filters.language import LanguageFilter
from curate.filters.quality import QualityFilter

__all__ = ["LanguageFilter", "QualityFilter"]
