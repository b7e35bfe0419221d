"""curate's LSH, verification, clusters and survivors over memory-mapped signatures."""

import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
from lsh_signatures import NUM_PERM, signatures
from measure import job_options, report, timed

from curate.dedup import FuzzyDedup
from curate.dedup.clusters import find_clusters
from curate.dedup.ranking import RankedDocuments, Removal, summary_schema


def summary_file(path: Path, documents: int) -> None:
    """The summary that the stage would write for so many documents."""
    draw = np.random.default_rng(1)
    schema = summary_schema(NUM_PERM)
    made = signatures(documents)
    with pa.ipc.new_file(str(path), schema) as writer:
        for rows in np.array_split(np.arange(documents), max(1, documents // 10_000)):
            ids = pa.py_buffer(draw.bytes(16 * len(rows)))
            columns = [
                pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(rows), [None, ids]),
                pa.array(["web"] * len(rows)),
                pa.FixedSizeListArray.from_arrays(pa.array(made[rows].reshape(-1)), NUM_PERM),
                pa.array(draw.integers(1, 10_000, len(rows))),
                pa.array(np.full(len(rows), np.inf)),
            ]
            writer.write_table(pa.table(columns, schema=schema))


def cluster(path: Path) -> int:
    """How many documents are in a cluster."""
    summary = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    ranked = RankedDocuments.of_summary(summary, Removal([], None, None))
    return len(find_clusters(ranked, FuzzyDedup(num_perm=NUM_PERM, threshold=0.8).matching()).members)


def main() -> None:
    """Warm up on few, then time all; the signatures are made in a process of their own, for a true peak of memory."""
    documents = int(job_options("documents").documents)
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few.arrow", Path(folder) / "many.arrow"
        for path, count in ((few, 1000), (many, documents)):
            writer = get_context("spawn").Process(target=summary_file, args=(path, count))
            writer.start()
            writer.join()
        cluster(few)
        found, *seconds = timed(lambda: cluster(many))
        report(documents, "documents", *seconds, ["curate"], digest=found, documents=documents)


if __name__ == "__main__":
    main()
