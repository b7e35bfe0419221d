"""The errors a user can meet, by what has to be done about them.

CurateError            exit 1
├── PipelineError      exit 2: the pipeline or the command line is wrong; carries every problem at once
├── InputError         an input cannot be read at all (one bad record is quarantined instead)
├── StateError         the run directory holds, or is held by, something else
├── ResourceError      disk, memory or permission
└── InternalError      a promise of curate itself is broken; please report it
"""

from __future__ import annotations

from dataclasses import dataclass


class CurateError(Exception):
    """A failure with a message for the user: what is wrong, where, what was expected, what to do."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a pipeline: `where` is file:line:column or the command-line option."""

    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" + (f"\n    {self.hint}" if self.hint else "")


class PipelineError(CurateError):
    """The pipeline cannot run as written; `problems` lists everything that is wrong with it."""

    exit_code = 2

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class InputError(CurateError):
    """An input file or source cannot be used."""


class StateError(CurateError):
    """The run directory is in use, or does not hold what was expected."""


class ResourceError(CurateError):
    """The machine refused: no space, no permission, a worker lost too often."""


class InternalError(CurateError):
    """A promise of curate does not hold, such as counts that do not add up."""
