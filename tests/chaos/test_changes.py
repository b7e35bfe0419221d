"""R5: after a change only what it touches is done again, nothing old is left in the results, and `plan` says why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from outputs import output_hashes
from small_runs import chaos_pipeline_text

from curate import run, verify
from curate.dedup import FuzzyDedup
from curate.filters import GopherQuality
from curate.pipeline import load_pipeline
from curate.plan import make_plan, reasons_to_run
from curate.rundir import RunDirectory

EARLIER = "an earlier stage changed"
INPUT = "the input changed"
STAGES = (
    "gopher_quality",
    "quality_filter",
    "exact_dedup",
    "fuzzy_dedup",
    "decontaminate",
    "train_tokenizer",
    "mix",
    "write_tokens",
)

#: A changed value of each stage, and what `plan` says of it.
VALUES = {
    "stages.gopher_quality.min_words=12": "min_words: 10 -> 12",
    "stages.quality_filter.alpha=2": "alpha: 1.0 -> 2.0",
    "stages.fuzzy_dedup.threshold=0.9": "threshold: 0.8 -> 0.9",
    "stages.decontaminate.max_cuts=9": "max_cuts: 10 -> 9",
    "stages.train_tokenizer.vocab_size=290": "vocab_size: 300 -> 290",
    "stages.mix.max_epochs=2": "max_epochs: 2.5 -> 2.0",
    "stages.write_tokens.sequence_length=32": "sequence_length: 64 -> 32",
}


def _reasons(pipeline: Path, output: Path, overrides: tuple[str, ...] = ()) -> list[str]:
    made, parsed = load_pipeline(pipeline, overrides=overrides)
    return reasons_to_run(make_plan(made, parsed), RunDirectory(output))


def _expected(changed: str, why: str, after: str = EARLIER) -> list[str]:
    at = STAGES.index(changed)
    return [""] * at + [why] + [after] * (len(STAGES) - at - 1)


@pytest.mark.slow
def test_a_changed_value_reruns_its_stage_and_what_follows(
    chaos_pipeline, undisturbed, scratch, ledger, in_full
) -> None:
    """Each stage's value in turn: the result is that of a fresh run, and changing it back does no task at all."""
    for number, (change, why) in enumerate(VALUES.items()):
        if number % 3 and not in_full:
            continue
        output, fresh = Path(shutil.copytree(undisturbed, scratch / "run")), scratch / "fresh"
        stage = change.split(".")[1]
        assert _reasons(chaos_pipeline, output, (change,)) == _expected(stage, why)
        again = run(chaos_pipeline, output=output, workers=0, overrides=(change,))
        anew = run(chaos_pipeline, output=fresh, workers=0, overrides=(change,))
        assert again.tasks_reused > 0 and again.tasks_run + again.tasks_reused == anew.tasks_run
        assert output_hashes(output) == output_hashes(fresh) and verify(output).ok, change
        assert run(chaos_pipeline, output=output, workers=0).tasks_run == 0
        ledger.same_bytes(output, f"{change} and back")
        for folder in (output, fresh):
            shutil.rmtree(folder)
    ledger.close("R5", "a value of a stage changed, and back: that stage and what follows, as fresh; then nothing")


def test_another_version_of_the_code(chaos_pipeline, undisturbed, scratch, ledger, monkeypatch) -> None:
    """A stage whose version was raised runs again with what follows, and `plan` names curate as the reason."""
    for kind, stage in ((FuzzyDedup, "fuzzy_dedup"), (GopherQuality, "gopher_quality")):
        output = Path(shutil.copytree(undisturbed, scratch / stage))
        with monkeypatch.context() as patch:
            patch.setattr(kind, "version", kind.version + 1)
            [first, *rest] = _reasons(chaos_pipeline, output)[STAGES.index(stage) :]
            assert "computes it differently" in first and set(rest) == {EARLIER}
            again = run(chaos_pipeline, output=output, workers=0)
            assert again.tasks_run > 0 and again.tasks_reused > 0
            ledger.same_bytes(output, f"a new version of {stage} that gives the same")
        [note] = {finding.file for finding in verify(output).findings}
        assert note == "plan.json"  # it was made by a version of curate that is not this one
    ledger.close("R5", "a stage of another version of curate: it and what follows")


@pytest.fixture
def own_input(chaos_pipeline, scratch) -> Path:
    """A pipeline over a copy of the corpus, to be changed, with a finished run beside it."""
    folder = Path(shutil.copytree(chaos_pipeline.parent / "corpus", scratch / "corpus"))
    file = scratch / "own.yaml"
    file.write_text(chaos_pipeline_text(folder))
    run(file, output=scratch / "run", workers=0)
    return file


def _append_line(corpus: Path) -> None:
    with (corpus / "web-1.jsonl").open("a") as file:
        file.write(json.dumps({"text": "One more page about the weather in the north of the country. " * 9}) + "\n")


def _overwrite_bytes(corpus: Path) -> None:
    """Other text of the same length."""
    file = corpus / "books" / "000.txt"
    file.write_text(file.read_text().swapcase())


def _add_file(corpus: Path) -> None:
    (corpus / "books" / "0005.txt").write_text("A book that was found later, about a harbour and its ships. " * 20)


def _remove_file(corpus: Path) -> None:
    (corpus / "books" / "039.txt").unlink()


def _more_benchmarks(corpus: Path) -> None:
    (corpus / "bench" / "more.jsonl").write_text(
        json.dumps({"question": "Which of the harbours has ships? " * 5}) + "\n"
    )


INPUTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a line more": (_append_line, "quality_filter", INPUT),
    "other bytes of the same length": (_overwrite_bytes, "quality_filter", INPUT),
    "a file more": (_add_file, "quality_filter", INPUT),
    "a file less": (_remove_file, "quality_filter", INPUT),
    "a benchmark more": (_more_benchmarks, "decontaminate", "its files changed"),
}


@pytest.mark.parametrize("name", INPUTS)
def test_changed_input(own_input, scratch, ledger, name: str) -> None:
    """Parts that did not change are not read again, and the result is that of a fresh run over the input as it is."""
    change, stage, why = INPUTS[name]
    output = scratch / "run"
    change(scratch / "corpus")
    assert _reasons(own_input, output)[STAGES.index(stage)] == why
    again = run(own_input, output=output, workers=0)
    fresh = run(own_input, output=scratch / "fresh", workers=0)
    assert again.tasks_reused > 0
    assert (again.path / "documents").is_dir() and again.funnel.rows == fresh.funnel.rows
    ledger.trial(output_hashes(output) == output_hashes(fresh.path), f"{name}: not as fresh")
    assert verify(output).ok
    ledger.close("R5", "input changed, added, removed: parts that did not change are reused, as fresh")


@pytest.mark.parametrize("part_bytes", [9_000, 100_000])
def test_another_part_size(chaos_pipeline, undisturbed, scratch, ledger, part_bytes: int) -> None:
    """With larger or smaller parts every document is read anew, once, and nothing of the old parts is left."""
    output, change = Path(shutil.copytree(undisturbed, scratch / "run")), (f"part_bytes={part_bytes}",)
    again = run(chaos_pipeline, output=output, workers=0, overrides=change)
    fresh = run(chaos_pipeline, output=scratch / "fresh", workers=0, overrides=change)
    assert again.funnel.rows == fresh.funnel.rows
    assert output_hashes(output) == output_hashes(fresh.path)
    assert verify(output).ok
    ledger.same_bytes(output, f"parts of {part_bytes} bytes", ("tokens", "reports"))
    ledger.close("R5", "another part size on resume: all documents once, tokens and reports the same")
