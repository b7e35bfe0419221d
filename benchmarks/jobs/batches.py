"""Documents in batches, as a pipeline hands them to a stage."""

from collections.abc import Iterator

from curate.documents import Documents

_BATCH_TEXTS = 500


def document_batches(texts: list[str]) -> Iterator[Documents]:
    """Documents with their ids, made before the first is asked for; each is let go of once the next is."""
    made = [Documents.from_texts(texts[at : at + _BATCH_TEXTS]) for at in range(0, len(texts), _BATCH_TEXTS)]
    return (made.pop() for _ in range(len(made)))
