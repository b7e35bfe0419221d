"""curate's decontamination of clean text: every 13-gram of a document is looked up among those of benchmark items."""

import tempfile
from pathlib import Path

from batches import document_batches
from measure import Work, measure

from curate.corpus import MemoryCorpus
from curate.decontaminate import Decontaminate
from curate.documents import Documents


def prepare(texts: list[str], inputs: Path) -> Work:
    """The index and the counts are made before; the scan for words is timed."""
    stage = Decontaminate(benchmarks=[str(inputs / "items.jsonl")], ngram=13)
    state = Path(tempfile.mkdtemp())
    (state / "reports").mkdir()
    nothing = Documents.from_texts(["nothing"])
    for one in stage.rounds():
        summaries = [one.summarize(nothing)] if one.summarize else []
        one.conclude(MemoryCorpus(nothing), summaries, state)
        stage.load(state)
    batches = document_batches(texts)

    def work() -> int:
        return sum(int(stage.annotate(docs).keep.sum()) for docs in batches)

    return work


measure(prepare, ["curate"])
