"""When the disk takes no more: an error that says of which file, how much there is, and what to do."""

from __future__ import annotations

import errno
import re
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curate.errors import ResourceError

_NO_SPACE = "no space is left on the disk"
_REFUSALS = {errno.ENOSPC: _NO_SPACE, errno.EDQUOT: "the disk quota is used up"}

#: What numpy says, without an error number, when fewer bytes were written than it gave.
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")


@contextmanager
def naming_refusals(path: Path, written: Path | None = None) -> Iterator[None]:
    """Where the system refuses to store more, raise an error for the user instead of the system's.

    Args:
        path: what is being written, a file or a folder.
        written: where it is being written to meanwhile, if that is another file.

    Raises:
        ResourceError: no space, no quota, or files may not be so large.

    >>> with naming_refusals(Path("runs/x/part-00000.parquet")):
    ...     raise OSError(errno.EDQUOT, "Disk quota exceeded")
    Traceback (most recent call last):
    ...
    curate.errors.ResourceError: runs/x/part-00000.parquet: the disk quota is used up; ...
    """
    try:
        yield
    except OSError as error:
        reason = _reason(error)
        if reason is None:
            raise
        told = f"{path}: {reason}{_so_far(written or path)}; {_free(path)}"
        advice = "Raise the limit" if "ulimit" in reason else "Make room, or choose another --output DIR"
        raise ResourceError(f"{told}. {advice}; the same command goes on where it stopped") from error


def _reason(error: OSError) -> str | None:
    """Why the system refused, or None if it is another error."""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    limited = limit != resource.RLIM_INFINITY
    too_large = f"files may not be larger than {limit:,} bytes (ulimit -f)" if limited else "the file is too large"
    if error.errno == errno.EFBIG:
        return too_large
    if error.errno is None and _SHORT_WRITE.search(str(error)):
        return too_large if limited else _NO_SPACE
    return _REFUSALS.get(error.errno or 0)


def _so_far(written: Path) -> str:
    """How much of a file there was room for: it needs more than that."""
    return f" after {written.stat().st_size:,} bytes of it" if written.is_file() else ""


def _free(path: Path) -> str:
    """How much room there is on the disk of a path."""
    there = next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())
    return f"{shutil.disk_usage(there).free:,} bytes are free there"
