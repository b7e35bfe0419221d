"""What training and loading a tokenizer have in common: applying it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, PrivateAttr

from curate.documents import Documents
from curate.stage import Annotations, CorpusStage
from curate.tokenize.encode import Encoder


class TokenizerStage(CorpusStage):
    """A stage whose rounds save a tokenizer into its state, and which then encodes every document with it."""

    version: ClassVar[int] = 2  # commits state totals
    totals: ClassVar[tuple[str, ...]] = ("tokens", "text_bytes")

    end_of_text: str = Field(
        "<|endoftext|>", min_length=1, description="Control token between documents; in a text it is plain text."
    )

    _encoder: Encoder | None = PrivateAttr(None)

    def load(self, state: Path) -> None:
        """Read the tokenizer that the rounds have saved."""
        self._encoder = Encoder.of_state(state)

    def annotate(self, docs: Documents) -> Annotations:
        """Encode the documents; see `Encoder.annotate`."""
        if self._encoder is None:
            raise RuntimeError(f"{self.name}: load a state before annotate")
        return self._encoder.annotate(docs)
