"""What is planted in the demo corpus is found by the GPT-3 recipe, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curate import run
from curate.demo import demo_folder
from curate.report.progress import Quiet

ROOT = Path(__file__).parents[1]
#: Nothing is dropped before deduplication, so that everything planted reaches it.
KEEP_ALL = (
    "stages.language_filter.sources=[]",
    "stages.quality_filter.rule=threshold",
    "stages.quality_filter.threshold=0",
    "stages.train_tokenizer.vocab_size=1000",
)
NO_LEAK = ("common", "words_12")


class Tasks(Quiet):
    """Counts the tasks that a run shows, and those it says were done already."""

    def __init__(self) -> None:
        self.shown = self.reused = 0

    def extend(self, tasks: int, reused: int) -> None:
        """Count them."""
        self.shown, self.reused = self.shown + tasks, self.reused + reused


@pytest.fixture(scope="module")
def tasks() -> Tasks:
    """Those of the run."""
    return Tasks()


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory, tasks) -> Path:
    """The recipe over the demo corpus up to decontamination, without its filters."""
    output = tmp_path_factory.mktemp("demo") / "run"
    pipeline = ROOT / "pipelines" / "gpt3_mix.yaml"
    return run(pipeline, output=output, workers=2, overrides=KEEP_ALL, stop_after="decontaminate", reporter=tasks).path


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """What is planted."""
    return json.loads((demo_folder() / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def names(demo_run) -> dict[str, str]:
    """The name, as `_name` gives it, of each document by its id."""
    found = {}
    for path in sorted((demo_run / "documents").glob("*.parquet")):
        for row in pq.read_table(path, columns=["id", "url", "origin"]).to_pylist():
            found[row["id"].hex()] = row["url"] or Path(row["origin"]["file"]).name
    return found


def _name(entry: dict[str, Any]) -> str:
    return entry["url"] or Path(entry["file"]).name


def _report(run_folder: Path, name: str) -> list[dict[str, Any]]:
    return pq.read_table(run_folder / "reports" / f"{name}.parquet").to_pylist()


def test_a_first_run_reuses_nothing(demo_run, tasks) -> None:
    """A task that was done beside an earlier phase is shown once, as work."""
    assert tasks.shown > 0 and tasks.reused == 0


def test_planted_duplicates_are_removed_and_nothing_else(demo_run, truth, names) -> None:
    """Of every exact and near copy and its original at most one is left; no other document is removed."""
    removed = {names[row["document"]] for row in _report(demo_run, "duplicates")}
    planted = [(_name(entry), _name(entry["partner"])) for entry in truth["duplicates"] if entry["kind"] != "distant"]
    both_survive = [pair for pair in planted if not removed & set(pair)]
    assert not both_survive
    assert removed <= {name for pair in planted for name in pair}


def test_distant_copies_stay(demo_run, truth, names) -> None:
    """Copies with a similarity under 0.6 are no duplicates."""
    removed = {names[row["document"]] for row in _report(demo_run, "duplicates")}
    distant = {_name(entry) for entry in truth["duplicates"] if entry["kind"] == "distant"}
    assert distant and not removed & distant


def test_every_leak_is_found_and_no_clean_document_touched(demo_run, truth, names) -> None:
    """The documents with matches are exactly those that leak 13 words of an item, each with its items."""
    expected = {_name(leak): set(leak["items"]) for leak in truth["leaks"] if leak["kind"] not in NO_LEAK}
    found: dict[str, set[str]] = {}
    for row in _report(demo_run, "contamination"):
        found.setdefault(names[row["document"]], set()).add(row["item"])
    assert found == expected


def test_items_are_dirty_or_clean_as_planted(demo_run, truth) -> None:
    """The list of clean ids is the one that the corpus was built with; phrases in many documents are no leak."""
    found: dict[str, dict[str, set[str]]] = {}
    for row in _report(demo_run, "benchmark_items"):
        found.setdefault(row["benchmark"], {}).setdefault(row["status"], set()).add(row["item"])
    for benchmark, statuses in truth["benchmarks"].items():
        assert found[benchmark].get("dirty", set()) == set(statuses["dirty"])
        assert found[benchmark].get("clean", set()) == set(statuses["clean"]) | set(statuses["common"])
        assert found[benchmark].get("too_short", set()) == set(statuses["too_short"])


def test_a_long_overlap_is_cut_and_only_many_overlaps_drop_a_document(demo_run, truth, names) -> None:
    """The document with 23 words of an item is cut; the only one dropped has more than ten leaks."""
    dropped, cut = set(), set()
    for path in sorted((demo_run / "documents").glob("*.parquet")):
        [said] = (demo_run / "stages").glob(f"*-decontaminate-*/{path.name}")
        ids = pq.read_table(path, columns=["id"]).column("id").to_pylist()
        for document, row in zip(ids, pq.read_table(said).to_pylist(), strict=True):
            if row["keep"] is False:
                dropped.add((names[document.hex()], row["reason"]))
            elif row["cuts"]:
                cut.add(names[document.hex()])
    [many] = [_name(leak) for leak in truth["leaks"] if leak["kind"] == "many"]
    [long_overlap] = [_name(leak) for leak in truth["leaks"] if leak["kind"] == "words_23"]
    assert dropped == {(many, "decontaminate.too_many_cuts")}
    assert long_overlap in cut
