"""Removing benchmark text from the corpus."""

from curate.decontaminate.stage import Decontaminate

__all__ = ["Decontaminate"]
