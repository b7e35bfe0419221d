"""Removing benchmark text from the corpus."""
