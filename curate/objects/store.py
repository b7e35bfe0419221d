"""A folder of an object store. Every request is checked and tried again.

A listing may be stale and a folder of many objects is slow to list, so whoever asks must know the exact key; only a
verification lists.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from curate.confine import is_relative_name
from curate.errors import CurateError, ResourceError, StateError
from curate.objects.retry import BadAnswerError, in_words, is_permanent, missing_library, retrying
from curate.objects.settings import StorageSettings
from curate.storage import atomic_file

T = TypeVar("T")

_S3 = ("s3://", "s3a://")
#: S3 takes at most 10,000 parts of a file.
_MAX_UPLOAD_PARTS = 9_000
_MIN_UPLOAD_BYTES = 5 << 20


def connect(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it.

    Raises:
        ResourceError: no library for such URLs is installed, or there is none.
    """
    import fsspec

    options: dict[str, Any] = {"use_listings_cache": False}
    if url.startswith(_S3):
        seconds = StorageSettings.from_environment().timeout_seconds
        ours = {"read_timeout": seconds, "retries": {"mode": "standard", "total_max_attempts": 1}}
        options["config_kwargs"] = ours | fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
    try:
        store, path = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        raise ResourceError(f"{url}: {missing_library(error, url)}") from None
    except ValueError as error:
        raise ResourceError(f"{url}: {error}") from None
    if url.startswith(_S3):
        store.retries = 1  # tries of several layers multiply, and ours know what a whole answer is
    return store, path


@dataclass(frozen=True)
class ObjectStore:
    """The objects below a URL; keys are relative to it, with `/`.

    >>> store = ObjectStore.at("memory://docs-store")
    >>> store.create("a", b"1"), store.create("a", b"2"), store.read("a", bytes), store.read("b", bytes)
    (None, b'1', b'1', None)
    """

    url: str
    filesystem: Any
    root: str
    settings: StorageSettings

    @classmethod
    def at(cls, url: str) -> ObjectStore:
        """The store of a URL, with the settings of this process."""
        filesystem, root = connect(url)
        return cls(url.rstrip("/"), filesystem, root.rstrip("/"), StorageSettings.from_environment())

    def read(self, key: str, parse: Callable[[bytes], T]) -> T | None:
        """A small object, parsed; None if there is none.

        Args:
            parse: raises `ValueError` for what arrived in part, which is then asked for again.

        Raises:
            ValueError: `parse` never took what arrived.
            ResourceError: the store does not answer.
        """
        options = {"max_concurrency": 1} if self._is_s3 else {}  # more would first ask for the size

        def operation() -> T:
            data = self.filesystem.cat_file(self._at(key), **options)
            try:
                return parse(data)
            except ValueError as error:
                raise _UnparsedError(error) from error

        try:
            return self._try(key, operation)
        except FileNotFoundError:
            return None
        except _UnparsedError as error:
            raise error.reason from None

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        """Bytes of an object, exactly `stop - start`; the object must be at least as long.

        Raises:
            FileNotFoundError: there is no such object.
            BadAnswerError: the store always gives less.
            ResourceError: the store does not answer.
        """

        def operation() -> bytes:
            data: bytes = self.filesystem.cat_file(self._at(key), start=start, end=stop) if stop > start else b""
            if len(data) != stop - start:
                raise BadAnswerError(f"{len(data)} bytes arrived where {stop - start} were asked for")
            return data

        return self._try(key, operation)

    def download(self, key: str, target: Path, size: int, sha256: str) -> None:
        """Make a local file of an object, in blocks; it is there only if its size and SHA-256 are right.

        Raises:
            StateError: the object is gone, or always has another content.
            ResourceError: the store does not answer.
        """

        def operation() -> None:
            digest = hashlib.sha256()
            with atomic_file(target) as temporary, temporary.open("wb") as file:
                try:
                    for block in self._blocks(key, size):
                        digest.update(block)
                        file.write(block)
                except (FileNotFoundError, BadAnswerError) as error:
                    raise self._lost(key, "is gone, or shorter than what was committed") from error
                if digest.hexdigest() != sha256:
                    raise BadAnswerError("another content")

        try:
            retrying(operation, self.settings)
        except BadAnswerError as error:
            raise self._lost(key, "does not have the content that was committed") from error

    def download_as_is(self, key: str, target: Path, size: int) -> None:
        """Make a local file of an object of that size, whatever it holds.

        Raises:
            FileNotFoundError: there is no such object.
            ResourceError: the store does not answer, or always gives less.
        """
        with atomic_file(target, synced=False) as temporary, temporary.open("wb") as file:
            try:
                for block in self._blocks(key, size):
                    file.write(block)
            except BadAnswerError as error:
                raise ResourceError(f"{self.url}/{key}: {error}; the object changes, or the store fails") from error

    def _blocks(self, key: str, size: int) -> Iterator[bytes]:
        for start in range(0, size, self.settings.block_bytes):
            yield self.read_range(key, start, min(size, start + self.settings.block_bytes))

    def sizes(self) -> dict[str, int]:
        """Bytes of every object that a listing shows, by key."""
        options = {"refresh": True} if self._is_s3 else {}
        try:
            found = self._try("", lambda: self.filesystem.find(self.root, detail=True, **options))
        except FileNotFoundError:
            return {}
        own = {path.removeprefix(self.root).lstrip("/"): int(facts["size"]) for path, facts in found.items()}
        return {key: size for key, size in own.items() if key}

    def upload(self, source: Path, key: str) -> None:
        """Make an object of a complete local file; it becomes visible whole or not at all."""
        options = {}
        if self._is_s3:
            chunk = max(self.settings.block_bytes, source.stat().st_size // _MAX_UPLOAD_PARTS + 1, _MIN_UPLOAD_BYTES)
            options = {"chunksize": chunk, "max_concurrency": 4}
        self._write(key, lambda: self.filesystem.put_file(str(source), self._at(key), **options))

    def write(self, key: str, data: bytes) -> None:
        """Make an object of bytes, in place of the one that is there."""
        self._write(key, lambda: self.filesystem.pipe_file(self._at(key), data))

    def create(self, key: str, data: bytes) -> bytes | None:
        """Make an object of JSON unless there is one: None if it is ours, else what is there.

        One of several writers wins if the store knows `If-None-Match: *` or the like; elsewhere the last one does.
        An answer that got lost is no harm: what is there then has our bytes.
        """

        def operation() -> bytes | None:
            try:
                self.filesystem.pipe_file(self._at(key), data, mode="create")
            except Exception as error:  # stores say "there is one" in many ways, so look
                if is_permanent(error) and not isinstance(error, FileExistsError):
                    raise
                there = self._read_json(key)
                if there is not None:
                    return None if there == data else there
                if getattr(error, "errno", None) != errno.ENOSYS:
                    raise
                self.filesystem.pipe_file(self._at(key), data)
            return None

        return self._write(key, operation)

    def _read_json(self, key: str) -> bytes | None:
        """The bytes of an object of JSON; those that are there for good if they are torn."""

        def whole(data: bytes) -> bytes:
            json.loads(data)
            return data

        try:
            return self.read(key, whole)
        except ValueError:
            return self.read(key, bytes)

    def delete(self, key: str) -> None:
        """Remove an object if it is there."""
        with suppress(FileNotFoundError):
            self._try(key, lambda: self.filesystem.rm_file(self._at(key)))

    def copy(self, source: str, target: str) -> None:
        """Make an object of another one, inside the store where it can do that."""
        self._write(target, lambda: self.filesystem.cp_file(self._at(source), self._at(target)))

    def facts(self, key: str = "") -> dict[str, Any]:
        """What the store says of an object: at least `size`.

        Raises:
            FileNotFoundError: there is no such object.
        """
        options = {"refresh": True} if self._is_s3 else {}
        facts: dict[str, Any] = self._try(key, lambda: self.filesystem.info(self._at(key), **options))
        return facts

    @property
    def _is_s3(self) -> bool:
        return self.url.startswith(_S3)

    def _at(self, key: str) -> str:
        if key and not is_relative_name(key):
            raise StateError(f"{self.url} names the object {key!r}, which is not inside it; nothing else is touched")
        return f"{self.root}/{key}" if key else self.root

    def _lost(self, key: str, what: str) -> StateError:
        return StateError(f"{self.url}/{key} {what}")

    def _try(self, key: str, operation: Callable[[], T]) -> T:
        """Do it, again if need be; what the client library raises becomes a message. That nothing is there stays."""
        try:
            return retrying(operation, self.settings)
        except (FileNotFoundError, BadAnswerError, CurateError):
            raise
        except Exception as error:
            raise ResourceError(in_words(error, f"{self.url}/{key}".rstrip("/"))) from error

    def _write(self, key: str, operation: Callable[[], T]) -> T:
        try:
            return self._try(key, operation)
        except FileNotFoundError as error:  # what is not there can only be the bucket, or what is to be copied
            raise ResourceError(in_words(error, f"{self.url}/{key}")) from error


class _UnparsedError(BadAnswerError):
    """Bytes that `parse` did not take, worth another try."""

    def __init__(self, reason: ValueError):
        super().__init__(str(reason))
        self.reason = reason


def etag_of(facts: dict[str, Any]) -> str:
    """The store's mark of an object's content, empty if it has none."""
    return str(facts.get("ETag") or facts.get("etag") or "").strip('"')
