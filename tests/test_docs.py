"""The documents speak of what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq

from cli import main
from curate.pipeline import Settings, source_kinds
from curate.registry import STAGES

ROOT = Path(__file__).parents[1]


def test_every_stage_is_in_the_table() -> None:
    """docs/stages.md has a line for each stage, and no other."""
    table = (ROOT / "docs" / "stages.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(STAGES)


def test_every_command_is_in_the_readme() -> None:
    """The README names each command and the two that it opens with."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.index("make run") < readme.index("make test") < 200
    for name in main.commands:
        assert f"curate {name}" in readme


def test_the_tree_in_the_readme_is_the_tree() -> None:
    """Every module at the top of the package, and every folder of it, is named in the README's tree."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = readme[readme.index("## The tree") :]
    names = {path.name for path in ROOT.glob("curate/*.py")} | {path.parent.name for path in ROOT.glob("curate/*/*.py")}
    missing = sorted(name for name in names - {"__init__.py"} if name not in tree)
    assert not missing


def test_documents_name_files_that_exist() -> None:
    """Python files named in the README and in docs/ are there."""
    names = {path.name for path in ROOT.glob("curate/**/*.py")} | {"cli.py"}
    for file in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        for mentioned in re.findall(r"\b(\w+\.py)\b", file.read_text(encoding="utf-8")):
            assert mentioned in names, f"{file.name} names {mentioned}"


def test_reports_are_documented_with_their_columns(finished) -> None:
    """docs/reports.md names every report of a run and, for each, its columns."""
    lines = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8").splitlines()
    rows = {found[1]: line for line in lines if (found := re.match(r"\| `(\w+)` \|", line))}
    for path in (finished / "reports").glob("*.parquet"):
        assert path.stem in rows
        columns = set(pq.read_schema(path).names) - {"stage", "benchmark", "source"}
        missing = [name for name in columns if f"`{name}`" not in rows[path.stem]]
        assert not missing, path.stem


def test_every_limit_is_documented() -> None:
    """docs/reliability.md has each limit of pipelines and sources with its default and its description."""
    document = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    table = document.partition("<!-- limits: begin -->\n")[2].partition("<!-- limits: end -->")[0]
    assert table == "\n".join(_limits()) + "\n"


def _limits() -> list[str]:
    """The table of limits: a line for each setting that bounds sizes, time or memory."""
    fields = {}
    for model in (Settings, *source_kinds()):
        for name, field in model.model_fields.items():
            if name.startswith("max_") or name in ("part_bytes", "batch_bytes"):
                fields.setdefault(name, (field, set()))[1].add(model.__name__)
    rows = [
        f"| `{name}` | {'pipeline' if 'Settings' in models else 'source'} | {field.default:,} | {field.description} |"
        for name, (field, models) in fields.items()
    ]
    return ["| setting | of | default | what it does |", "|---|---|---:|---|", *rows]
