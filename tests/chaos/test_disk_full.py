"""R6: a full disk ends a run with one message, and the run goes on once there is room."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fork_client import Done

from curate import run, verify
from curate.filters.fasttext_model import FastTextModel

#: Sizes of files, bytes, at which writing stops: in the plan, in documents, in models, in shards.
LIMITS = (1_000, 5_000, 9_000, 12_000, 20_000, 50_000, 200_000, 300_000)


def _complaint(done: Done) -> str:
    """The one line in which a run says why it failed."""
    lines = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert done.code == 1 and len(lines) == 1 and "Traceback" not in done.output, done
    return lines[0]


def _goes_on(output: Path, pipeline: Path, ledger, what: str) -> None:
    """What was written is whole, and with room again the run ends as an undisturbed one."""
    if (output / "plan.json").exists():
        assert verify(output).ok, what
    run(pipeline, output=output, workers=0)
    assert not list(output.rglob("*.tmp"))
    ledger.same_bytes(output, what)


def test_files_may_not_grow(fork_server, chaos_pipeline, scratch, ledger, in_full) -> None:
    """Where a limit on the size of files stops a run, the message names file, size and what to do."""
    for limit in range(1_000, 300_000, 3_000) if in_full else LIMITS[::2]:
        output = scratch / "run"
        done = fork_server.run(output, max_file_bytes=limit)
        if done.code == 0:  # no file is as large as that
            assert limit > LIMITS[0]
            break
        said = _complaint(done)
        assert str(output) in said and f"{limit:,} bytes (ulimit -f)" in said, said
        _goes_on(output, chaos_pipeline, ledger, said)
        shutil.rmtree(output)
    ledger.close("R6", "writing stops at k bytes of a file (`ulimit -f`): one message, then goes on")


@contextmanager
def _files_limited_to(size: int) -> Iterator[None]:
    """No file of this process may grow past a size in bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_fasttext_does_not_say_that_the_disk_is_full(tmp_path, share: float) -> None:
    """fastText writes what fits and raises nothing; curate looks, so no half model is ever committed."""
    lines = pa.array([f"word{n % 7} other{n % 3} and the rest" for n in range(60)])
    model = FastTextModel()
    model.fit(model.stack([lines]), np.arange(60) % 2 == 0, seed=1)
    model.save(tmp_path)
    size = (tmp_path / model.weights_file).stat().st_size
    with _files_limited_to(int(size * share)), pytest.raises(OSError, match="a part of its model"):
        model.save(tmp_path)


@pytest.fixture
def small_disk(scratch):
    """Makes file systems of a size in bytes; skips where that is not allowed."""
    mounted = []

    def mount(size: int) -> Path:
        folder = scratch / f"disk-{len(mounted)}"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
        if done.returncode:
            pytest.skip(f"mounting a small file system is not allowed here: {done.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def test_the_disk_is_full(small_disk, fork_server, chaos_pipeline, scratch, ledger, in_full) -> None:
    """Where a small disk stops a run, the message names what is free; moved to a larger one, the run goes on."""
    undisturbed_bytes = sum(path.stat().st_blocks * 512 for path in ledger.undisturbed.rglob("*"))
    shares = [n / 40 for n in range(1, 40)] if in_full else [0.05, 0.3, 0.6, 0.8]
    for number, share in enumerate(shares):
        output = small_disk(int(undisturbed_bytes * share)) / "run"
        said = _complaint(fork_server.run(output))
        assert str(output) in said and "no space is left on the disk" in said and "bytes are free" in said, said
        larger = Path(shutil.copytree(output, scratch / f"larger-{number}"))
        _goes_on(larger, chaos_pipeline, ledger, said)
        shutil.rmtree(larger)
    ledger.close("R6", "a disk of a part of the size that the run needs: one message, goes on on a larger disk")
