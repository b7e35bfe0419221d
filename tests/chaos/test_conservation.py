"""R27: every record of any corpus is a document, in quarantine or skipped; every document is kept or dropped."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_runs import chaos_pipeline_text
from texts import paragraphs

from curate import run, verify
from curate.errors import CurateError, InternalError

TEXTS = paragraphs()[300:330]

#: Lines of JSON Lines: whole pages, copies, nothing, one enormous line, any characters at all, and what is no record.
PAGES = st.sampled_from(TEXTS)
ODD = st.one_of(st.just(""), st.just(" \n\t"), st.just("word " * 40_000), st.text(), st.text(alphabet="\0\u2028\ufeff"))
RECORDS = st.one_of(PAGES, ODD).map(lambda text: json.dumps({"text": text}).encode())
BROKEN = st.one_of(
    st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b"")),
    st.sampled_from([b"{", b"[]", b"null", b'{"text": 3}', b'{"text": null}', b'{"body": ""}', b'{"text": "\\ud800"}']),
)


@pytest.fixture(scope="module")
def beside(chaos_pipeline, session_scratch) -> Path:
    """The corpus that random files are put beside, so that every stage has something to learn from."""
    return Path(shutil.copytree(chaos_pipeline.parent / "corpus", session_scratch / "beside"))


def _ingested(output: Path) -> int:
    """Documents and quarantined records that came from the random file."""
    documents = [row["file"] for part in _tables(output / "documents") for row in part["origin"].to_pylist()]
    quarantined = [name for part in _tables(output / "quarantine") for name in part["file"].to_pylist()]
    return sum(name.endswith("web-random.jsonl") for name in documents + quarantined)


def _tables(folder: Path) -> list:
    return [pq.read_table(path) for path in sorted(folder.glob("*.parquet"))]


@pytest.mark.slow
def test_nothing_is_lost_of_any_corpus(beside, session_scratch, ledger, trials) -> None:
    """Whatever the lines of a file are, each is accounted for, and the tables of the run add up to the token."""
    file = session_scratch / "random.yaml"
    file.write_text(chaos_pipeline_text(beside))

    @settings(max_examples=max(5, trials // 2), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.one_of(RECORDS, BROKEN), min_size=1, max_size=40))
    def conserves(lines: list[bytes]) -> None:
        (beside / "web-random.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        with tempfile.TemporaryDirectory(dir=session_scratch) as folder:
            output = Path(folder) / "run"
            try:
                run(file, output=output, workers=0)
            except InternalError:
                raise
            except CurateError as error:  # the corpus may be too odd to learn from, if it says so
                assert str(error), lines
            assert _ingested(output) == sum(bool(line.strip()) for line in lines)
            found = verify(output)
            ledger.trial(found.ok and found.counted, f"{found.damage} for {lines!r}"[:2000])

    conserves()
    ledger.close("R27", "any lines as input: each accounted for, documents and tokens counted again from the tables")
