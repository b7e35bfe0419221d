"""`curate` in processes that can be killed or starved at chosen points, without paying for a cold start each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cli
from curate.engines.child import ENVIRONMENT

HERE = Path(__file__).parent
ROOT = Path(cli.__file__).parent


@dataclass(frozen=True)
class Done:
    """How a child ended: its exit code (minus the signal that ended it), and its output."""

    code: int
    output: str


class ForkServer:
    """A process that has run the pipeline once and forks a child for each command.

    Args:
        pipeline: what to warm up with, and what `run` runs.
        warm_output: where the first run goes.
    """

    def __init__(self, pipeline: Path, warm_output: Path):
        self.pipeline = pipeline
        paths = [ROOT, HERE, HERE.parent, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        environment = os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
        command = [sys.executable, str(HERE / "fork_server.py"), str(pipeline), str(warm_output)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
        )
        assert self._answer() == "warm"

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def run(self, output: Path, *, fault: dict[str, Any] | None = None, max_file_bytes: int | None = None) -> Done:
        """`curate run` of the pipeline in one process.

        Args:
            output: the run directory.
            fault: see `fault_points.Fault`.
            max_file_bytes: limit on the size of files, as of `ulimit -f`; None is no limit.
        """
        arguments = ["run", str(self.pipeline), "--output", str(output), "--workers", "0"]
        request = {"arguments": arguments, "root": str(output), "fault": fault, "max_file_bytes": max_file_bytes}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Done(**json.loads(self._answer()))

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()
