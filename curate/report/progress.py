"""Live progress: bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Reporter(Protocol):
    """What a run tells while it goes on."""

    def start(self, label: str) -> None:
        """A step begins."""

    def extend(self, tasks: int, reused: int) -> None:
        """The step has so many more tasks, of which some are done already."""

    def advance(self, documents: int, kept: int) -> None:
        """A task is done; the documents it was given and kept."""

    def finish(self) -> None:
        """The step is complete."""

    def warn(self, message: str) -> None:
        """Something the user should know."""


class Quiet:
    """Tells nothing: for scripts and tests."""

    def start(self, label: str) -> None:
        """Ignore it."""

    def extend(self, tasks: int, reused: int) -> None:
        """Ignore it."""

    def advance(self, documents: int, kept: int) -> None:
        """Ignore it."""

    def finish(self) -> None:
        """Ignore it."""

    def warn(self, message: str) -> None:
        """Ignore it; the message is in the commit too."""


class Lines:
    """One line for each step, without control characters: for logs and pipes."""

    def __init__(self, console: Console):
        self.console = console
        self.rate = Rate()

    def start(self, label: str) -> None:
        """Begin to count."""
        self.label, self.tasks, self.reused = label, 0, 0
        self.rate = Rate()

    def extend(self, tasks: int, reused: int) -> None:
        """Count what is to do."""
        self.tasks += tasks
        self.reused += reused

    def advance(self, documents: int, kept: int) -> None:
        """Count."""
        self.rate.add(documents, kept)

    def finish(self) -> None:
        """Say what was done."""
        reused = f"  reused {self.reused}/{self.tasks}" if self.reused else ""
        done = f"  {self.rate}" if self.reused < self.tasks else ""
        self.console.print(f"{self.label:<24}{done}{reused}", markup=False, highlight=False, soft_wrap=True)

    def warn(self, message: str) -> None:
        """Print the warning."""
        self.console.print(f"warning: {message}", markup=False, highlight=False, soft_wrap=True)


class Bars(Lines):
    """A bar for each step, with documents per second, the share kept and the time left."""

    def __init__(self, console: Console, progress: Progress):
        super().__init__(console)
        self.progress = progress
        self.bar: TaskID | None = None

    def start(self, label: str) -> None:
        """Show a bar."""
        super().start(label)
        self.bar = self.progress.add_task(label, total=0, rate="")

    def extend(self, tasks: int, reused: int) -> None:
        """Lengthen the bar."""
        super().extend(tasks, reused)
        assert self.bar is not None
        self.progress.update(self.bar, total=self.tasks)
        self.progress.advance(self.bar, reused)

    def advance(self, documents: int, kept: int) -> None:
        """Move the bar."""
        super().advance(documents, kept)
        assert self.bar is not None
        self.progress.update(self.bar, advance=1, rate=str(self.rate))

    def finish(self) -> None:
        """Leave a line in place of the bar."""
        assert self.bar is not None
        self.progress.remove_task(self.bar)
        super().finish()


class Rate:
    """Documents per second and the share kept, since the step began."""

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.documents = self.kept = 0

    def add(self, documents: int, kept: int) -> None:
        """Count a task's documents."""
        self.documents += documents
        self.kept += kept

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self.since, 1e-9)
        if not self.documents:
            return f"{seconds:6.1f} s"
        share = 100 * self.kept / self.documents
        return f"{seconds:6.1f} s  {self.documents / seconds:>9,.0f} docs/s  kept {share:5.1f} %"


@contextmanager
def live(console: Console) -> Iterator[Reporter]:
    """Bars if the console is a terminal, lines if it is not."""
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}  {task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bars(console, progress)
