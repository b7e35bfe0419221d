"""Mixing sources by weight and token budget."""

from curate.mix.stage import Mix

__all__ = ["Mix"]
