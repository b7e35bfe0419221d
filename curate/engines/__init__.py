"""Engines run tasks, in any order, with retries; nothing else."""
