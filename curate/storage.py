"""How files come to be: written under a temporary name, renamed, synced; then their commit is renamed into place.

A file without its commit does not count, so a process can be killed at any point and what it left is redone. A commit
is not synced itself: one that a power failure takes away or tears is redone as well, and the end of a run syncs all.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

from curate.confine import is_relative_name
from curate.disk import naming_refusals

_TEMPORARY = ".tmp"
_LIBC = ctypes.CDLL(None, use_errno=True)
_SYNC_FILE_RANGE_WRITE = 2


@contextmanager
def atomic_file(path: Path, *, synced: bool = True) -> Iterator[Path]:
    """A temporary path to write to; on leaving it is synced and renamed to `path`, on an error removed.

    Without `synced` it is not, which saves time where whoever commits the file syncs it, or nobody needs it to last.

    Raises:
        ResourceError: the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{token_hex(4)}{_TEMPORARY}")  # elsewhere, process ids repeat
    try:
        with naming_refusals(path, temporary):
            yield temporary
            if synced:
                sync(temporary)
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if synced:
        sync(path.parent)


def sync(path: Path) -> None:
    """Make the operating system write a file, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(paths: Iterable[Path]) -> None:
    """The same for many files: all begin to be written before one is waited for, so that a journal is written once."""
    with ExitStack() as stack:
        descriptors = []
        for path in paths:
            descriptors.append(os.open(path, os.O_RDONLY))
            stack.callback(os.close, descriptors[-1])
            if sys.platform == "linux":
                whole = ctypes.c_int64(0), ctypes.c_int64(0)  # from the first byte on, to the last
                _LIBC.sync_file_range(descriptors[-1], *whole, _SYNC_FILE_RANGE_WRITE)
        for descriptor in descriptors:
            os.fsync(descriptor)


def sync_file_system(folder: Path) -> None:
    """Make the operating system write all that it holds for the file system of a folder to the disk."""
    if sys.platform != "linux":
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if _LIBC.syncfs(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(descriptor)


def files_below(folder: Path) -> set[Path]:
    """Every file in a folder and the folders in it."""
    return {path for path in folder.rglob("*") if path.is_file()}


def remove_temporary(root: Path) -> None:
    """Remove what a killed process left half-written anywhere below a folder that nobody else is writing to."""
    for path in sorted(root.rglob(f"*{_TEMPORARY}")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON, keys sorted, all or nothing."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """JSON as it is written to files: keys sorted, UTF-8."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def write_sealed(path: Path, value: dict[str, Any], *, synced: bool = True) -> None:
    """Write a JSON object together with the hash of what it says, so that a flipped bit in it is noticed."""
    with atomic_file(path, synced=synced) as temporary:
        temporary.write_bytes(sealed_bytes(value))


def sealed_bytes(value: dict[str, Any]) -> bytes:
    """A JSON object together with the hash of what it says, as it is written to files."""
    return json_bytes(value | {"sha256": fingerprint(value)})


def read_sealed(path: Path) -> dict[str, Any]:
    """What `write_sealed` wrote.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what was written.
    """
    return parse_sealed(path.read_bytes())


def parse_sealed(data: bytes) -> dict[str, Any]:
    """What `sealed_bytes` made, without the hash; raises `ValueError` if it is not that."""
    value = json.loads(data)
    if not isinstance(value, dict) or value.pop("sha256", None) != fingerprint(value):
        raise ValueError("it does not match its own sha256")
    return value


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(*values: Any) -> str:
    """A hash of plain values (JSON) that is the same in every process: 64 hexadecimal digits.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Commit:
    """The record that a task is complete.

    Attributes:
        key: fingerprint of everything the outputs depend on; a commit with another key is of another task.
        outputs: path (relative to the run), bytes and sha256 of each file that the task wrote.
        counts: what the task counted; kept so that a resumed run reports the same figures.
        warnings: messages for the user.
    """

    key: str
    outputs: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class DamagedError(Exception):
    """A commit, or a file that it names, is not what was committed: `file` says which, `how` in what way."""

    def __init__(self, file: Path, how: str):
        super().__init__(f"{file} is damaged: {how}")
        self.file, self.how = file, how


def write_commit(file: Path, commit: Commit) -> None:
    """Declare a task complete. Its outputs must be in place and synced."""
    write_sealed(file, vars(commit), synced=False)


def load_commit(file: Path) -> Commit:
    """A commit as it was written; raises `DamagedError` where it is missing, torn or altered."""
    try:
        return parse_commit(file.read_bytes())
    except OSError as error:
        raise DamagedError(file, str(error.strerror)) from error
    except ValueError as error:  # torn, altered, or of another version of curate
        raise DamagedError(file, str(error)) from error


def parse_commit(data: bytes) -> Commit:
    """A commit; raises `ValueError` for what is none, has been altered, or names a file outside of its run."""
    try:
        commit = Commit(**parse_sealed(data))
        names = [output["path"] for output in commit.outputs if output["bytes"] >= 0 and output["sha256"] + ""]
    except (TypeError, KeyError) as error:
        raise ValueError(f"no commit: {error}") from error
    for name in names:
        if not is_relative_name(name):
            raise ValueError(f"it names the file {name!r}, which is not inside the run directory")
    return commit


def read_commit(file: Path, key: str, root: Path) -> Commit | None:
    """The commit of a task if it is there, of this key, and its outputs have their sizes; None if it is not there.

    Raises:
        DamagedError: it is torn or altered, or an output is missing or has another size. What is in the outputs is
            not looked at: that would mean to read the whole run.
    """
    if not file.exists():
        return None
    commit = load_commit(file)
    if commit.key != key:
        return None
    for output in commit.outputs:
        check_size(root / output["path"], output["bytes"])
    return commit


def check_size(path: Path, size: int) -> None:
    """Raise `DamagedError` unless a file is there and has so many bytes."""
    try:
        found = path.stat().st_size
    except OSError as error:
        raise DamagedError(path, f"it is committed, but: {error.strerror}") from None
    if found != size:
        raise DamagedError(path, f"it has {found:,} bytes, not the {size:,} of its commit")


def describe_outputs(paths: Sequence[Path], root: Path) -> list[dict[str, Any]]:
    """Path, size and sha256 of files that have been written."""
    described = []
    for path in paths:
        size = path.stat().st_size
        described.append({"path": path.relative_to(root).as_posix(), "bytes": size, "sha256": sha256_file(path)})
    return described


def publish_folder(files: dict[str, Path], target: Path) -> None:
    """Make `target` hold exactly these files, by hard link where the file system can, by copy elsewhere."""
    fresh = target.with_name(f".{target.name}{_TEMPORARY}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, file in sorted(files.items()):
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file, fresh / name)
        except OSError:
            shutil.copyfile(file, fresh / name)
    sync(fresh)
    remove_folder(target)
    fresh.replace(target)
    sync(target.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder so that nobody meets a part of it: it is renamed away first. It need not be there."""
    if folder.exists():
        doomed = folder.with_name(f".{folder.name}.old{_TEMPORARY}")
        shutil.rmtree(doomed, ignore_errors=True)
        folder.replace(doomed)
        shutil.rmtree(doomed)
