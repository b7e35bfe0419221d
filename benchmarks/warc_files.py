"""What curate and FastWARC read of the archives of other projects' test suites: docs/warc-files.md.

python benchmarks/warc_files.py ../shared/data/warc
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from itertools import dropwhile
from pathlib import Path

from fastwarc.warc import ArchiveIterator

from curate.ingest import Quarantined, Record, Split, read_split
from curate.ingest.source import WarcSource

PAGE = Path(__file__).parents[1] / "docs" / "warc-files.md"
_RULE = "|---|---:|---:|---:|---:|---|---|---|\n"
_JUDGED = {"content_type", "http_status", "no_text", "record_type", "content_encoding"}


def table(folder: Path) -> str:
    """One line for each file."""
    manifest = dict(_warcio(line) for line in (folder / "MANIFEST.tsv").read_text("utf-8").splitlines()[1:])
    paths = sorted(path for path in folder.iterdir() if path.name not in ("MANIFEST.tsv", "README.md"))
    return "".join(_line(path, manifest.get(path.name, "")) for path in paths)


def _line(path: Path, warcio: str) -> str:
    size = path.stat().st_size
    items = list(read_split(WarcSource(paths="x"), Split(str(path), path.name, 0, size, size)))
    reasons = Counter(item.reason for item in items if isinstance(item, Quarantined))
    documents, lost = sum(isinstance(item, Record) for item in items), reasons.total()
    said = ", ".join(
        f"{count} {reason if reason in _JUDGED else f'**{reason}**'}" for reason, count in sorted(reasons.items())
    )
    counts = f"{len(items)} | {documents} | {len(items) - documents - lost} | {lost}"
    return f"| {path.name} | {counts} | {said} | {_fastwarc(path)} | {warcio} |\n"


def _fastwarc(path: Path) -> str:
    count = 0
    try:
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                record.reader.read()
                count += 1
    except Exception as error:  # whatever it is, it belongs into the table
        return f"{count}, {type(error).__name__}"
    return str(count)


def _warcio(line: str) -> tuple[str, str]:
    name, _, types, error = [*line.split("\t"), ""][:4]
    return name, f"{sum(ast.literal_eval(types).values())}{', error' if error else ''}"


def page(folder: Path) -> str:
    """The page as it is, with a new table."""
    before, rule, after = PAGE.read_text("utf-8").partition(_RULE)
    rest = after.splitlines(keepends=True)
    return before + rule + table(folder) + "".join(dropwhile(lambda line: line.startswith("|"), rest))


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1])), encoding="utf-8")
