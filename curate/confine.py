"""Names that a file gives of other files: they may lead to what lies beside it, and nowhere else.

A run directory, a folder of a data set or a commit may come from anybody. What it names is read, hashed and
downloaded to, so a name that is absolute, goes up, or passes a link that leads out is refused.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any

from curate.errors import StateError


def is_relative_name(name: Any) -> bool:
    """Whether something names a place below a folder: relative, in plain form, without `..`.

    >>> [is_relative_name(name) for name in ("a/b.arrow", "/a", "../a", "a/../b", "a//b", "", ".", "a\\0", 5)]
    [True, False, False, False, False, False, False, False, False]
    """
    if not isinstance(name, str) or "\0" in name or name in ("", "."):
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and str(path) == name


def leads_out(folder: Path, path: Path) -> bool:
    """Whether a path below a folder lies elsewhere once links are followed."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def inside(folder: Path, name: Any, source: Path) -> Path:
    """The path of a file of a folder that another file names.

    Args:
        folder: that the name is relative to.
        name: as it was read.
        source: the file that holds the name, for the message.

    Raises:
        StateError: the name leads out of the folder, itself or by a link.

    >>> inside(Path("run"), "../secret", Path("run/finished.json"))
    Traceback (most recent call last):
    curate.errors.StateError: run/finished.json names the file '../secret', which is not inside run; ...
    """
    if not is_relative_name(name) or leads_out(folder, folder / name):
        raise StateError(
            f"{source} names the file {name!r}, which is not inside {folder}; "
            "nothing outside of it is touched. Do not use this folder unless you know where it comes from"
        )
    return folder / str(name)


def refuse_links_out(root: Path) -> None:
    """Make sure that no link below a folder leads out of it; the folder may be a link itself.

    Raises:
        StateError: one does.
    """
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            path = Path(folder, name)
            if path.is_symlink() and leads_out(root, path):
                raise StateError(
                    f"{path} is a link that leads out of the run directory {root}; nothing outside of it is touched. "
                    "Put the file itself in place of the link, or remove it"
                )
