"""Filters in scripts: importable by the documented names, one answer for a string, a list, an array and a batch."""

from __future__ import annotations

import json
import subprocess
import sys

import pyarrow as pa
import pytest

from curate.decontaminate import Decontaminate
from curate.dedup import ExactDedup, FuzzyDedup
from curate.filters import LanguageFilter, QualityFilter
from curate.stage import Stage

TEXTS = [
    "The quick brown fox jumps over the lazy dog near the river bank, and nobody in the village seems to mind it.",
    "Der schnelle braune Fuchs springt über den faulen Hund am Ufer des Flusses, und niemand stört sich daran.",
    "The quick brown fox jumps over the lazy dog near the river bank, and nobody in the village seems to mind it.",
    "",
]


@pytest.fixture(scope="module")
def stages(tmp_path_factory) -> list[Stage]:
    """One of each stage that works on plain text."""
    folder = tmp_path_factory.mktemp("stages")
    (folder / "quiz.jsonl").write_text(json.dumps({"id": 1, "question": TEXTS[0]}) + "\n")
    good, bad = [f"{TEXTS[0]} {n}" for n in range(20)], [f"buy now cheap offer {n} click" for n in range(20)]
    quality = QualityFilter.fit_texts(positives=good, negatives=bad, rule="threshold")
    benchmarks = Decontaminate(benchmarks=str(folder / "quiz.jsonl"))
    return [LanguageFilter(keep=["en"]), quality, FuzzyDedup(), ExactDedup(), benchmarks]


def test_the_four_forms_agree(stages) -> None:
    """A list, an Arrow array, a chunked array, a batch and a table get the same verdicts."""
    array = pa.array(TEXTS)
    for stage in stages:
        verdicts = stage(TEXTS)
        expected = [(verdict.keep, verdict.reason) for verdict in verdicts]
        forms = (
            array,
            pa.chunked_array([array[:1], array[1:]]),
            pa.record_batch({"text": array}),
            pa.table({"text": pa.chunked_array([array[:3], array[3:]])}),
        )
        for form in forms:
            table = stage(form)
            assert list(zip(table["keep"].to_pylist(), table["reason"].to_pylist(), strict=True)) == expected, (
                stage.name
            )


def test_a_string_gets_one_verdict(stages) -> None:
    """A string alone is judged like a list of one."""
    for stage in stages:
        assert stage(TEXTS[0]) == stage([TEXTS[0]])[0]


def test_empty_input_is_no_error(stages) -> None:
    """No texts give no verdicts."""
    for stage in stages:
        assert stage([]) == []
        assert stage(pa.array([], pa.string())).num_rows == 0


def test_what_the_verdicts_say(stages) -> None:
    """Language, duplicates and contamination are judged as a reader would."""
    language, quality, fuzzy, exact, clean = stages
    assert [verdict.keep for verdict in language(TEXTS)] == [True, False, True, False]
    assert quality(TEXTS[0]).keep and not quality("buy now cheap offer click").keep
    for dedup in (fuzzy, exact):
        assert sum(verdict.keep for verdict in dedup(TEXTS[:3])) == 2
    assert clean(TEXTS[1]).pieces == (TEXTS[1],)
    assert clean(TEXTS[0]).reason == "no_piece_left"


def test_a_script_without_a_main_guard_can_run_pipelines(pipeline_file, tmp_path) -> None:
    """`curate.run` at the top of a script starts workers that do not run the script again."""
    script = tmp_path / "script.py"
    script.write_text(
        f"import curate\nprint('once')\nresult = curate.run({str(pipeline_file)!r}, workers=2, stop_after='ingest')\n"
        "print(result.funnel.count('ingest', 'documents')[0])\n"
    )
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["once", "500"]
