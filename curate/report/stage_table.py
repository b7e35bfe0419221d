"""What `curate stages` prints: every stage and reader with its parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from curate.errors import PipelineError, Problem
from curate.overrides import did_you_mean
from curate.pipeline import source_kinds
from curate.registry import STAGES, stage_class


def print_stages(console: Console, names: Iterable[str] = ()) -> None:
    """Print the readers and stages, or those named.

    Raises:
        PipelineError: a name is neither.
    """
    readers = {f"read: {kind.model_fields['read'].default}": kind for kind in source_kinds()}
    wanted = list(names)
    for name in wanted:
        if name not in STAGES and f"read: {name}" not in readers:
            hint = did_you_mean(name, STAGES) or f"there are: {', '.join(STAGES)}"
            raise PipelineError([Problem("curate stages", f"no stage named '{name}'", hint)])
    for title, kind in readers.items():
        if not wanted or title.removeprefix("read: ") in wanted:
            console.print(_table(title, kind))
    for name in STAGES:
        if not wanted or name in wanted:
            console.print(_table(name, stage_class(name)))


def _table(title: str, kind: type[BaseModel]) -> Table:
    summary = (kind.__doc__ or "").strip().partition("\n")[0]
    table = Table(title=f"{title}: {summary}", title_justify="left", title_style="bold")
    for column in ("parameter", "default", "bounds", "meaning"):
        table.add_column(column, overflow="fold")
    schema = kind.model_json_schema()
    for name, field in schema["properties"].items():
        if name == "read":
            continue
        default = "required" if name in schema.get("required", ()) else _shown(field.get("default"))
        table.add_row(name, default, _bounds(field), field.get("description", ""))
    return table


def _shown(value: Any) -> str:
    return (
        "none"
        if value is None
        else f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool)
        else str(value)
    )


def _bounds(field: dict[str, Any]) -> str:
    """The bounds that a JSON Schema of a parameter states, such as `0 … 1`, or its choices."""
    options = [field, *field.get("anyOf", ())]
    choices = [str(choice) for option in options for choice in option.get("enum", ())]
    low = [f"≥ {o['minimum']}" for o in options if "minimum" in o] + [
        f"> {o['exclusiveMinimum']}" for o in options if "exclusiveMinimum" in o
    ]
    high = [f"≤ {o['maximum']}" for o in options if "maximum" in o]
    return " | ".join(choices) or ", ".join(low + high)
