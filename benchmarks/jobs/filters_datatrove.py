"""The four heuristic filters of datatrove, one document at a time, as its pipelines call them."""

from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from measure import Work, measure


def prepare(texts: list[str], inputs: Path) -> Work:
    """Each filter sees all documents, though a pipeline would stop at the first that drops one."""
    filters = [GopherQualityFilter(), GopherRepetitionFilter(), C4QualityFilter(), FineWebQualityFilter()]

    def work() -> int:
        kept = 0
        for number, text in enumerate(texts):
            kept += sum(each.filter(Document(text=text, id=str(number))) is True for each in filters)
        return kept

    return work


measure(prepare, ["datatrove", "spacy"])
