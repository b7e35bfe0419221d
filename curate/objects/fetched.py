"""Files of stages at URLs (benchmarks, classifiers, tokenizers) as files of this machine.

Their contents are part of the plan's fingerprint. A copy in the scratch folder is used for as long as the store says
the same of the object: its mark, else its time, and its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curate.errors import InputError
from curate.objects.retry import retrying
from curate.objects.settings import StorageSettings
from curate.objects.store import ObjectStore, connect, etag_of
from curate.storage import fingerprint


def is_url(location: str) -> bool:
    """Whether something is to be fetched before it can be read.

    >>> is_url("s3://models/quality"), is_url("file:///models/quality"), is_url("models/quality")
    (True, False, False)
    """
    return "://" in location and not location.startswith("file://")


def fetched(location: str) -> Path:
    """A file as one of this machine; a path or `file://` stays where it is.

    Raises:
        InputError: there is no such object.
        ResourceError: the store does not answer.
    """
    if not is_url(location):
        return Path(location.removeprefix("file://"))
    path = fetched_folder([location]) / location.rpartition("/")[2]
    if not path.exists():
        raise InputError(f"{location}: no file found there")
    return path


def fetched_folder(urls: Sequence[str]) -> Path:
    """A folder of this machine with those objects that exist, under the last parts of their names."""
    stores = [ObjectStore.at(url) for url in urls]
    facts = {store: found for store in stores if (found := _facts(store)) is not None}
    marks = [[store.url, etag_of(found) or _time(found), found["size"]] for store, found in facts.items()]
    folder = StorageSettings.from_environment().scratch / "files" / fingerprint(marks)[:32]
    folder.mkdir(parents=True, exist_ok=True)
    for store, found in facts.items():
        target = folder / store.url.rpartition("/")[2]
        if not target.exists():  # what is there is whole: files are renamed into place
            store.download_as_is("", target, int(found["size"]))
    return folder


def fetched_matches(pattern: str) -> list[Path]:
    """The objects that a URL with `*`, `?`, `[…]` or `**` matches, or the one that it names, on this machine."""
    filesystem, path = connect(pattern)
    names = retrying(lambda: filesystem.glob(path), StorageSettings.from_environment())
    return [fetched(filesystem.unstrip_protocol(name)) for name in sorted(names)]


def _facts(store: ObjectStore) -> dict[str, Any] | None:
    try:
        facts = store.facts()
    except FileNotFoundError:
        return None
    return facts if facts.get("type", "file") == "file" else None


def _time(facts: dict[str, Any]) -> str:
    return str(facts.get("LastModified") or facts.get("mtime") or facts.get("created"))
