"""Mixing sources by weight and token budget."""
