"""A run at a URL as a folder of this machine, to be verified like any other."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from curate.errors import ResourceError
from curate.objects.store import ObjectStore
from curate.storage import DamagedError, load_commit


@contextmanager
def mirrored(store: ObjectStore) -> Iterator[Path]:
    """A folder with every object of the store as it is, removed afterwards.

    Objects are found by listing. What a commit names and the listing lacks is asked for by its key, since a listing may
    be stale; so only a commit can be overlooked, and its absence is noticed by whoever has the plan.

    Raises:
        ResourceError: the scratch folder has too little room, or the store does not answer.
    """
    scratch = store.settings.scratch
    scratch.mkdir(parents=True, exist_ok=True)
    sizes = store.sizes()
    needed, free = sum(sizes.values()), shutil.disk_usage(scratch).free
    if needed > free:
        raise ResourceError(
            f"{store.url} has {needed:,} bytes, which do not fit into {scratch} with {free:,} bytes free; "
            "set CURATE_STORAGE_SCRATCH to a folder with more room"
        )
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        root = Path(folder)
        _download(store, sizes, root)
        _download(store, _not_listed(store, root), root)
        yield root


def _download(store: ObjectStore, sizes: dict[str, int], root: Path) -> None:
    def one(key: str) -> None:
        with suppress(FileNotFoundError):  # removed since it was listed
            store.download_as_is(key, root / key, sizes[key])

    with ThreadPoolExecutor(store.settings.connections) as pool:
        for _ in pool.map(one, sizes):
            pass


def _not_listed(store: ObjectStore, root: Path) -> dict[str, int]:
    """Objects that are there though only commits and `published.json` name them."""
    found = {}
    for name in _named(root):
        with suppress(FileNotFoundError):
            if not (root / name).exists():
                found[name] = int(store.facts(name)["size"])
    return found


def _named(root: Path) -> Iterator[str]:
    for file in root.rglob("commits/*.json"):
        with suppress(DamagedError):  # for the verification to find
            yield from (output["path"] for output in load_commit(file).outputs)
    with suppress(OSError, ValueError, AttributeError, TypeError):
        published = json.loads((root / "published.json").read_bytes())
        yield from (f"{folder}/{name}" for folder, names in published.items() for name in names)
