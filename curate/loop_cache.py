"""Where numba keeps compiled loops when it may write neither beside the code nor in the user's cache folder.

It would refuse to load a cached function at all, so curate could not be used by a user without a home, or from a
read-only installation.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

_VARIABLE = "NUMBA_CACHE_DIR"


def choose_loop_cache() -> None:
    """Set `NUMBA_CACHE_DIR` to a folder for temporary files if numba could write nowhere; else change nothing."""
    if _VARIABLE in os.environ or _beside_the_code() or _in_the_users_cache():
        return
    os.environ[_VARIABLE] = str(_temporary_folder())
    if numba := sys.modules.get("numba"):  # imported before curate: it has read its environment
        numba.config.CACHE_DIR = os.environ[_VARIABLE]


def _beside_the_code() -> bool:
    folder = Path(__file__).parent / "kernels"
    cache = folder / "__pycache__"
    return os.access(cache if cache.exists() else folder, os.W_OK)


def _in_the_users_cache() -> bool:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "numba"  # noqa: PTH111 (never raises)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _temporary_folder() -> Path:
    """A folder of this user's own that outlives the process; a fresh one if somebody else has made it."""
    folder = Path(tempfile.gettempdir()) / f"curate-loops-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if own else Path(tempfile.mkdtemp(prefix="curate-loops-"))
