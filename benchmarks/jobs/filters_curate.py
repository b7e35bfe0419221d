"""The four heuristic filters of curate: every score and verdict, with the scan for words."""

from pathlib import Path

from batches import document_batches
from measure import Work, measure

from curate.filters import C4Quality, FinewebQuality, GopherQuality, GopherRepetition


def prepare(texts: list[str], inputs: Path) -> Work:
    """Each filter sees all documents, though a pipeline would show it those that the others kept."""
    filters = [GopherQuality(), GopherRepetition(), C4Quality(), FinewebQuality()]
    batches = document_batches(texts)

    def work() -> int:
        return sum(int(each.annotate(docs).keep.sum()) for docs in batches for each in filters)

    return work


measure(prepare, ["curate"])
