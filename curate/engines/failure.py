"""What a worker says of a task that raised, and what becomes of it in the process that runs the plan."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from curate.errors import CurateError, InternalError


@dataclass(frozen=True)
class Failure:
    """A task that raised: the message for the user, the traceback for `--debug`, and the exit code it asks for."""

    message: str
    details: str
    exit_code: int
    expected: bool


class TaskError(CurateError):
    """A task failed; `details` holds the worker's traceback."""

    def __init__(self, failure: Failure):
        super().__init__(failure.message)
        self.exit_code = failure.exit_code
        self.details = failure.details


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


def error_of(failure: Failure, task_name: str) -> CurateError:
    """The error to raise for a failure: what a task said itself, or else that curate is to blame."""
    if failure.expected:
        return TaskError(failure)
    error = InternalError(f"{task_name} failed: {failure.message}; please report this")
    error.details = failure.details  # type: ignore[attr-defined]
    return error
