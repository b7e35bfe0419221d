"""curate's LSH, verification, clusters and survivors, from files of signatures to the report, in one process."""

import shutil
import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
from lsh_signatures import NUM_PERM, signatures
from measure import job_options, report, timed

from curate.dedup import FuzzyDedup, deduplicate_signatures
from curate.dedup.ranking import summary_schema

PARTS = 10


def summary_files(folder: Path, documents: int) -> None:
    """The summaries that the stage would write for so many documents."""
    folder.mkdir()
    draw = np.random.default_rng(1)
    schema = summary_schema(NUM_PERM)
    made = signatures(documents)
    for number, part in enumerate(np.array_split(np.arange(documents), PARTS)):
        with pa.ipc.new_file(str(folder / f"signatures-{number:05}.arrow"), schema) as writer:
            for rows in np.array_split(part, max(1, len(part) // 10_000)):
                ids = pa.py_buffer(draw.bytes(16 * len(rows)))
                columns = [
                    pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(rows), [None, ids]),
                    pa.array(["web"] * len(rows)),
                    pa.FixedSizeListArray.from_arrays(pa.array(made[rows].reshape(-1)), NUM_PERM),
                    pa.array(draw.integers(1, 10_000, len(rows))),
                    pa.array(np.full(len(rows), np.inf)),
                ]
                writer.write_table(pa.table(columns, schema=schema))


def cluster(folder: Path) -> int:
    """How many documents are in a cluster."""
    tables = deduplicate_signatures(FuzzyDedup(num_perm=NUM_PERM, threshold=0.8), folder, folder / "state", slots=64)
    return sum(len(file.table()) for file in tables.reduced("survivors", "outcome"))


def main() -> None:
    """Warm up on few, then time all; the signatures are made in a process of their own, for a true peak of memory."""
    documents = int(job_options("documents").documents)
    with tempfile.TemporaryDirectory() as home:
        few, many = Path(home) / "few", Path(home) / "many"
        for folder, count in ((few, 1000), (many, documents)):
            writer = get_context("spawn").Process(target=summary_files, args=(folder, count))
            writer.start()
            writer.join()
        cluster(few)
        found, *seconds = timed(lambda: cluster(many))
        report(documents, "documents", *seconds, ["curate"], digest=found, documents=documents)
        shutil.rmtree(many)


if __name__ == "__main__":
    main()
