"""Finding files: patterns, plain paths, folders and URLs become a sorted list without repeats."""

from __future__ import annotations

import difflib
import glob
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from curate.confine import inside
from curate.errors import InputError, ResourceError, StateError
from curate.objects.retry import in_words, retrying
from curate.objects.settings import StorageSettings
from curate.objects.store import connect, etag_of

_MAGIC = "*?["
#: How often a pattern is listed until nothing is believed to match: clients take some faults for an empty folder.
_LISTINGS = 4


@dataclass(frozen=True)
class FoundFile:
    """A file of a source.

    Attributes:
        path: absolute path or URL.
        name: relative to the source's root, with `/`; part of document ids.
        size: bytes; 0 if the store does not say.
        mtime_ns: when it last changed, nanoseconds since 1970; 0 if the store does not say.
        etag: the store's mark of its content; empty for local files and where there is none.
    """

    path: str
    name: str
    size: int
    mtime_ns: int
    etag: str = ""

    @property
    def version(self) -> int | str:
        """What changes with the content: the mark of the store, else the time."""
        return self.etag or self.mtime_ns


def find_files(paths: Sequence[str]) -> tuple[str, list[FoundFile]]:
    """Find the files that paths mean.

    Args:
        paths: each a file, a folder (all files below it that are not hidden; of a `datasets` folder, its Arrow
            files), a pattern with `*`, `?`, `[…]` and `**`, a URL that fsspec opens, or `hf://NAME`.

    Returns:
        The root, the longest folder that all paths have in common, and the files by name. Names are relative to it, so
        they stay the same when the folder moves and when files are added.

    Raises:
        InputError: a path means no file; the message names near ones.
    """
    roots: list[str] = []
    found: dict[str, Facts] = {}
    for path in paths:
        pattern = path.removeprefix("file://")
        folder, matches = _find_remote(pattern) if "://" in pattern else _find_local(pattern)
        if not matches:
            raise InputError(_nothing_found(pattern))
        roots.append(folder)
        found |= matches
    for path in found:
        if not _is_text(path):
            raise InputError(f"{path!a}: its name is not UTF-8, so no report could name it; rename the file")
    root = _common(roots)
    files = [FoundFile(path, _relative(path, root), *facts) for path, facts in found.items()]
    return root, sorted(files, key=lambda file: file.name)


def _is_text(path: str) -> bool:
    """Whether a path can be written as UTF-8; Linux allows others, of which Python makes lone surrogates."""
    return path.encode("utf-8", "replace").decode() == path


#: Size in bytes, time of the last change in nanoseconds, and mark of the content.
Facts = tuple[int, int, str]


def _find_local(pattern: str) -> tuple[str, dict[str, Facts]]:
    """The fixed folder of a pattern, and its files."""
    matches = glob.glob(_absolute(pattern), recursive=True) or _literal(pattern)  # noqa: PTH207
    try:
        stats = {str(path): path.stat() for match in matches for path in _below(Path(match))}
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be listed: {error.strerror}") from error
    return _fixed_folder(pattern), {path: (stat.st_size, stat.st_mtime_ns, "") for path, stat in stats.items()}


def _literal(pattern: str) -> list[str]:
    """A file whose name holds `[` and so was no match for itself."""
    return [_absolute(pattern)] if Path(_absolute(pattern)).exists() else []


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    state = path / "state.json"
    if state.is_file() and (path / "dataset_info.json").is_file():  # a folder of datasets.save_to_disk
        yield from _listed(state)
        return
    for entry in path.iterdir():
        if not entry.name.startswith(".") and entry.name != "dataset_dict.json":
            yield from _below(entry)


def _listed(state: Path) -> list[Path]:
    """The files that the list of a `datasets` folder names."""
    try:
        names = [entry["filename"] for entry in json.loads(state.read_text(encoding="utf-8"))["_data_files"]]
        return [inside(state.parent, name, state) for name in names]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise InputError(f"{state}: not the list of files that datasets.save_to_disk writes ({error!r})") from error
    except StateError as error:
        raise InputError(str(error)) from None


def _find_remote(pattern: str) -> tuple[str, dict[str, Facts]]:
    """The fixed folder of a URL pattern, and its files."""
    if is_hub_name(pattern):
        return "hf:/", {pattern: (0, 0, "")}
    try:
        store, path = connect(pattern)
        folder, matches = retrying(lambda: _list_remote(store, path), StorageSettings.from_environment())
    except FileNotFoundError:
        raise InputError(_nothing_found(pattern)) from None
    except ResourceError as error:
        raise InputError(str(error)) from None
    except Exception as error:
        raise InputError(in_words(error, pattern)) from error
    files = {store.unstrip_protocol(at): facts for at, facts in matches.items() if facts["type"] == "file"}
    return store.unstrip_protocol(folder), {
        url: (int(facts.get("size") or 0), _mtime_ns(facts), etag_of(facts)) for url, facts in files.items()
    }


def _list_remote(store: Any, path: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """The fixed folder of a path, and the facts of its files. A file that is named in full is not listed but asked."""
    if glob.has_magic(path):
        listings = (store.glob(path, detail=True) for _ in range(_LISTINGS))
        return _before_magic(path), next(filter(None, listings), {})
    facts = store.info(path)
    if facts["type"] == "file":
        return _before_magic(path), {path: facts}
    return path, store.find(path, detail=True)


def is_hub_name(path: str) -> bool:
    """Whether a path is `hf://NAME`, to be read by `datasets`, and not the address of files on the Hub."""
    return path.startswith("hf://") and not path.startswith(("hf://datasets/", "hf://buckets/"))


def _mtime_ns(facts: dict[str, Any]) -> int:
    when = facts.get("mtime", facts.get("LastModified", 0))
    return int((when.timestamp() if hasattr(when, "timestamp") else float(when or 0)) * 1e9)


def _absolute(pattern: str) -> str:
    return os.path.abspath(os.path.expanduser(pattern))  # noqa: PTH100, PTH111 (a Path would fold `**` and `//`)


def _fixed_folder(pattern: str) -> str:
    """The part of a path before its first wildcard; of a plain file, its folder."""
    whole = _absolute(pattern)
    return whole if Path(whole).is_dir() else _before_magic(whole)


def _before_magic(path: str) -> str:
    """The folders before the first that holds a wildcard.

    >>> _before_magic("/data/crawl/2020-*/warc/*.gz"), _before_magic("/data/a.txt")
    ('/data/crawl', '/data')
    """
    kept = takewhile(lambda piece: not any(sign in piece for sign in _MAGIC), path.split("/")[:-1])
    return "/".join(kept) or "/"


def _common(folders: Sequence[str]) -> str:
    pieces = [folder.rstrip("/").split("/") for folder in folders]
    shared = takewhile(lambda column: len(set(column)) == 1, zip(*pieces, strict=False))
    return "/".join(column[0] for column in shared) or "/"


def _relative(path: str, root: str) -> str:
    return path.removeprefix(root).lstrip("/") or path


def _nothing_found(pattern: str) -> str:
    if "://" in pattern:
        return f"{pattern}: no file found there"
    folder = Path(_fixed_folder(pattern))
    rest = Path(_absolute(pattern)).relative_to(folder).parts
    while not folder.is_dir():
        folder, rest = folder.parent, (folder.name, *rest)
    wanted = rest[0].translate({ord(sign): None for sign in "*?[]"}) if rest else ""
    near = difflib.get_close_matches(wanted, sorted(entry.name for entry in folder.iterdir()), n=3, cutoff=0.5)
    hint = f"\n    near it: {', '.join(near)}" if near else ""
    return f"{pattern}: no file found; looked in {folder}{hint}"
