"""Pipelines: from YAML to checked sources and stages, with every error at once and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML

from curate import demo
from curate.errors import PipelineError, Problem
from curate.ingest.source import AnySource
from curate.memory import task_bytes
from curate.overrides import did_you_mean, override_sources, override_values, stage_labels
from curate.pipeline_checks import check_source_names, check_stage_order
from curate.registry import STAGES, stage_class
from curate.stage import Stage, Writer
from curate.strict_yaml import Parsed, Path_, read_yaml

_SOURCE = TypeAdapter(AnySource)


class Settings(BaseModel):
    """The keys of a pipeline beside `sources` and `stages`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        description="Name of the pipeline and of its run directory: letters, digits, dot, dash, underscore.",
    )
    seed: int = Field(0, description="Seed of every random choice; the same seed gives the same bytes.")
    part_bytes: int = Field(16_000_000, ge=1, description="Input bytes per part: what one task reads.")
    batch_bytes: int = Field(2_000_000, ge=1, description="Text bytes per batch: bounds the memory of a worker.")
    max_memory_bytes: int = Field(
        2_000_000_000,
        ge=1_000_000,
        description="Memory that one task may hold, in bytes, beside some 300 MB of the program itself; shuffles are "
        "divided into ranges that fit.",
    )
    max_record_seconds: float | None = Field(
        30, gt=0, description="Time to read one record in; one that takes longer is quarantined. Not without workers."
    )
    max_record_memory_bytes: int | None = Field(
        4_000_000_000, ge=1, description="Memory of a worker while it reads one record; the same. Linux only."
    )


@dataclass(frozen=True)
class Pipeline:
    """A checked pipeline.

    Attributes:
        settings: name, seed and sizes.
        sources: readers by source name, in the order written, which is the order of documents.
        stages: labels (the stage's name, numbered if it occurs again) and stages, in order.
    """

    settings: Settings
    sources: dict[str, Any]
    stages: tuple[tuple[str, Stage | Writer], ...]

    def with_memory(self, memory_bytes: int | None, workers: int) -> Pipeline:
        """The same pipeline with the memory that each of its tasks gets of a run's; see `curate.memory.task_bytes`."""
        now = self.settings
        share = task_bytes(memory_bytes, workers, now.max_memory_bytes, now.batch_bytes, now.part_bytes)
        return replace(self, settings=now.model_copy(update={"max_memory_bytes": share}))

    def resolved(self) -> dict[str, Any]:
        """The pipeline as plain data with every default written out; `build` reads it back."""
        return {
            **self.settings.model_dump(),
            "sources": {name: source.model_dump(mode="json") for name, source in self.sources.items()},
            "stages": [{stage.name: stage.model_dump(mode="json")} for _, stage in self.stages],
        }

    def as_yaml(self) -> str:
        """The resolved pipeline as a pipeline file."""
        yaml, text = YAML(), StringIO()
        yaml.default_flow_style = None
        yaml.dump(self.resolved(), text)
        return text.getvalue()


def load_pipeline(
    file: str | Path,
    *,
    overrides: Iterable[str] = (),
    source_paths: Iterable[str] = (),
) -> tuple[Pipeline, Parsed]:
    """Read and check a pipeline file.

    Args:
        file: a YAML file.
        overrides: `key.path=value`, as of `--set`; stages are named by their label: `stages.quality_filter.alpha=3`.
        source_paths: `NAME=GLOB`, as of `--source`; replaces the paths of a source, and its format where the
            name of the files tells another one. Given twice for a name, both are read.

    Returns:
        The pipeline, and the parsed file for the positions of later errors.

    Raises:
        PipelineError: everything that is wrong, at once.
    """
    parsed = read_yaml(file)
    override_sources(parsed, source_paths)
    override_values(parsed, overrides)
    return build(parsed), parsed


def build(parsed: Parsed) -> Pipeline:
    """Check plain data and make the pipeline; raises `PipelineError` with every problem."""
    problems = list(parsed.problems)
    data = parsed.data
    if not isinstance(data, dict):
        problem = Problem(parsed.where(()), "a pipeline is a mapping with the keys name, sources and stages")
        raise PipelineError([*problems, problem])
    settings = _settings(data, parsed, problems)
    sources = _sources(data.get("sources"), parsed, problems)
    stages = _stages(data.get("stages"), parsed, problems, settings.seed if settings else 0)
    check_source_names(stages, data, parsed, problems)
    check_stage_order([(path, stage) for path, _, stage in stages], parsed, problems)
    if problems or settings is None:
        raise PipelineError(sorted(problems, key=_position))
    return Pipeline(settings, sources, tuple((label, stage) for _, label, stage in stages))


def _settings(data: dict[str, Any], parsed: Parsed, problems: list[Problem]) -> Settings | None:
    rest = {key: value for key, value in data.items() if key not in ("sources", "stages")}
    missing = [key for key in ("sources", "stages") if not data.get(key)]
    problems += [Problem(parsed.where((key,)), f"'{key}' is missing or empty") for key in missing]
    try:
        return Settings.model_validate(rest)
    except ValidationError as error:
        known = [*Settings.model_fields, "sources", "stages"]
        problems += _problems_of(error, (), known, parsed)
        return None


def _sources(data: Any, parsed: Parsed, problems: list[Problem]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not isinstance(data, dict):
        if data:
            problems.append(Problem(parsed.where(("sources",)), "'sources' is a mapping of names to readers"))
        return found
    for name, value in data.items():
        path = ("sources", name)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
            problems.append(Problem(parsed.where(path), f"source name '{name}': use letters, digits, . _ -"))
        try:
            found[name] = _SOURCE.validate_python(_resolve_demo(value))
        except ValidationError as error:
            problems += _problems_of(error, path, _source_fields(value), parsed)
    return found


def _stages(data: Any, parsed: Parsed, problems: list[Problem], seed: int) -> list[tuple[Path_, str, Stage | Writer]]:
    found: list[tuple[Path_, str, Stage | Writer]] = []
    if not isinstance(data, list):
        if data:
            problems.append(Problem(parsed.where(("stages",)), "'stages' is a list"))
        return found
    for number, label in enumerate(stage_labels(data)):
        entry, path = data[number], ("stages", number)
        if label is None:
            text = "a stage is one name with its parameters, such as 'language_filter: {keep: [en]}'"
            problems.append(Problem(parsed.where(path), text))
            continue
        name, params = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        if name not in STAGES:
            hint = did_you_mean(name, STAGES) or f"there are: {', '.join(STAGES)}"
            problems.append(Problem(parsed.where((*path, name)), f"no stage named '{name}'", hint))
            continue
        stage = _stage(name, params, (*path, name), parsed, problems, seed)
        if stage is not None:
            found.append(((*path, name), label, stage))
    return found


def _stage(
    name: str, params: Any, path: Path_, parsed: Parsed, problems: list[Problem], seed: int
) -> Stage | Writer | None:
    kind = stage_class(name)
    params = {} if params is None else _resolve_demo(params)
    own_seed = kind.model_fields.get("seed")
    if isinstance(params, dict) and own_seed and own_seed.default is None and params.get("seed") is None:
        params = {**params, "seed": seed}
    try:
        return kind.model_validate(params)
    except ValidationError as error:
        problems += _problems_of(error, path, list(kind.model_fields), parsed)
        return None


def _problems_of(error: ValidationError, path: Path_, known: Sequence[str], parsed: Parsed) -> list[Problem]:
    """Pydantic's findings as problems with positions; pydantic's own location may hold names that are no keys."""
    problems = []
    for found in error.errors(include_url=False):
        at = path
        for step in found["loc"]:
            if (*at, step) in parsed.positions:
                at = (*at, step)
        key = str(found["loc"][-1]) if found["loc"] else ""
        if found["type"] == "extra_forbidden":
            hint = did_you_mean(key, known) or f"known keys: {', '.join(known)}"
            problems.append(Problem(parsed.where(at), f"unknown key '{key}'", hint))
        elif found["type"] == "missing":
            problems.append(Problem(parsed.where(at), f"'{key}' is missing"))
        elif found["type"] == "union_tag_invalid":
            tags = found["ctx"]["expected_tags"].replace("'", "")
            hint = did_you_mean(str(found["ctx"]["tag"]), tags.split(", ")) or f"there are: {tags}"
            problems.append(Problem(parsed.where((*path, "read")), f"no reader '{found['ctx']['tag']}'", hint))
        elif found["type"] == "union_tag_not_found":
            problems.append(Problem(parsed.where(at), "'read' is missing: the format of the source, such as warc"))
        else:
            said = found["msg"].removeprefix("Value error, ")
            given = "" if isinstance(found["input"], dict | list) else f" (got {found['input']!r:.100})"
            problems.append(Problem(parsed.where(at), f"'{key}': {said}{given}" if key else said))
    return problems


def _source_fields(value: Any) -> list[str]:
    kinds = {str(kind.model_fields["read"].default): kind for kind in source_kinds()}
    kind = kinds.get(str(value.get("read"))) if isinstance(value, dict) else None
    return list(kind.model_fields) if kind else ["read", "paths"]


def source_kinds() -> list[type[BaseModel]]:
    """The model of each reader."""
    union, *_ = get_args(AnySource)  # Annotated[A | B | …, discriminator]
    return list(get_args(union))


def _resolve_demo(value: Any) -> Any:
    """Replace `demo:` paths, at any depth, by the demo corpus on this machine."""
    if isinstance(value, str):
        return demo.resolve(value)
    if isinstance(value, list):
        return [_resolve_demo(item) for item in value]
    if isinstance(value, dict):
        return {key: _resolve_demo(item) for key, item in value.items()}
    return value


def _position(problem: Problem) -> tuple[str, int, int]:
    file, _, rest = problem.where.partition(":")
    numbers = [int(number) for number in rest.split(":") if number.isdigit()]
    line, column = [*numbers, 0, 0][:2]
    return file, line, column
