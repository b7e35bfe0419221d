"""How many cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

from curate.control_groups import ROOT, processor_quota


def available_cores(root: Path = ROOT) -> int:
    """Cores that the process may run on, or fewer where a container's quota of processor time allows fewer; at least 1.

    Args:
        root: where `proc` and `sys` are.

    >>> 1 <= available_cores() <= os.cpu_count()
    True
    """
    affine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(affine, processor_quota(root))))
