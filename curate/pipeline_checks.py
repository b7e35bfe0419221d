"""What must hold between the stages and sources of a pipeline, beyond each one's own parameters."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from typing import Any

from curate.errors import Problem
from curate.stage import CorpusStage, Stage, Writer
from curate.strict_yaml import Parsed, Path_

#: Parameters, of any stage, whose values (or keys) are names of sources.
_NAMES_OF_SOURCES = ("sources", "positives", "negatives", "prefer", "remove_from", "found_in", "weights")


def check_source_names(
    stages: Sequence[tuple[Path_, str, Stage | Writer]],
    data: dict[str, Any],
    parsed: Parsed,
    problems: list[Problem],
) -> None:
    """Every source that a stage names must be a source of the pipeline; that of an earlier run is found later."""
    known = list(data["sources"]) if isinstance(data.get("sources"), dict) else []
    for path, _, stage in stages:
        if isinstance(stage, CorpusStage) and stage.earlier_runs():
            continue
        for parameter in _NAMES_OF_SOURCES:
            for number, name in enumerate(getattr(stage, parameter, None) or ()):
                if name not in known:
                    step = name if parameter == "weights" else number
                    where = parsed.where((*path, parameter, step))
                    problems.append(Problem(where, f"'{parameter}' names no source '{name}'", _known(known)))


def check_stage_order(stages: Sequence[tuple[Path_, Stage | Writer]], parsed: Parsed, problems: list[Problem]) -> None:
    """Stages must come after what they build on, and nothing may change text that has been encoded."""
    before: list[str] = []
    for path, stage in stages:
        where = parsed.where(path)
        missing = [pattern for pattern in stage.requires if not any(fnmatch(name, pattern) for name in before)]
        problems += [Problem(where, f"{stage.name} needs a stage {pattern} before it") for pattern in missing]
        encoded = [name for name in before if fnmatch(name, "*_tokenizer")]
        if isinstance(stage, Stage) and stage.edits and encoded:
            message = f"{stage.name} changes text that {encoded[-1]} has already encoded; move it before"
            problems.append(Problem(where, message))
        if "write_tokens" in before:
            problems.append(Problem(where, f"{stage.name} comes after write_tokens, which must be the last stage"))
        before.append(stage.name)


def _known(names: Sequence[str]) -> str:
    return f"there are: {', '.join(names)}"
