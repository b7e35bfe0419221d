"""The shape of the package: imports point one way, and importing it is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import curate

PACKAGE = Path(curate.__file__).parent

#: From the bottom up: a module may import only from its own layer or from those before it.
LAYERS = (
    (
        "errors",
        "loop_cache",
        "confine",
        "control_groups",
        "disk",
        "draws",
        "kernels",
        "memory",
        "sampling",
        "storage",
        "strict_yaml",
        "own_process",
        "demo",
    ),
    ("objects",),
    ("documents", "tables"),
    ("stored_table",),
    ("shuffle",),
    ("hot_keys",),
    ("corpus",),
    ("rounds",),
    ("local_rounds",),
    ("stage",),
    ("registry",),
    ("ingest", "filters", "dedup", "decontaminate", "tokenize", "mix", "shards"),
    ("overrides", "pipeline_checks"),
    ("pipeline",),
    ("schema", "run_paths"),
    ("rundir",),
    ("remote_rundir",),
    ("earlier",),
    ("plan",),
    ("unique_ids",),
    ("environment", "run_corpus", "ingest_part"),
    ("annotate_part",),
    ("tasks",),
    ("engines",),
    ("doctor", "verification"),
    ("report",),
    ("runner",),
    ("train", "warm"),
)
STAGE_FOLDERS = {"ingest", "filters", "dedup", "decontaminate", "tokenize", "mix", "shards"}
#: What is shown after a run needs the run's result.
ALLOWED = {("report", "runner"), ("documents", "kernels")}


def _imports(path: Path) -> set[str]:
    """The first component below `curate` of everything that a file imports when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "curate":
            parts = (node.module or "").split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return names - {"__version__"}


def test_imports_point_one_way() -> None:
    """No module imports from a layer above its own, and stage folders do not import each other."""
    rank = {name: number for number, names in enumerate(LAYERS) for name in names}
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        home = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if home == "__init__":
            continue
        assert home in rank, f"{home} is in no layer; add it to LAYERS"
        for name in _imports(path) - {home}:
            crosses = {home, name} <= STAGE_FOLDERS
            if (rank[name] > rank[home] or crosses) and (home, name) not in ALLOWED:
                wrong.append(f"{path.relative_to(PACKAGE)} imports curate.{name}")
    assert not wrong


def test_importing_curate_is_light() -> None:
    """`import curate` and the command's module load none of the heavy libraries."""
    heavy = "numpy", "pyarrow", "numba", "pydantic", "sklearn"
    code = f"import sys, curate, cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"


def test_no_file_is_too_long() -> None:
    """No module exceeds 400 lines, and most stay under 250."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert max(lengths.values()) <= 400, max(lengths, key=lambda path: lengths[path])
    assert sum(length < 250 for length in lengths.values()) > 0.9 * len(lengths)
