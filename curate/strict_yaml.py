"""YAML 1.2 as pipelines use it: plain data with a position for every value, and nothing that surprises.

Duplicate keys, anchors, aliases and tags are errors; `no` is a string, `300e9` a number. The file is walked as
a node graph so that every problem is found in one pass and later checks can name line and column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from curate.errors import PipelineError, Problem

MAX_FILE_BYTES = 1 << 19
MAX_DEPTH = 32
#: Scalars, lists and mappings: reading as many takes half a second.
MAX_VALUES = 8000
MAX_NUMBER_CHARS = 100

Path_ = tuple[str | int, ...]
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null")}


@dataclass
class Parsed:
    """Plain data and where each of its values stands.

    Attributes:
        file: the name used in messages.
        data: dicts, lists, strings, numbers, booleans and None.
        positions: line and column (from 1) of each value, and of each key, by path from the root.
    """

    file: str
    data: Any
    positions: dict[Path_, tuple[int, int]]
    problems: list[Problem] = field(default_factory=list)

    def where(self, path: Path_) -> str:
        """`file:line:column` of a path, or of the nearest of its parents that stands in the file."""
        while path and path not in self.positions:
            path = path[:-1]
        line, column = self.positions.get(path, (1, 1))
        return f"{self.file}:{line}:{column}"


def read_yaml(file: str | Path) -> Parsed:
    """Read a YAML file strictly.

    Args:
        file: at most 512 KiB with 8,000 values, nested at most 32 deep.

    Raises:
        PipelineError: the file is missing, is no YAML, or uses a feature that pipelines do not have.
    """
    path = Path(file)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PipelineError([Problem(str(file), f"larger than {MAX_FILE_BYTES:,} bytes; this is no pipeline file")])
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        near = ", ".join(sorted(str(p) for p in path.parent.glob("*.y*ml"))[:8]) if path.parent.is_dir() else ""
        hint = f"there are: {near}" if near else ""
        raise PipelineError([Problem(str(file), "no such pipeline file", hint)]) from None
    except UnicodeDecodeError as error:
        raise PipelineError([Problem(str(file), f"is not UTF-8 (byte {error.start}); save it as UTF-8")]) from None
    except OSError as error:
        raise PipelineError([Problem(str(file), f"cannot be read: {error.strerror}")]) from None
    return parse_yaml(text, str(file))


def parse_yaml(text: str, file: str = "<text>") -> Parsed:
    """Parse YAML text; duplicate keys are collected in `problems`, anything worse raises `PipelineError`."""
    try:
        _refuse_features(text, file)
        node = _yaml().compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"is no valid YAML: {error.problem or error.context}"
        raise PipelineError([Problem(_mark(file, mark), message)]) from None
    except YAMLError as error:
        raise PipelineError([Problem(file, f"is no valid YAML: {error}")]) from None
    parsed = Parsed(file, None, {})
    if node is not None:
        parsed.data = _plain(node, (), parsed)
    return parsed


def parse_scalar(text: str) -> Any:
    """The value of a word as YAML reads it, for `--set key=value`.

    >>> parse_scalar("300e9"), parse_scalar("no"), parse_scalar("[en, de]")
    (300000000000.0, 'no', ['en', 'de'])
    """
    return parse_yaml(text, "--set").data


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)


def _refuse_features(text: str, file: str) -> None:
    """Refuse aliases (a short file can expand to gigabytes), tags, deep nesting and masses before anything is built."""
    depth = values = 0
    for event in _yaml().parse(StringIO(text)):
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            depth += 1
        elif type(event).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
            depth -= 1
        values += isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent)
        refused = None
        if values > MAX_VALUES:
            refused = f"more than {MAX_VALUES:,} values; this is no pipeline file"
        elif depth > MAX_DEPTH:
            refused = f"nested more than {MAX_DEPTH} deep"
        elif isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            refused = "anchors and aliases are not supported; write the value out"
        elif isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent) and event.tag:
            refused = f"the tag {event.tag} is not supported; write a plain value"
        if refused:
            raise PipelineError([Problem(_mark(file, event.start_mark), refused)])


def _plain(node: Node, path: Path_, parsed: Parsed) -> Any:
    parsed.positions.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, number), parsed) for number, item in enumerate(node.value)]
    assert isinstance(node, MappingNode)
    result: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in result:
            line = parsed.positions[(*path, key)][0]
            parsed.problems.append(
                Problem(_mark(parsed.file, key_node.start_mark), f"duplicate key '{key}' (first on line {line})")
            )
        parsed.positions[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        result[key] = _plain(value_node, (*path, key), parsed)
    return result


def _scalar(node: ScalarNode) -> Any:
    if node.tag not in _PLAIN_TAGS:  # dates and the like stay as written
        return node.value
    if len(node.value) > MAX_NUMBER_CHARS:  # Python refuses to convert numbers of thousands of digits
        return node.value
    return SafeConstructor(loader=_yaml()).construct_object(node)


def _mark(file: str, mark: StringMark | None) -> str:
    return f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
