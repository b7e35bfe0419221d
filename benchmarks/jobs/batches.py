"""Documents in batches, as a pipeline hands them to a stage."""

from collections.abc import Iterator

from curate.documents import Documents

BATCH_TEXTS = 500


def document_batches(texts: list[str]) -> Iterator[Documents]:
    """Documents with their ids, made before the first is asked for; each is let go of once the next is."""
    made = [Documents.from_texts(texts[at : at + BATCH_TEXTS]) for at in range(0, len(texts), BATCH_TEXTS)]
    return (made.pop() for _ in range(len(made)))
