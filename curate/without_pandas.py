"""Keep pyarrow from loading pandas, which it does at the first conversion only to ask whether it was given a frame.

In a process of curate's own that is half a second and 40 MB for nothing. pyarrow asks once and remembers the answer, so
whoever needs pandas later, as `datasets` does, gets it; only pyarrow itself makes no frames. So this is for processes
that run nothing else: the command and the workers, never a program that uses curate as a library.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any


class _Refusal(MetaPathFinder):
    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        """Say that there is no pandas; of all else, nothing."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not needed here", name=name)


def keep_pandas_out() -> None:
    """Answer pyarrow's question with no."""
    import pyarrow as pa

    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        pa.array([0]).to_numpy()
    finally:
        sys.meta_path.remove(refusal)
