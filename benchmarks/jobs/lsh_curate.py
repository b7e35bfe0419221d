"""curate's LSH, verification and clusters, of signatures in memory and in one process."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from lsh_signatures import NUM_PERM, signatures
from measure import job_options, report, timed

from curate.dedup import FuzzyDedup, cluster_signatures
from curate.dedup.ranking import summary_schema

PARTS = 10


def summaries(documents: int) -> list[pa.Table]:
    """What the stage would say of so many documents."""
    draw = np.random.default_rng(1)
    made = signatures(documents)
    return [summary(made[rows], draw) for rows in np.array_split(np.arange(documents), PARTS)]


def summary(made: np.ndarray, draw: np.random.Generator) -> pa.Table:
    """What the stage would say of documents with these signatures."""
    ids = pa.py_buffer(draw.bytes(16 * len(made)))
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(made), [None, ids]),
        pa.array(["web"] * len(made)),
        pa.FixedSizeListArray.from_arrays(pa.array(made.reshape(-1)), NUM_PERM),
        pa.array(draw.integers(1, 10_000, len(made))),
        pa.array(np.full(len(made), np.inf)),
    ]
    return pa.table(columns, schema=summary_schema(NUM_PERM))


def cluster(made: list[pa.Table]) -> int:
    """How many documents are in a cluster."""
    with tempfile.TemporaryDirectory() as state:
        return len(cluster_signatures(FuzzyDedup(num_perm=NUM_PERM, threshold=0.8), made, Path(state))[0])


def main() -> None:
    """Warm up on few, then time all; the signatures are there before, as the objects of the other library are."""
    documents = int(job_options("documents").documents)
    cluster(summaries(1000))
    made = summaries(documents)
    found, *seconds = timed(lambda: cluster(made))
    report(documents, "documents", *seconds, ["curate"], digest=found, documents=documents)


main()
