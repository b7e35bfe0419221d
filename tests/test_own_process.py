"""Workers and the command do not load pandas, whoever needs it still can, and memory is the system's."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from curate.own_process import slim_down
slim_down()
import numpy as np, pyarrow as pa
assert pa.default_memory_pool().backend_name == "system"
assert pa.array(np.arange(3)).to_numpy().sum() == 3
assert pa.table({"a": ["x", None]})["a"].to_numpy()[0] == "x"
assert "pandas" not in sys.modules
import datasets
assert datasets.Dataset.from_dict({"text": ["a"]}).with_format("arrow")[:1]["text"].to_pylist() == ["a"]
assert "pandas" in sys.modules
"""


def test_pandas_is_loaded_by_those_who_need_it_alone() -> None:
    """Conversions to numpy work without; `datasets` finds it afterwards and works too."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
