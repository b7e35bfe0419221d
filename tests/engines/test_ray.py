"""The Ray engine on a real Ray, which these tests start on the loopback interface and end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from outputs import output_hashes
from processes import (
    alive,
    carriers,
    command,
    descendants,
    hunting,
    is_loopback,
    offset_being_read,
    sockets,
    wait_until,
    workers,
)
from watched import bad_offset, check_quarantined, watched_pipeline

import cli
from curate import run
from curate.engines.cores import available_cores
from curate.engines.ray_session import LOOPBACK, Session
from curate.engines.slot import Settings, attempt
from curate.engines.watchdog import Limits
from curate.errors import CurateError, PipelineError, ResourceError

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
ROOT = Path(cli.__file__).parent


@pytest.fixture(scope="module")
def session():
    """A Ray of two cores, which runs find because this process is connected to it."""
    opened = Session(None, workers=2)
    yield opened
    opened.close()


@pytest.mark.slow
def test_it_stays_on_the_loopback_interface(session) -> None:
    """Every node's address, and both ends of every socket of every process of Ray, a worker's included."""
    import ray

    assert [node["NodeManagerAddress"] for node in ray.nodes()] == [LOOPBACK]
    ray.get(ray.remote(available_cores).remote())
    own = [os.getpid(), *descendants(os.getpid())]
    assert {"gcs_server", "raylet"} <= {Path(command(pid)[0]).name for pid in own if command(pid)}
    found = sockets(own)
    assert sum(listens for _, _, listens in found) >= 5
    assert [each for each in found if not is_loopback(each[0])] == []
    assert [each for each in found if not each[2] and not is_loopback(each[1])] == []


@pytest.mark.slow
def test_its_services_find_no_way_out(session) -> None:
    """Those that would ask a cloud where they are have a proxy that does not exist; this process has none."""
    [dashboard] = [pid for pid in descendants(os.getpid()) if any("dashboard.py" in word for word in command(pid))]
    variables = Path(f"/proc/{dashboard}/environ").read_bytes().split(b"\0")
    assert f"http_proxy=http://{LOOPBACK}:9".encode() in variables
    assert b"RAY_USAGE_STATS_ENABLED=0" in variables
    assert os.environ.get("http_proxy") != f"http://{LOOPBACK}:9"


@pytest.mark.slow
def test_same_bytes_as_the_local_engine_though_workers_are_killed(session, finished, pipeline_file, tmp_path) -> None:
    """Two workers of Ray are killed in the middle of tasks; their tasks are done again, with the same bytes."""
    with hunting(lambda: carriers(os.getpid())[:1], signal.SIGKILL, 2) as killed:
        result = run(pipeline_file, output=tmp_path / "run", engine="ray", workers=2)
    assert len(killed) == 2
    assert output_hashes(result.path) == output_hashes(finished)
    assert result.peak_memory_bytes > 0


@pytest.mark.slow
def test_a_record_that_hangs_is_quarantined(session, tmp_path) -> None:
    """As by the local engine, with file and offset, by the limit of this run though workers had another before."""
    run(watched_pipeline(tmp_path, seconds="1.5"), output=tmp_path / "run", engine="ray")
    check_quarantined(tmp_path / "run", "time_limit")
    assert "1.5 s" in pq.read_table(tmp_path / "run" / "quarantine")["detail"][0].as_py()


@pytest.mark.slow
def test_a_record_that_crashes_is_quarantined(session, tmp_path) -> None:
    """Both deaths count, though the second may be seen by another worker of Ray, on another machine."""
    pipeline = watched_pipeline(tmp_path)
    bad = bad_offset(tmp_path)
    with hunting(lambda: [w for w in workers(os.getpid()) if offset_being_read(w) == bad], signal.SIGSEGV, 3) as killed:
        run(pipeline, output=tmp_path / "run", engine="ray")
    assert len(killed) == 2
    check_quarantined(tmp_path / "run", "crash")


@pytest.mark.slow
def test_errors_are_those_of_the_local_engine(session, corpus, tmp_path) -> None:
    """The same class, message and exit code."""
    (tmp_path / "none.jsonl").write_bytes(b"")
    (tmp_path / "p.yaml").write_text(
        f"name: p\nsources:\n  a: {{read: jsonl, paths: '{corpus}/web-0.jsonl'}}\n"
        f"  b: {{read: jsonl, paths: '{tmp_path}/none.jsonl'}}\n"
        "stages: [train_tokenizer: {vocab_size: 300}, mix: {weights: {a: 1, b: 1}}]\n"
    )
    raised = []
    for engine in ("local", "ray"):
        with pytest.raises(CurateError) as caught:
            run(tmp_path / "p.yaml", output=tmp_path / "run", engine=engine, workers=1)
        raised.append((type(caught.value), str(caught.value), caught.value.exit_code))
    assert raised[0] == raised[1] and "'b'" in raised[0][1]


@pytest.mark.slow
def test_a_run_starts_and_ends_its_own_ray(finished, pipeline_file, tmp_path) -> None:
    """The command, interrupted when Ray is at work, leaves no process and no folder; run again, it gives the bytes."""
    arguments = ["run", str(pipeline_file), "--output", str(tmp_path / "run"), "--engine", "ray", "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: process.poll() is not None or workers(process.pid))
    below = descendants(process.pid)
    [folder] = {word.split("=")[1] for pid in below for word in command(pid) if word.startswith("--temp-dir=")}
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=5)
    assert process.returncode == 143, errors
    assert "the same command goes on where it stopped" in errors
    wait_until(lambda: not any(map(alive, below)))
    assert not Path(folder).exists()
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert output_hashes(tmp_path / "run") == output_hashes(finished)


def test_without_ray_the_message_says_what_to_install(pipeline_file, tmp_path) -> None:
    """One line, exit code 1."""
    code = "import sys; sys.modules['ray'] = None; import cli; cli.main()"
    arguments = ["run", str(pipeline_file), "--output", str(tmp_path / "run"), "--engine", "ray"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --engine ray needs Ray") and "pip install 'curate[ray]'" in done.stderr


def test_an_address_that_does_not_answer(pipeline_file, tmp_path) -> None:
    """Is named within seconds, with where to read on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    command_line = [
        "run",
        str(pipeline_file),
        "--output",
        str(tmp_path / "run"),
        "--engine",
        "ray",
        "--address",
        address,
    ]
    done = subprocess.run([sys.executable, "-m", "cli", *command_line], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"answers at {address} (docs/cluster.md" in done.stderr and "refused" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"address": "auto"}, "say --engine ray"),
        ({"engine": "ray", "workers": 0}, "--workers"),
        ({"engine": "ray", "address": "nowhere"}, "no address of Ray"),
        ({"engine": "ray", "address": "ray://127.0.0.1:10001"}, "on a machine of the cluster"),
        ({"engine": "serial", "workers": 2}, "no workers"),
        ({"engine": "dask"}, "there are: local, ray, serial"),
    ],
)
def test_options_that_do_not_go_together(pipeline_file, tmp_path, options, words) -> None:
    """Are refused before anything is done."""
    with pytest.raises(PipelineError, match=words):
        run(pipeline_file, output=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_a_variable_that_names_no_address_is_refused(pipeline_file, tmp_path, monkeypatch) -> None:
    """Ray's client cannot be used, wherever its address comes from; the local engine does not look at the variable."""
    monkeypatch.setenv("RAY_ADDRESS", "ray://127.0.0.1:10001")
    with pytest.raises(PipelineError, match="RAY_ADDRESS: 'ray://"):
        run(pipeline_file, output=tmp_path / "run", engine="ray")
    assert run(pipeline_file, output=tmp_path / "run", workers=0, stop_after="ingest").tasks_run


def test_another_version_of_curate_is_refused() -> None:
    """A machine with other code might give other bytes, so it does no task."""
    with pytest.raises(ResourceError, match="install the same on every machine"):
        attempt(b"", Settings(Limits(), "/", version="0.0.1"))
