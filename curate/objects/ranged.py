"""A remote file to read at any position, by few range requests of several megabytes."""

from __future__ import annotations

from curate.errors import InputError
from curate.objects.retry import BadAnswerError
from curate.objects.store import ObjectStore, etag_of

_FIRST_BYTES = 1 << 20


class RangedFile:
    """Reads ahead further and further while one reads on: 1 MiB, 2, 4, up to `block_bytes`.

    Two stretches are kept, so that a look back costs no request.

    Args:
        store: of the file's own URL.
        etag: mark of the content as it was planned; empty takes what is there.
    """

    def __init__(self, store: ObjectStore, etag: str = ""):
        facts = store.facts()
        self._store, self._etag = store, etag or etag_of(facts)
        self.size = int(facts["size"])
        self._at = 0
        self._blocks: list[tuple[int, bytes]] = []
        self._ahead = _FIRST_BYTES
        self._check(facts)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a byte."""
        self._at = offset + (0, self._at, self.size)[whence]
        return self._at

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end of the file."""
        start, stop = self._at, min(self._at + size, self.size)
        pieces = []
        while start < stop:
            begin, block = self._block(start, stop)
            pieces.append(block[start - begin : stop - begin])
            start += len(pieces[-1])
        self._at = max(self._at, start)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Make sure that all that was read is of one content.

        Raises:
            InputError: the file has changed meanwhile.
        """
        self._blocks.clear()
        if self._etag:
            self._check(self._store.facts())

    def _block(self, start: int, stop: int) -> tuple[int, bytes]:
        """A stretch of the file that holds the byte at `start`, with where it begins."""
        for begin, block in self._blocks:
            if begin <= start < begin + len(block):
                return begin, block
        goes_on = any(begin + len(block) == start for begin, block in self._blocks)
        most = self._store.settings.block_bytes
        self._ahead = min(2 * self._ahead, most) if goes_on else min(_FIRST_BYTES, most)
        end = min(self.size, start + max(self._ahead, min(stop - start, most)))
        try:
            block = self._store.read_range("", start, end)
        except (BadAnswerError, FileNotFoundError) as error:
            raise self._changed() from error
        self._blocks = [*self._blocks[-1:], (start, block)]
        return start, block

    def _check(self, facts: dict[str, object]) -> None:
        if self._etag != etag_of(facts) or self.size != facts["size"]:
            raise self._changed()

    def _changed(self) -> InputError:
        return InputError(
            f"{self._store.url}: it has changed since it was listed\n    run again, to plan with what is there"
        )
