"""Fuzzing in earnest: `make fuzz`, or `python tests/fuzz/fuzz.py [TARGET...] --runs N`.

Each target runs in a process of its own, which notes every input before it tries it. An exception, a crash of native
code or an input that takes more than `--seconds` ends that process; the input becomes a file in tests/corpus/TARGET/,
and the next process goes on behind it. With `--engine atheris` the inputs are libFuzzer's, led by the branches of
curate's own modules; else they are those of `fuzz_mutate`, which are the same for the same seed.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from fuzz_mutate import mutants
from fuzz_seeds import TOKENS, seeds

HERE = Path(__file__).parent
CORPUS = HERE.parent / "corpus"
_MAX_FINDINGS = 20


def main() -> int:
    """Parse the command line, fuzz, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all, if none is given")
    parser.add_argument("--runs", type=int, default=10_000, help="inputs for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=60, help="the most that one input may take")
    parser.add_argument("--engine", choices=["own", "atheris"], default="own")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--skip", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        (_by_atheris if options.engine == "atheris" else _by_mutation)(options, options.targets[0])
        return 0
    from fuzz_targets import TARGETS

    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no target {unknown[0]!r}; there are: {', '.join(TARGETS)}")
    print("| target | engine | inputs | findings | processor time, s |\n|---|---|---:|---:|---:|", flush=True)
    return int(any([_fuzz(name, options) for name in options.targets or TARGETS]))


def _fuzz(name: str, options: argparse.Namespace) -> int:
    """Fuzz one target to its end, in as many processes as that takes; returns the number of findings."""
    began, findings, done = _processor_seconds(), 0, 0
    while done < options.runs and findings < _MAX_FINDINGS:
        with tempfile.TemporaryDirectory() as folder:
            notes = Notes(Path(folder))
            arguments = [f"--runs={options.runs}", f"--seed={options.seed}", f"--engine={options.engine}"]
            arguments += [f"--seconds={options.seconds}", f"--skip={done}", f"--child={folder}"]
            ended = subprocess.run([sys.executable, __file__, name, *arguments], stderr=subprocess.PIPE, check=False)
            done += notes.count()
            if ended.returncode:
                findings += 1
                print(f"{notes.keep(CORPUS / name)}:\n{ended.stderr.decode(errors='replace')[-3000:]}", file=sys.stderr)
    seconds = _processor_seconds() - began
    print(f"| `{name}` | {options.engine} | {done:,} | {findings} | {seconds:,.0f} |", flush=True)
    return findings


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Notes:
    """How many inputs a process has tried, and the last of them: a file that outlives the process."""

    def __init__(self, folder: Path):
        self._file = os.open(folder / "input", os.O_RDWR | os.O_CREAT)
        self._count = 0

    def note(self, data: bytes) -> None:
        """This input is tried next."""
        self._count += 1
        os.pwrite(self._file, self._count.to_bytes(8, "little") + len(data).to_bytes(8, "little") + data, 0)

    def count(self) -> int:
        """Inputs tried so far."""
        return int.from_bytes(os.pread(self._file, 8, 0), "little")

    def keep(self, folder: Path) -> Path:
        """Copy the last input into a folder, named by its hash."""
        data = os.pread(self._file, int.from_bytes(os.pread(self._file, 8, 8), "little"), 16)
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / hashlib.sha256(data).hexdigest()[:16]
        kept.write_bytes(data)
        return kept


def _by_mutation(options: argparse.Namespace, name: str) -> None:
    from fuzz_targets import TARGETS

    notes, target = Notes(options.child), TARGETS[name]
    for data in islice(mutants(seeds(name), TOKENS, options.seed), options.skip, options.runs):
        notes.note(data)
        faulthandler.dump_traceback_later(options.seconds, exit=True)
        target(data)


def _by_atheris(options: argparse.Namespace, name: str) -> None:
    import atheris

    with atheris.instrument_imports(include=["curate"]):
        from fuzz_targets import TARGETS

        target = TARGETS[name]
        target(seeds(name)[0])  # so that what is imported on demand is instrumented too
    notes = Notes(options.child)

    def test_one_input(data: bytes) -> None:
        notes.note(data)
        target(data)

    with tempfile.TemporaryDirectory() as started:
        for number, seed in enumerate(seeds(name)):
            (Path(started) / str(number)).write_bytes(seed)
        limits = [f"-runs={options.runs - options.skip}", f"-timeout={options.seconds}", "-max_len=60000"]
        quiet = ["-print_final_stats=0", "-verbosity=0", "-rss_limit_mb=0", f"-artifact_prefix={options.child}/"]
        atheris.Setup([name, f"-seed={options.seed + options.skip}", *limits, *quiet, started], test_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
