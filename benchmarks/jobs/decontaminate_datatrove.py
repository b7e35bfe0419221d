"""datatrove's n-gram decontamination filter, one document at a time, as its pipelines call it."""

import tempfile
from pathlib import Path

from datatrove.data import Document
from datatrove_index import decontamination
from measure import Work, measure


def prepare(texts: list[str], inputs: Path) -> Work:
    """13-grams; making the index is not timed."""
    decontaminate = decontamination(inputs, Path(tempfile.mkdtemp()))

    def work() -> int:
        return sum(
            decontaminate.filter(Document(text=text, id=str(number))) is True for number, text in enumerate(texts)
        )

    return work


measure(prepare, ["datatrove", "spacy"])
