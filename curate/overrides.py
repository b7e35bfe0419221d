"""Changes to a pipeline from the command line: `--set KEY=VALUE` and `--source NAME=GLOB`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from curate.errors import PipelineError, Problem
from curate.ingest.source import reader_for_suffix
from curate.strict_yaml import Parsed, parse_scalar


def override_sources(parsed: Parsed, source_paths: Iterable[str]) -> None:
    """Replace the paths of sources by those of `NAME=GLOB` words."""
    given: dict[str, list[str]] = {}
    for text in source_paths:
        name, equals, pattern = text.partition("=")
        known = parsed.data.get("sources") if isinstance(parsed.data, dict) else None
        if not equals or not pattern:
            raise PipelineError([Problem(f"--source {text}", "expected NAME=GLOB")])
        if not isinstance(known, dict) or name not in known:
            hint = did_you_mean(name, known or {}) or f"there are: {', '.join(known or {})}"
            raise PipelineError([Problem(f"--source {text}", f"no source '{name}' in the pipeline", hint)])
        given.setdefault(name, []).append(pattern)
    for name, patterns in given.items():
        source = dict(parsed.data["sources"][name] or {})
        kind = reader_for_suffix(patterns[0])
        if kind and kind != source.get("read"):
            source = {"read": kind}
        parsed.data["sources"][name] = source | {"paths": patterns}


def override_values(parsed: Parsed, overrides: Iterable[str]) -> None:
    """Set the values of `KEY=VALUE` words, where a key is a path such as `stages.quality_filter.alpha`."""
    for override in overrides:
        _override(parsed, override)


def _override(parsed: Parsed, override: str) -> None:
    key, equals, value = override.partition("=")
    where = f"--set {override}"
    if not equals or not key:
        raise PipelineError([Problem(where, "expected KEY=VALUE, such as stages.quality_filter.alpha=3")])
    *parents, last = key.split(".")
    node = parsed.data
    for step in parents:
        node = _child(node, step, where)
    if not isinstance(node, dict):
        raise PipelineError([Problem(where, f"'{'.'.join(parents)}' has no keys; name one of its parts first")])
    node[last] = parse_scalar(value)


def _child(node: Any, step: str, where: str) -> Any:
    """The value under a key, or the parameters of the stage of that label, made where there are none."""
    if isinstance(node, dict):
        return node.setdefault(step, {})
    if not isinstance(node, list):
        raise PipelineError([Problem(where, f"nothing stands under '{step}'")])
    labels = stage_labels(node)
    if step not in labels:
        hint = did_you_mean(step, [label for label in labels if label])
        raise PipelineError([Problem(where, f"no stage '{step}' in the pipeline", hint)])
    number = labels.index(step)
    name, params = (node[number], None) if isinstance(node[number], str) else next(iter(node[number].items()))
    node[number] = {name: dict(params or {})}
    return node[number][name]


def stage_labels(stages: Sequence[Any]) -> list[str | None]:
    """A label for each entry of `stages`: its name, and for a repeated name a number; None if it has no name.

    >>> stage_labels([{"exact_dedup": {}}, "mix", {"exact_dedup": {}}, 3])
    ['exact_dedup', 'mix', 'exact_dedup_2', None]
    """
    labels: list[str | None] = []
    seen: dict[str, int] = {}
    for entry in stages:
        single = isinstance(entry, dict) and len(entry) == 1
        name = entry if isinstance(entry, str) else next(iter(entry)) if single else None
        if isinstance(name, str):
            seen[name] = seen.get(name, 0) + 1
            labels.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
        else:
            labels.append(None)
    return labels


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint with the nearest known word, or nothing.

    >>> did_you_mean("treshold", ["threshold", "ngram"])
    "did you mean 'threshold'?"
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""
