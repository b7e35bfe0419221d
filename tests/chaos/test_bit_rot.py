"""R24 and R27: `curate verify` finds every flipped bit and every document that is not accounted for."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from cli import main
from curate import run, verify
from curate.rundir import RunDirectory
from curate.storage import Commit, describe_outputs, load_commit, write_commit
from curate.tables import write_parquet
from curate.verification import repair


@pytest.fixture
def copy(undisturbed, scratch) -> Path:
    """A copy of the finished run to damage; published files are copies in it, not links."""
    return Path(shutil.copytree(undisturbed, scratch / "run"))


def _classes(root: Path) -> dict[str, list[Path]]:
    """The files of a run by what they are: their path with numbers and fingerprints left out."""
    classes: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != "LOCK":
            name = re.sub(r"-[0-9a-f]{8}(?=/)|\d{5}", "*", path.relative_to(root).as_posix())
            classes.setdefault(name, []).append(path)
    return classes


def _flip(path: Path, position: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        [byte] = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ 1 << bit]))


def test_an_undisturbed_run_is_in_order(undisturbed) -> None:
    """Nothing is found in a finished run, and its documents and tokens were counted."""
    found = verify(undisturbed)
    assert found.findings == ()
    assert found.ok and found.finished and found.counted
    assert found.commits > 50 and found.files > found.commits


@pytest.mark.slow
def test_every_flipped_bit_is_found(copy, ledger, trials, in_full) -> None:
    """One flipped bit at the start, in the middle, at the end or anywhere else of any class of file is named."""
    draws = random.Random(24)
    for name, files in _classes(copy).items():
        for path in files if in_full else files[:1]:
            size = path.stat().st_size
            anywhere = [draws.randrange(size) for _ in range(trials // 50)]
            for position in {0, size // 2, size - 1, *anywhere} if in_full else [draws.randrange(size)]:
                bit = draws.randrange(8)
                _flip(path, position, bit)
                named = {finding.file for finding in verify(copy).damage}
                expected = path.relative_to(copy).as_posix()
                ledger.trial(expected in named, f"bit {bit} of byte {position} of {expected} ({name}): found {named}")
                _flip(path, position, bit)
    assert verify(copy).ok
    ledger.close("R24", "one bit flipped in a committed file, of every class: found by `curate verify`")


def test_what_is_damaged_is_made_again(copy, chaos_pipeline, ledger) -> None:
    """After --repair a run makes again just what was damaged, and the run is as it was."""
    draws = random.Random(25)
    for files in _classes(copy).values():
        path = draws.choice(files)
        _flip(path, draws.randrange(path.stat().st_size), draws.randrange(8))
    for _ in range(2):  # with the plan damaged, a first look cannot tell what is missing
        found = verify(copy)
        assert not found.ok and not found.counted
        repair(found)
        again = run(chaos_pipeline, output=copy, workers=0)
        assert again.tasks_reused > 0
        if verify(copy).ok:
            break
    ledger.same_bytes(copy, "a bit flipped in one file of every class")
    ledger.trial(verify(copy).ok, "verify finds damage after the repair")
    ledger.close("R24", "all classes damaged at once, `--repair` and run again")


def test_a_link_that_rots_is_found_once(chaos_pipeline, scratch) -> None:
    """Published tokens are links to the shards, so one finding says it and repairing the shard repairs both."""
    path = run(chaos_pipeline, output=scratch / "run", workers=0).path
    shard = sorted((path / "tokens").glob("train-*.arrow"))[0]
    _flip(shard, shard.stat().st_size // 2, 3)
    found = verify(path)
    [finding] = found.damage
    assert finding.file.endswith(f"shards/{shard.name}")
    assert [commit.stem for commit in repair(found)] == ["finish-00000", "shard-00000"]
    again = run(chaos_pipeline, output=path, workers=0)
    assert again.tasks_run == 2
    assert verify(path).ok


def _commit_again(root: Path, changed: Path) -> None:
    """What a careful forger would do: a commit that agrees with the changed file."""
    file = changed.parent / "commits" / f"annotate-{changed.stem[-5:]}.json"
    old = load_commit(file)
    write_commit(file, Commit(old.key, describe_outputs([changed], root), old.counts, old.warnings))


@pytest.mark.parametrize("harm", ["drop without reason", "keep the dropped", "lose a row", "answer for the dropped"])
def test_a_document_too_few_or_too_many_is_found(copy, harm: str) -> None:
    """Where every hash agrees, the documents are still counted from the tables, and do not add up."""
    stage = next(path for path in sorted((copy / "stages").iterdir()) if "fuzzy_dedup" in path.name)
    part, table, reached, dropped = _part_with_drops(copy, stage)
    rows = table.to_pylist()
    if harm == "drop without reason":
        rows[reached]["keep"] = False
    elif harm == "keep the dropped":
        rows[dropped] |= {"keep": True, "reason": None}
    elif harm == "lose a row":
        del rows[reached]
    else:
        absent = next(number for number, row in enumerate(rows) if row["keep"] is None)
        rows[absent] |= {"keep": True}
    write_parquet(part, pa.Table.from_pylist(rows, table.schema))
    _commit_again(copy, part)
    found = verify(copy)
    assert found.counted and not found.ok
    assert any("report" in finding.advice for finding in found.damage)


def _part_with_drops(run_folder: Path, stage: Path) -> tuple[Path, pa.Table, int, int]:
    """A part of a stage in which a document was kept and one dropped, with their rows."""
    for part in sorted(stage.glob("part-*.parquet")):
        table = pq.read_table(part)
        keep = table["keep"].to_pylist()
        if {True, False, None} <= set(keep):
            return part, table, keep.index(True), keep.index(False)
    raise AssertionError(f"no part of {stage} has it all")


@pytest.mark.parametrize("at_once", [10_000_000, 20])
def test_ids_that_repeat_are_found(copy, monkeypatch, at_once: int) -> None:
    """Two documents of one id are found although each part is whole, also where ids are looked at in ranges."""
    monkeypatch.setattr("curate.verification.conservation._IDS_AT_ONCE", at_once)
    first, second = sorted((copy / "documents").glob("*.parquet"))[:2]
    table, other = pq.read_table(first), pq.read_table(second)
    ids = [other["id"][0].as_py(), *table["id"].to_pylist()[1:]]
    write_parquet(first, table.set_column(0, table.schema.field("id"), pa.array(ids, pa.binary(16))))
    file = RunDirectory(copy).commit("", "ingest-00000")
    old = load_commit(file)
    outputs = describe_outputs([copy / output["path"] for output in old.outputs], copy)
    write_commit(file, Commit(old.key, outputs, old.counts))
    assert any("ids" in finding.expected for finding in verify(copy).damage)


def test_a_cut_off_run_is_no_damage(copy) -> None:
    """What a killed run has not done is not looked for; what it has done is."""
    (copy / "finished.json").unlink()
    for commit in copy.rglob("commits/annotate-00001.json"):
        commit.unlink()
    found = verify(copy)
    assert found.ok and not found.finished and found.counted
    assert {finding.file.rpartition("/")[2] for finding in found.findings} >= {"part-00001.parquet"}
    _flip(copy / "documents" / "part-00000.parquet", 100, 1)
    assert not verify(copy).ok


@pytest.mark.parametrize("stop_after", ["ingest", "fuzzy_dedup"])
def test_a_run_that_stopped_early_is_finished(chaos_pipeline, scratch, stop_after: str) -> None:
    """What lies after --stop-after is not looked for, and what was published is checked."""
    path = run(chaos_pipeline, output=scratch / "run", workers=0, stop_after=stop_after).path
    found = verify(path)
    assert found.findings == () and found.finished and found.counted
    _flip(path / "reports" / "funnel.parquet", 50, 1)
    assert [finding.file for finding in verify(path).damage] == ["reports/funnel.parquet"]


def test_a_missing_commit_of_a_finished_run_is_found(copy) -> None:
    """A run that says it is finished must have every commit of its plan."""
    gone = sorted(copy.rglob("commits/annotate-00000.json"))[0]
    gone.unlink()
    assert gone.relative_to(copy).as_posix() in {finding.file for finding in verify(copy).damage}


def test_strays(copy) -> None:
    """A file that no commit names is a note, but under tokens/ or reports/ it would be taken for data."""
    (copy / "stages" / "left.tmp").write_text("x")
    assert verify(copy).ok and [finding.file for finding in verify(copy).findings] == ["stages/left.tmp"]
    (copy / "tokens" / "train-00009-of-00009.arrow").write_text("x")
    assert [finding.file for finding in verify(copy).damage] == ["tokens/train-00009-of-00009.arrow"]


def test_the_command(copy) -> None:
    """Exit code 0 and a count for a run in order; 1 and the file, what was expected and what to do for another."""

    def invoke(*arguments: str):
        return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["verify", *arguments])

    assert invoke(str(copy)).exit_code == 0
    _flip(copy / "documents" / "part-00000.parquet", 100, 1)
    done = invoke(str(copy))
    assert done.exit_code == 1 and "documents/part-00000" in done.output and "--repair" in done.output
    done = invoke(str(copy), "--repair")
    assert done.exit_code == 1 and "taken back: documents/commits/ingest-00000.json" in done.output
    done = invoke(str(copy / "tokens"))
    assert done.exit_code == 1 and "is no run directory" in done.output
