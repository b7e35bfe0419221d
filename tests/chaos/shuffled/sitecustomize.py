"""Makes folders list their entries in another order; loaded by every Python that has this folder on its path.

No file system promises an order, and this one's is not that of the next machine.
"""

import os
import random

_list, _scan = os.listdir, os.scandir
_seed = os.environ.get("CHAOS_LISTING_SEED")
_draws = random.Random(_seed)


def _listdir(path="."):
    names = sorted(_list(path))
    _draws.shuffle(names)
    return names


class _Scan:
    """What `os.scandir` gives, in another order."""

    def __init__(self, path="."):
        with _scan(path) as found:
            self._entries = sorted(found, key=lambda entry: entry.name)
        _draws.shuffle(self._entries)
        self._next = iter(self._entries)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._next)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._next = iter(())


if _seed is not None:  # not where pytest looks for doctests
    os.listdir, os.scandir = _listdir, _Scan
