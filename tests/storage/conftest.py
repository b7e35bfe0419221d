"""A real S3-compatible server, a proxy that spoils what passes through it, and a client for each."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

HERE = Path(__file__).parent
BUCKET = "crawls"


@dataclass
class Store:
    """An S3 store on this machine.

    Attributes:
        client: of the store itself, past the proxy.
        proxy: the port of the proxy, which is where `AWS_ENDPOINT_URL` leads.
    """

    client: Any
    port: int
    proxy: int

    def faults(self, seed: int = 0, rate: float = 0.0, only: str = "") -> dict[str, Any]:
        """Begin a schedule of faults; returns what has happened since the last one."""
        url = f"http://127.0.0.1:{self.proxy}/-/faults?seed={seed}&rate={rate}&only={only}"
        with urllib.request.urlopen(url) as answer:
            return json.loads(answer.read())

    def put(self, key: str, data: bytes) -> str:
        """Make an object; returns its URL."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)
        return f"s3://{BUCKET}/{key}"

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Every object below a prefix, by the rest of its key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {key.removeprefix(prefix): self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _serve(*command: str) -> tuple[subprocess.Popen[str], int]:
    """Start a server of this folder; it ends with its standard input. The port that it prints."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.fixture(scope="session")
def store_server() -> Iterator[Store]:
    """The store and the proxy before it, for all tests of a session."""
    server, port = _serve("s3_server.py")
    proxy, proxy_port = _serve("fault_proxy.py", str(port))
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket=BUCKET)
    yield Store(client, port, proxy_port)
    for process in (proxy, server):
        process.communicate(timeout=30)


@pytest.fixture
def settings(monkeypatch, tmp_path) -> None:
    """Local copies in the test's own folder, and little patience."""
    monkeypatch.setenv("CURATE_STORAGE_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setenv("CURATE_STORAGE_RETRY_SECONDS", "0.02")
    monkeypatch.setenv("CURATE_STORAGE_TIMEOUT_SECONDS", "1")


@pytest.fixture
def store(store_server, settings, monkeypatch) -> Store:
    """The store, reached through a proxy that does nothing until a schedule begins."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{store_server.proxy}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # nothing may be asked for beyond this machine
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    store_server.faults()
    return store_server


def trials_of(config: pytest.Config) -> int:
    """How many schedules of faults to go through; `--trials 100` does all."""
    return min(100, int(config.getoption("--trials", default=10)))


@pytest.fixture
def schedules(request) -> range:
    """The seeds of the schedules."""
    return range(trials_of(request.config))
