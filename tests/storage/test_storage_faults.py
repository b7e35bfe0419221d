"""Runs that read from S3 and write to S3 while the network and the store misbehave."""

from __future__ import annotations

import hashlib

import pytest
from small_runs import storage_corpus
from storage_runs import pipeline, reference, same

from curate import run
from curate.errors import InputError

RATE = 0.15


def _hashes(objects: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(same(objects).items())}


def _run_until_done(pipeline_file, output: str, workers: int = 0):
    """As a user would: the same command again if it failed, at most three times."""
    for _ in range(3):
        try:
            return run(pipeline_file, output=output, workers=workers)
        except InputError as error:  # a stale listing
            assert "changed since it was listed" in str(error)
    return run(pipeline_file, output=output, workers=workers)


def _put_corpus(store, version: int) -> None:
    for name, data in storage_corpus(version).items():
        store.put(f"in/{name}", data)


@pytest.mark.slow
def test_schedules_of_faults_leave_no_trace(store, schedules, tmp_path, record_property) -> None:
    """Every object of a disturbed run has the bytes of an undisturbed one: no row is missing, none is there twice.

    503, slow-down, refused connections, lost answers, resets and cuts in the middle of a body, bodies that claim to be
    whole and are not, writes that arrive twice, answers that do not come, and listings from before the input changed.
    """
    file = pipeline("s3://crawls/in", tmp_path / "tiny.yaml")
    expected = []
    for version in (0, 1):
        _put_corpus(store, version)
        expected.append(reference(file, tmp_path / f"reference-{version}"))
    happened: dict[str, int] = {}
    for seed in schedules:
        _put_corpus(store, seed % 2)
        store.faults(seed, RATE)
        result = _run_until_done(file, f"s3://crawls/run-{seed}")
        facts = store.faults()
        assert _hashes(store.objects(f"run-{seed}/")) == expected[seed % 2], f"seed {seed}"
        assert not [path for path in facts["paths"] if "list-type" in path and "run-" in path], "a run was listed"
        assert result.funnel.count("ingest", "documents")[0] == 80
        for name, count in facts["happened"].items():
            happened[name] = happened.get(name, 0) + count
    assert {"unavailable", "slow_down", "refused", "answer_lost", "reset_in_body"} <= happened.keys()
    assert {"too_short", "wrong_length", "duplicate"} <= happened.keys()
    record_property("schedules", len(schedules))
    record_property("happened", happened)


@pytest.mark.slow
def test_worker_processes_under_faults(store, tmp_path) -> None:
    """With two worker processes the same bytes come out of a disturbed run, and a second run finds all of it done."""
    file = pipeline("s3://crawls/in", tmp_path / "tiny.yaml")
    _put_corpus(store, 5)
    expected = reference(file, tmp_path / "reference")
    store.faults(1, RATE)
    _run_until_done(file, "s3://crawls/run-workers", workers=2)
    store.faults()
    assert _hashes(store.objects("run-workers/")) == expected
    assert run(file, output="s3://crawls/run-workers", workers=2).tasks_run == 0
