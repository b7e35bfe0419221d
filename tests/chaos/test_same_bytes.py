"""R4 and R28: one sha256 of tokens and reports, whatever the machine does and however it is set up."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fork_client import HERE, ROOT
from small_runs import chaos_pipeline_text

NOBODY = 65534
#: A home where nothing can be made, not even by the superuser.
NO_HOME = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere", "XDG_CONFIG_HOME": "/proc/nowhere"}

BATCHES = (3_000, 8_000_000, 100_000_000)
PARTS = (9_000, 20_000, 100_000)

#: A few rows of the grid in which every value occurs once.
SHORT = [(0, 3_000, 20_000, "0", "1"), (3, 8_000_000, 9_000, "1", "2"), (2, 100_000_000, 100_000, "random", "3")]
FULL = [
    (workers, batch, part, ("0", "1", "random")[number % 3], str(number))
    for number, (workers, batch, part) in enumerate(itertools.product((0, 1, 2, 3, 8), BATCHES, PARTS))
]


@dataclass
class Surroundings:
    """How a run is started: options, environment variables, and what `subprocess` can set for a process."""

    options: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    process: dict[str, int] = field(default_factory=dict)

    def run(self, pipeline: Path, output: Path, workers: int = 0) -> Path:
        """`curate run` in these surroundings."""
        command = [sys.executable, "-m", "cli", "run", str(pipeline), "--output", str(output)]
        command += ["--workers", str(workers), *self.options]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
        done = subprocess.run(
            command, cwd=ROOT, env=environment | self.variables, capture_output=True, text=True, **self.process
        )
        assert done.returncode == 0, (self, done.stdout, done.stderr)
        return output


@pytest.mark.slow
def test_workers_batches_parts_hash_seeds_and_listing_orders(chaos_pipeline, scratch, ledger, in_full) -> None:
    """Each of them at every value, in many combinations: tokens and reports are the same files."""
    path = os.pathsep.join([str(HERE / "shuffled"), os.environ.get("PYTHONPATH", "")])
    for workers, batch_bytes, part_bytes, hash_seed, listing in FULL if in_full else SHORT:
        options = ["--set", f"batch_bytes={batch_bytes}", "--set", f"part_bytes={part_bytes}"]
        variables = {"PYTHONHASHSEED": hash_seed, "CHAOS_LISTING_SEED": listing, "PYTHONPATH": path}
        surroundings = Surroundings(options, variables)
        output = surroundings.run(chaos_pipeline, scratch / "run", workers)
        ledger.same_bytes(output, f"{surroundings}, {workers} workers", ("tokens", "reports"))
        shutil.rmtree(output)
    ledger.close("R4", "workers 0 to 8 × batch sizes × part sizes × PYTHONHASHSEED × listing order: one sha256")


def test_listing_order_is_shuffled(scratch) -> None:
    """The grid's way to shuffle listings does so, for each of the ways in which Python lists a folder."""
    for number in range(20):
        (scratch / f"{number:02}").touch()
    code = (
        "import glob, os, pathlib, sys; f = sys.argv[1]; names = [os.path.basename(p) for p in glob.glob(f + '/*')]; "
        "lists = os.listdir(f), [p.name for p in pathlib.Path(f).iterdir()], names; "
        "assert all(sorted(x) == sorted(lists[0]) != x for x in lists), lists"
    )
    variables = os.environ | {"CHAOS_LISTING_SEED": "1", "PYTHONPATH": str(HERE / "shuffled")}
    subprocess.run([sys.executable, "-c", code, str(scratch)], env=variables, check=True)


@pytest.fixture
def odd_place(chaos_pipeline, scratch) -> Iterator[Path]:
    """A pipeline over a read-only copy of the corpus, in a folder whose name is no simple word."""
    folder = scratch / "a folder – ünïcode 文 'quoted' $HOME"
    shutil.copytree(chaos_pipeline.parent / "corpus", folder / "in")
    (folder / "odd.yaml").write_text(chaos_pipeline_text(folder / "in"), "utf-8")
    entries = [folder / "in", *(folder / "in").rglob("*")]
    for path in entries:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in entries:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def _can_read_curate_as_nobody() -> bool:
    """Whether another user may run this interpreter and import curate."""
    if os.geteuid() != 0:
        return False
    code = [sys.executable, "-c", "import curate.storage, numpy"]
    try:
        done = subprocess.run(code, cwd=ROOT, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True)
    except PermissionError:
        return False
    return done.returncode == 0


@pytest.mark.slow
def test_surroundings(odd_place, scratch, ledger, in_full) -> None:
    """Time zone, locale, umask, a read-only input, a home without write, odd names: alone, and all at once."""
    alone = [
        Surroundings(variables={"TZ": "Pacific/Kiritimati"}),
        Surroundings(variables={"LANG": "C", "LC_ALL": "C"}),
        Surroundings(variables={"PYTHONIOENCODING": "ascii"}),
        Surroundings(variables={"LANG": "tr_TR.UTF-8"}),
        Surroundings(process={"umask": 0o077}),
        Surroundings(variables=NO_HOME),
    ]
    variables = alone[0].variables | alone[1].variables | alone[2].variables | NO_HOME
    together = Surroundings(variables=variables, process={"umask": 0o077})
    for number, surroundings in enumerate([*alone, together] if in_full else [together]):
        output = surroundings.run(odd_place / "odd.yaml", odd_place / f"run {number} ß", workers=number % 2)
        ledger.same_bytes(output, str(surroundings), ("tokens", "reports"))
    ledger.close("R28", "time zone, LANG=C, umask 077, odd names, a home without write, read-only input: same bytes")


@pytest.mark.slow
def test_another_user(odd_place, scratch, ledger) -> None:
    """A user who may write nothing but the run directory, compiled loops included, gets the same bytes."""
    if not _can_read_curate_as_nobody():
        pytest.skip("only the superuser may become another user, and that one must be able to read curate")
    for folder in (odd_place, *odd_place.parents[:3]):
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    output = scratch / "nobody" / "run"
    output.parent.mkdir()
    os.chown(output.parent, NOBODY, NOBODY)
    surroundings = Surroundings(variables=NO_HOME, process={"user": NOBODY, "group": NOBODY, "extra_groups": []})
    surroundings.run(odd_place / "odd.yaml", output, workers=1)
    assert output.stat().st_uid == NOBODY
    ledger.same_bytes(output, "another user", ("tokens", "reports"))
    ledger.close("R28", "a user who may write the run directory and nothing else: same bytes")


#: Runs a command where nothing can be written below the folder that is its first argument.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'


def _read_only(*command: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with curate's own folder read-only, without a home; skip where that is not allowed."""
    inside = ["unshare", "--mount", "sh", "-c", READ_ONLY, str(ROOT)]
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("making a folder read-only for one process is not allowed here")
    environment = os.environ | NO_HOME | {"TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*inside, sys.executable, *command], env=environment, capture_output=True, text=True)


def test_a_read_only_installation_finds_a_place_for_compiled_loops(scratch) -> None:
    """Without a folder that numba would choose, loops are kept in one of this user's own."""
    code = "from curate.kernels.hashing import fmix64; print(fmix64(1))"
    done = _read_only("-c", code, temporary=scratch)
    assert done.returncode == 0 and int(done.stdout), done.stderr
    [folder] = scratch.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and list(folder.rglob("*.nbi"))


@pytest.mark.slow
def test_a_read_only_installation(chaos_pipeline, scratch, ledger, in_full) -> None:
    """A run from scratch, every loop compiled anew."""
    if not in_full:
        pytest.skip("compiling every loop takes half a minute; under `make chaos` only")
    command = ["-m", "cli", "run", str(chaos_pipeline), "--output", str(scratch / "run"), "--workers", "1"]
    done = _read_only(*command, temporary=scratch)
    assert done.returncode == 0, done.stderr
    ledger.same_bytes(scratch / "run", "read-only installation")
    ledger.close("R28", "a read-only installation and no home: loops compiled elsewhere, same bytes")
