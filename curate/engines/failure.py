"""What a worker says of a task that raised."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from curate.errors import CurateError


@dataclass(frozen=True)
class Failure:
    """A task that raised: the message for the user, the traceback for `--debug`, and the exit code it asks for."""

    message: str
    details: str
    exit_code: int
    expected: bool


def describe(error: Exception) -> Failure:
    """What the parent needs to know of an exception."""
    details = traceback.format_exc()
    if isinstance(error, CurateError):
        return Failure(str(error), details, error.exit_code, True)
    if isinstance(error, OSError) and error.filename:
        return Failure(f"{error.filename}: {error.strerror}", details, 1, True)
    if isinstance(error, MemoryError):
        return Failure(f"out of memory: {error}; use fewer --workers or a smaller batch_bytes", details, 1, True)
    return Failure(f"{type(error).__name__}: {error}", details, 1, False)
