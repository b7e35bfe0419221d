"""Exact and fuzzy deduplication."""
