"""The whole chain, WARC to token files, in datatrove: its pipelines run one after the other in this process."""

import json
import os
import tempfile
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.readers import JsonlReader, WarcReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter
from datatrove_index import decontamination
from measure import job_options, report, timed


def chain(inputs: Path, folder: Path) -> None:
    """Its own settings, except for the decontamination's 13-grams."""
    (folder / "index").mkdir()
    steps = [
        [
            WarcReader(str(inputs), glob_pattern="crawl.warc.gz"),
            Trafilatura(),
            GopherRepetitionFilter(),
            GopherQualityFilter(),
            C4QualityFilter(),
            FineWebQualityFilter(),
            JsonlWriter(str(folder / "filtered")),
        ],
        [JsonlReader(str(folder / "filtered")), MinhashDedupSignature(str(folder / "signatures"))],
        [MinhashDedupBuckets(str(folder / "signatures"), str(folder / "buckets"))],
        [MinhashDedupCluster(str(folder / "buckets"), str(folder / "remove"))],
        [
            JsonlReader(str(folder / "filtered")),
            MinhashDedupFilter(str(folder / "remove")),
            decontamination(inputs, folder / "index"),
            DocumentTokenizer(str(folder / "tokens"), tokenizer_name_or_path=str(inputs / "tokenizer.json")),
        ],
    ]
    for number, pipeline in enumerate(steps):
        tasks = 14 if number == 2 else 1  # one for each of its buckets
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(folder / f"log{number}")).run()


def main() -> None:
    """Importing the library is not timed."""
    options = job_options()
    pages = json.loads((options.inputs / "inputs.json").read_text("utf-8"))["crawl_pages"]
    with tempfile.TemporaryDirectory() as folder:
        _, *seconds = timed(lambda: chain(options.inputs, Path(folder)))
        report(pages, "documents", *seconds, ["datatrove", "trafilatura"], documents=pages)


main()
