"""What a verification found, file by file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: What to do about a finding.
RUN_AGAIN = "`curate run` makes it again"
REPAIR = "`curate verify --repair`, then `curate run` makes it again"
REPORT = "please report this: files are whole, but what they say does not add up"


@dataclass(frozen=True)
class Finding:
    """Something in a run directory that is not as it should be.

    Attributes:
        file: relative to the run directory.
        expected, found: in words, with figures.
        advice: what to do.
        damage: False for what does no harm, such as a file that no commit names.
        commits: those to take back so that a run makes the file again, relative to the run directory.
    """

    file: str
    expected: str
    found: str
    advice: str
    damage: bool = True
    commits: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Verification:
    """What `verify` says of a run directory.

    Attributes:
        run: the run directory, a path or URL.
        findings: damage first, then what does no harm; empty if all is well.
        finished: whether the last run came to its end; if not, what it has not done yet is no damage.
        commits, files, file_bytes: how much was checked.
        counted: whether documents and tokens were counted again; not where a table is damaged.
    """

    run: str
    findings: tuple[Finding, ...]
    finished: bool
    commits: int
    files: int
    file_bytes: int
    counted: bool

    @property
    def damage(self) -> tuple[Finding, ...]:
        """The findings that matter."""
        return tuple(finding for finding in self.findings if finding.damage)

    @property
    def ok(self) -> bool:
        """Whether there is no damage."""
        return not self.damage
