"""Benchmark items from JSONL files: which files, which fields of an item, which texts.

The user chose these files, so anything wrong with them ends the run with the file, the line and what to do.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate.errors import InputError
from curate.objects.fetched import fetched_matches, is_url

#: Fields that hold what is asked, in published benchmarks; an item's texts are those of all that it has.
#: Choices and answers are not among them, as in GPT-4's check (appendix C of its report): a document that holds one
#: without its question leaks nothing. Tried on 40 MB of encyclopaedia, books, news and reviews against 37,453 items of
#: 17 benchmarks: with choices, endings and solutions one more item was dirty, by "wider at the bottom than at the top".
DEFAULT_FIELDS = (
    "passage",
    "article",
    "story",
    "context",
    "context_options",
    "ctx",
    "premise",
    "sentence",
    "goal",
    "question",
    "query",
    "prompt",
    "problem",
    "instruction",
    "input",
    "text",
)
#: Fields that may hold an item's own id; one counts if every item of the file has it and no two share it.
ID_FIELDS = ("id", "item_id", "task_id", "question_id", "qid", "idx")
#: Labels that a prompt template put into the text. They stand in no document, so a text is divided there.
PROMPT_LABEL = re.compile(r"^[ \t]*(?:passage|context|question|choices|options|answer|q|a)[ \t]*:", re.I | re.M)

_COMPRESSION = {".jsonl": None, ".jsonl.gz": "gzip", ".jsonl.zst": "zstd"}
_MAX_LINE_BYTES = 1 << 24


@dataclass
class Benchmarks:
    """The items of all benchmarks, and their texts.

    Attributes:
        names: the benchmarks, sorted.
        benchmark: of each item, an index into `names`.
        ids: of each item, its own id or else its line number.
        texts: what the items ask; n-grams do not run from one text into the next.
        owners: of each text, the item it belongs to, ascending.
    """

    names: list[str] = field(default_factory=list)
    benchmark: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def add(self, name: str, items: Sequence[tuple[str, list[str]]]) -> None:
        """Append a benchmark: the id and the texts of each item."""
        for identity, texts in items:
            self.texts += texts
            self.owners += [len(self.ids)] * len(texts)
            self.ids.append(identity)
        self.benchmark += [len(self.names)] * len(items)
        self.names.append(name)


def read_benchmarks(patterns: Sequence[str], fields: Sequence[str] | Mapping[str, Sequence[str]] | None) -> Benchmarks:
    """Read every item of the files that match.

    Args:
        patterns: paths, URLs or shell patterns of `.jsonl`, `.jsonl.gz` and `.jsonl.zst` files, one JSON object a line.
        fields: the fields that hold text, for all benchmarks or by benchmark; None, and benchmarks that are not
            named, take `DEFAULT_FIELDS`.

    Raises:
        InputError: no file matches; a file is empty, cut off or not JSONL; two have one name; an item has none of
            the fields; a field that was asked for is in no item.
    """
    files = benchmark_files(patterns)
    chosen = _fields_of(list(files), fields)
    benchmarks, unseen = Benchmarks(), {name: set(wanted or ()) for name, wanted in chosen.items()}
    for name, path in files.items():
        lines = list(_objects(path))
        benchmarks.add(name, _items(path, lines, chosen[name]))
        unseen[name] -= {key for _, item in lines for key in item}
    _check_all_seen(unseen, everywhere=not isinstance(fields, Mapping))
    return benchmarks


def benchmark_files(patterns: Sequence[str]) -> dict[str, Path]:
    """The files that match, by benchmark, which is the file's name without its suffixes, sorted.

    Raises:
        InputError: a pattern matches nothing, a file is not JSONL by its name, or two files have one name.
    """
    files: dict[str, Path] = {}
    for pattern in patterns:
        for path in _matching(pattern):
            name = _benchmark_name(path)
            if files.setdefault(name, path).resolve() != path.resolve():
                raise InputError(f"{files[name]} and {path} are both benchmark '{name}'; rename one of the files")
    return dict(sorted(files.items()))


def _matching(pattern: str) -> list[Path]:
    path = Path(pattern.removeprefix("file://"))
    if path.is_file():
        return [path]
    matches = fetched_matches(pattern) if is_url(pattern) else _glob(path) if pattern else []
    if not matches:
        raise InputError(f"no benchmark file matches '{pattern}'; give a path or a pattern such as evals/*.jsonl.gz")
    return matches


def _glob(path: Path) -> list[Path]:
    return sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))


def _benchmark_name(path: Path) -> str:
    for suffix in _COMPRESSION:
        if path.name.endswith(suffix) and path.name != suffix and path.is_file():
            return path.name.removesuffix(suffix)
    raise InputError(f"{path}: expected a file named {', '.join('*' + suffix for suffix in _COMPRESSION)}")


def _fields_of(
    names: list[str], fields: Sequence[str] | Mapping[str, Sequence[str]] | None
) -> dict[str, Sequence[str] | None]:
    if not isinstance(fields, Mapping):
        return dict.fromkeys(names, fields)
    for name in fields:
        if name not in names:
            raise InputError(f"fields: no benchmark is named '{name}'; the files hold {', '.join(names)}")
    return {name: fields.get(name) for name in names}


def _check_all_seen(unseen: Mapping[str, set[str]], *, everywhere: bool) -> None:
    """A field asked for by name must be in some item: of that benchmark, or of any if it was asked of all."""
    if everywhere:
        unseen = {", ".join(unseen): set.intersection(*unseen.values())}
    for name, missing in unseen.items():
        if missing:
            raise InputError(f"fields: no item of {name} has a field '{min(missing)}'; correct or remove it")


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL file with their line numbers, from 1; blank lines are passed over."""
    empty = True
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}: not JSON ({error}); expected one JSON object a line") from error
        if not isinstance(item, dict):
            raise InputError(f"{path}:{number}: a JSON {type(item).__name__}; expected one JSON object a line")
        empty = False
        yield number, item
    if empty:
        raise InputError(f"{path}: the benchmark file is empty; expected one JSON object a line")


def _lines(path: Path) -> Iterator[bytes]:
    compression = next(how for end, how in reversed(_COMPRESSION.items()) if path.name.endswith(end))
    number = 0
    try:
        with io.BufferedReader(pa.input_stream(str(path), compression=compression)) as file:
            while line := file.readline(_MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > _MAX_LINE_BYTES:
                    raise InputError(f"{path}:{number}: the line is longer than {_MAX_LINE_BYTES} bytes; is it JSONL?")
                yield line
    except OSError as error:
        raise InputError(f"{path}:{number + 1}: cannot read on ({error}); is the file whole?") from error


def _items(
    path: Path, lines: Sequence[tuple[int, dict[str, Any]]], fields: Sequence[str] | None
) -> list[tuple[str, list[str]]]:
    id_field = _id_field([item for _, item in lines])
    items = []
    for number, item in lines:
        held = [name for name in (DEFAULT_FIELDS if fields is None else fields) if name in item]
        if not held:
            expected = (
                "no field known to hold a question" if fields is None else f"none of the fields {', '.join(fields)}"
            )
            has = ", ".join(item) or "nothing"
            raise InputError(f"{path}:{number}: the item has {expected}; it has {has}. Name the field in 'fields'")
        texts = [text for name in held for text in _strings(item[name], f"{path}:{number}: field '{name}'")]
        sections = [section for text in texts for section in PROMPT_LABEL.split(text) if section.strip()]
        items.append((str(item[id_field]) if id_field else str(number), sections))
    return items


def _id_field(items: Sequence[dict[str, Any]]) -> str | None:
    for name in ID_FIELDS:
        values = {str(item[name]) for item in items if isinstance(item.get(name), str | int)}
        if len(values) == len(items):
            return name
    return None


def _strings(value: Any, where: str) -> list[str]:
    """The strings of a field, which may be nested in lists and objects; null is none."""
    texts, pending = [], [value]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            texts.append(value.encode(errors="replace").decode())  # JSON can spell lone surrogates, UTF-8 cannot
        elif isinstance(value, list | dict):
            pending += reversed(list(value.values() if isinstance(value, dict) else value))
        elif value is not None:
            raise InputError(f"{where} holds {json.dumps(value)}, which is no text; name another field in 'fields'")
    return texts
