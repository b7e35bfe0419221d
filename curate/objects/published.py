"""What a run at a URL has published: `published.json` says what is there, so that nothing has to be listed."""

from __future__ import annotations

import json
from collections.abc import Callable

from curate.objects.store import ObjectStore
from curate.storage import json_bytes

_NAME = "published.json"


class Published:
    """Folders of objects below a URL, each replaced as a whole.

    >>> published = Published(ObjectStore.at("memory://docs-published"))
    >>> published.replace("tokens", {"a": "hash of a"}, put=lambda name: None)
    >>> published.holds("tokens", {"a": "hash of a"}), published.holds("tokens", {})
    (True, False)
    """

    def __init__(self, store: ObjectStore):
        self.store = store

    def holds(self, folder: str, hashes: dict[str, str]) -> bool:
        """Whether a folder is known to hold exactly the files of these names and hashes."""
        return self._noted().get(folder) == hashes

    def replace(self, folder: str, hashes: dict[str, str], put: Callable[[str], None]) -> None:
        """Make a folder hold files of these hashes; what may be there is noted before it is.

        Args:
            put: makes the object of a name, if it is not there already.
        """
        noted = self._noted()
        before: dict[str, str] = noted.get(folder, {})
        if before == hashes:
            return
        self.store.write(_NAME, json_bytes(noted | {folder: dict.fromkeys([*before, *hashes], "")}))
        for stale in sorted(before.keys() - hashes.keys()):
            self.store.delete(f"{folder}/{stale}")
        for fresh in sorted(hashes):
            if before.get(fresh) != hashes[fresh]:
                put(fresh)
        self.store.write(_NAME, json_bytes(noted | {folder: hashes}))

    def _noted(self) -> dict[str, dict[str, str]]:
        """The hashes of published files by folder and name; empty for those that may be there in part."""
        try:
            return self.store.read(_NAME, json.loads) or {}
        except ValueError:
            return {}
