"""Every pattern of curate takes time in proportion to its input, whatever that is."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections import deque
from functools import cache
from typing import Any

import pytest

import curate

#: What the demo corpus is built of lies on the same machine.
_NOT_FOR_INPUTS = ("curate.demo",)
#: Patterns that are tried at one place of a text only, the rest being looked for in all of it.
_ANCHORED = {
    *("curate.ingest.arc._FIELDS", "curate.ingest.arc._DESCRIPTION", "curate.ingest.http_body._CHUNK_HEAD"),
    *("curate.ingest.framing._Arc.sure", "curate.ingest.framing._CUT_OPENING"),
}
_BEGINNINGS = (
    *("", "charset=", "content-length:", "Content-Length: 1", "<meta charset=", "<title", "<link rel='", " content="),
    *("http://a", "filedesc://", "http://a 1.1.1.1 20060305082251 x ", "5;", "question", " 20060305082251 "),
)
_RUNS = (" ", "\n", "\r", "a", "1 ", '"', "=", "<")
#: Seconds of processor time that are too few to compare.
_SOON = 0.1


def _patterns() -> dict[str, re.Pattern[Any]]:
    """Every compiled pattern that a module of curate holds, itself or in a class or in an object, by a name of it."""
    found: dict[re.Pattern[Any], str] = {}
    for module in pkgutil.walk_packages(curate.__path__, "curate."):
        if module.name.endswith("__main__") or module.name.startswith(_NOT_FOR_INPUTS):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            inner = vars(value) if isinstance(value, type) and value.__module__ == module.name else {}
            for label, each in ((name, value), *((f"{name}.{key}", each) for key, each in inner.items())):
                if isinstance(each, re.Pattern):
                    found.setdefault(each, f"{module.name}.{label}")
    return {name: pattern for pattern, name in found.items()}


PATTERNS = _patterns()


@cache
def _adversaries(size: int) -> tuple[str, ...]:
    """Strings of `size` characters that begin like a match and go on without one, or begin again and again."""
    pairs = [(beginning, run) for beginning in _BEGINNINGS for run in _RUNS]
    on = [(beginning + run * size)[: size - 1] + "\1" for beginning, run in pairs]
    again = [((beginning + run * 3) * (size // 3))[: size - 1] + "\1" for beginning, run in pairs[:: len(_RUNS) - 1]]
    return (*on, *again)


def _seconds(name: str, text: str) -> float:
    """Processor time that a pattern takes for a text."""
    pattern = PATTERNS[name]
    content: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
    began = time.process_time()
    if name in _ANCHORED:
        pattern.match(content)
    else:
        deque(pattern.finditer(content), maxlen=0)
    return time.process_time() - began


def test_all_patterns_are_found() -> None:
    """The walk over the modules sees those of modules and those of classes."""
    assert {"curate.ingest.warc._CHARSET", "curate.ingest.framing._Arc.next_record"} <= set(PATTERNS)
    assert len(PATTERNS) > 20


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_takes_linear_time(name) -> None:
    """For 100,000 characters less than three times what 50,000 take; quadratic would be four times."""
    for half, whole in zip(_adversaries(50_000), _adversaries(100_000), strict=True):
        seconds = _seconds(name, whole)
        if seconds > _SOON:
            before = max(_SOON, min(_seconds(name, half) for _ in range(3)))
            seconds = min(seconds, _seconds(name, whole))
            assert seconds < 3 * before, (
                f"{PATTERNS[name].pattern!r} on {whole[:40]!r}…: {before:.2f}, then {seconds:.2f} s"
            )
