"""Benchmark files for the tests of decontamination."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: Words that no other text of the tests holds.
LEAK = [f"leak{number}" for number in range(1, 100)]


@pytest.fixture
def write_benchmark(tmp_path: Path) -> Callable[..., str]:
    """Writes items (or plain questions) to a benchmark file and returns its path."""

    def write(*items: str | dict[str, Any], name: str = "quiz") -> str:
        path = tmp_path / f"{name}.jsonl"
        rows = [{"question": item} if isinstance(item, str) else item for item in items]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return write


@pytest.fixture
def leak() -> Callable[[int], str]:
    """The first words of an item of 99 words."""
    return lambda words: " ".join(LEAK[:words])


@pytest.fixture
def prose() -> Callable[[int], str]:
    """Ordinary text of exactly so many characters, no word of which is in an item; it begins and ends with a space."""
    return lambda chars: (" " + "some ordinary text here, " * (chars // 25 + 1))[: chars - 1] + " "
