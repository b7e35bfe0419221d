"""Real text that every Python brings along."""

from __future__ import annotations

from pydoc_data.topics import topics


def paragraphs() -> list[str]:
    """The language reference's paragraphs of 30 words and more, in a fixed order, without repeats."""
    texts = [" ".join(text.split()) for name in sorted(topics) for text in topics[name].split("\n\n")]
    return list(dict.fromkeys(text for text in texts if len(text.split()) >= 30))
