"""The JSON Schema of pipelines, made from the models of sources and stages."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from curate.ingest.source import AnySource
from curate.pipeline import Settings
from curate.registry import STAGES, stage_class


def pipeline_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) that editors use to complete and check pipelines."""
    definitions: dict[str, Any] = {}
    source = _part(TypeAdapter(AnySource).json_schema(ref_template="#/$defs/{model}"), definitions)
    settings = Settings.model_json_schema()
    stages = {name: _stage(name, definitions) for name in STAGES}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "curate pipeline",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "sources", "stages"],
        "properties": {
            **settings["properties"],
            "sources": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": source,
                "description": "Readers by name of source, in the order of the documents.",
            },
            "stages": {
                "type": "array",
                "minItems": 1,
                "description": "Stages in order, each one name with its parameters.",
                "items": {
                    "anyOf": [
                        {"enum": list(STAGES)},
                        {
                            "type": "object",
                            "minProperties": 1,
                            "maxProperties": 1,
                            "additionalProperties": False,
                            "properties": stages,
                        },
                    ]
                },
            },
        },
        "$defs": definitions,
    }


def _stage(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    kind = stage_class(name)
    schema = _part(kind.model_json_schema(ref_template="#/$defs/{model}"), definitions)
    return schema | {"description": (kind.__doc__ or "").partition("\n")[0]}


def _part(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    definitions.update(schema.pop("$defs", {}))
    return schema
