"""Deduplication of synthetic signatures, without text, through curate's own code: time, memory and disk.

    python benchmarks/scale/simulate.py --documents 1e6 [--values 32] [--memory 1GB] [--scratch DIR]

One process, one core. Of the documents 7 in 10 are unlike all others; the rest choose one of the clusters, a few of
which are very large (see `members`). What was planted is compared with what was found, and the figures are kept in
`results.json` beside this file.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit
from numpy.typing import NDArray

from curate.dedup import FuzzyDedup
from curate.dedup.from_signatures import deduplicate_signatures
from curate.dedup.ranking import summary_schema
from curate.memory import parse_size

RESULTS = Path(__file__).with_name("results.json")

#: Documents of a part.
PART = 500_000
#: Share of the documents that are in clusters, clusters for each document, and how much the first clusters are
#: preferred: of 10^8 documents the largest has some 150,000 members.
CLUSTERED, CLUSTERS, SKEW = 0.3, 0.08, 3.0
#: A member of a cluster keeps each value of the cluster's signature with a probability between these.
LIKENESS = (0.88, 1.0)


def main() -> None:
    """Write the signatures, deduplicate them, check what was found, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=float, default=1e6)
    parser.add_argument("--values", type=int, default=32, help="values of a signature, 4 bytes each")
    parser.add_argument("--memory", default="1GB", help="what a step may hold")
    parser.add_argument("--scratch", type=Path, help="where to put the files, which are removed afterwards")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="scale-", dir=options.scratch))
    try:
        found = simulate(folder, round(options.documents), options.values, parse_size(options.memory))
    finally:
        shutil.rmtree(folder)
    print(json.dumps(found, indent=1))
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(
        json.dumps(kept | {f"{found['documents']:,} of {found['values']} values": found}, indent=1) + "\n", "utf-8"
    )


def simulate(folder: Path, documents: int, values: int, memory: int) -> dict[str, Any]:
    """Deduplicate, and say what it took."""
    tables = folder / "tables"
    tables.mkdir()
    began = time.time()
    for part, first in enumerate(range(0, documents, PART)):
        write_part(tables / f"signatures-{part:05}.arrow", documents, first, min(first + PART, documents), values)
    written, before = time.time(), resource.getrusage(resource.RUSAGE_SELF)
    stage = FuzzyDedup(num_perm=values, threshold=0.8)
    deduplicate_signatures(stage, tables, folder / "state", max_memory_bytes=memory)
    ended, after = time.time(), resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "documents": documents,
        "values": values,
        "bands": stage.band_shape(),
        "memory_budget_bytes": memory,
        "write_seconds": round(written - began, 1),
        "seconds": round(ended - written, 1),
        "cpu_seconds": round(cpu, 1),
        "documents_per_cpu_second": round(documents / cpu),
        "peak_memory_bytes": after.ru_maxrss * 1024,
        "files": len(list(tables.iterdir())),
        **rounds(stage, tables, written),
        **quality(folder / "state" / "reports" / "duplicates.parquet", documents),
    }


def rounds(stage: FuzzyDedup, tables: Path, began: float) -> dict[str, Any]:
    """The bytes that each round wrote, and when it ended."""
    names = [one.name for one in stage.rounds()]
    files = {name: [path.stat() for path in tables.glob(f"{name}[.-]*")] for name in names}
    ends = [began] + [max((file.st_mtime for file in files[name]), default=began) for name in names[1:]]
    seconds = {name: round(end - begin, 1) for name, (begin, end) in zip(names[1:], pairwise(ends), strict=True)}
    sizes = {name: sum(file.st_size for file in files[name]) for name in names}
    return {"round_bytes": sizes, "disk_bytes": sum(sizes.values()), "round_seconds": seconds}


def quality(report: Path, documents: int) -> dict[str, Any]:
    """How many were removed, how many of these for a document of another planted cluster, and how many were missed."""
    removed = wrong = 0
    with pq.ParquetFile(report) as file:
        for batch in file.iter_batches(columns=["document", "survivor"]):
            pairs = [members(_numbers(batch[name]), documents) for name in ("document", "survivor")]
            removed += len(batch)
            wrong += int((pairs[0] != pairs[1]).sum())
    clusters = 0
    sizes = np.zeros(round(documents * CLUSTERS), np.int32)
    for first in range(0, documents, PART):
        chosen = members(np.arange(first, min(first + PART, documents)), documents)
        sizes += np.bincount(chosen[chosen >= 0], minlength=len(sizes)).astype(np.int32)
    clusters, redundant = int((sizes > 1).sum()), int(np.maximum(sizes - 1, 0).sum())
    planted = {"clusters": clusters, "redundant": redundant, "largest_cluster": int(sizes.max())}
    return {"planted": planted, "removed": removed, "removed_for_another_cluster": wrong}


def write_part(path: Path, documents: int, first: int, stop: int, values: int) -> None:
    """The summary of the documents from `first` up to `stop`."""
    numbers = np.arange(first, stop)
    clusters = members(numbers, documents)
    ids = np.stack([_hash(numbers, 1), numbers.astype(np.uint64)], axis=1).byteswap().tobytes()
    likeness = LIKENESS[0] + (LIKENESS[1] - LIKENESS[0]) * _uniform(numbers, 2)
    signatures = np.empty((len(numbers), values), np.uint32)
    _signatures(numbers, clusters, likeness, signatures)
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(numbers), [None, pa.py_buffer(ids)]),
        pa.repeat(pa.scalar("web"), len(numbers)),
        pa.FixedSizeListArray.from_arrays(pa.array(signatures.reshape(-1)), values),
        pa.array((_hash(numbers, 3) % np.uint64(8000)).astype(np.int64) + 200),
        pa.array(_uniform(numbers, 4)),
    ]
    table = pa.table(columns, schema=summary_schema(values))
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=1 << 15)


def members(numbers: NDArray[np.int64], documents: int) -> NDArray[np.int64]:
    """The cluster of each document, or -1: `u ** SKEW` of the way through the clusters, u uniform."""
    chosen = (_uniform(numbers, 6) ** SKEW * round(documents * CLUSTERS)).astype(np.int64)
    return np.where(_uniform(numbers, 5) < CLUSTERED, chosen, -1)


def _numbers(ids: pa.StringArray) -> NDArray[np.int64]:
    """The document that each hexadecimal id is of: its last 16 digits."""
    digits = np.frombuffer("".join(ids.to_pylist()).encode(), "S32")
    raw = bytes.fromhex(digits.tobytes().decode())
    return np.frombuffer(raw, ">u8").reshape(-1, 2)[:, 1].astype(np.int64)


def _uniform(numbers: NDArray[np.int64], purpose: int) -> NDArray[np.float64]:
    return (_hash(numbers, purpose) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _hash(numbers: NDArray[np.int64], purpose: int) -> NDArray[np.uint64]:
    hashes = np.empty(len(numbers), np.uint64)
    _hash_all(numbers, np.uint64(purpose), hashes)
    return hashes


@njit(cache=True)
def _mix(x):  # type: ignore[no-untyped-def]
    """The finaliser of SplitMix64."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def _hash_all(numbers, purpose, hashes):  # type: ignore[no-untyped-def]
    for at in range(len(numbers)):
        hashes[at] = _mix(np.uint64(numbers[at]) * np.uint64(8) + purpose)


@njit(cache=True)
def _signatures(numbers, clusters, likeness, out):  # type: ignore[no-untyped-def]
    """Values of the document itself, or where it is like its cluster, those of the cluster."""
    for at in range(len(numbers)):
        own = _mix(np.uint64(numbers[at]) * np.uint64(8) + np.uint64(7))
        shared = _mix(np.uint64(clusters[at]) ^ np.uint64(0xD6E8FEB86659FD93))
        for place in range(out.shape[1]):
            drawn = _mix(own + np.uint64(place))
            if clusters[at] >= 0 and np.float64(drawn >> np.uint64(40)) < likeness[at] * 16777216.0:
                drawn = _mix(shared + np.uint64(place))
            out[at, place] = np.uint32(drawn)


if __name__ == "__main__":
    main()
