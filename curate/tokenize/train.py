"""Training a byte-level BPE tokenizer on a sample of the corpus."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import pyarrow as pa
from pydantic import Field

from curate.corpus import Corpus
from curate.documents import SPLIT, Documents
from curate.errors import InputError
from curate.stage import Round
from curate.tokenize.encode import gpt2_windows, save
from curate.tokenize.stage import TokenizerStage

if TYPE_CHECKING:
    from tokenizers import Tokenizer

logger = logging.getLogger("curate")

BYTES = 256


class TrainTokenizer(TokenizerStage):
    """Train a byte-level BPE tokenizer on a random sample of the documents, and encode them all with it.

    The vocabulary is laid out as GPT-2's: the 256 bytes (in GPT-2's order), the merges, and last the end-of-text
    token, with the id `vocab_size - 1`: 50256 by default. (`tokenizers`' own trainer puts special tokens first.)
    Any text round-trips. `<|endoftext|>` written in a document is encoded as plain text, never as the control token.

    The tokenizer depends on the set of documents sampled, not on their order: pre-tokens are counted, and of pairs
    that are equally frequent the one with smaller ids is merged first. A corpus too small for `vocab_size` gives a
    smaller vocabulary, with a warning.

    Sources: Sennrich et al. 2016, section 3.2 (BPE); Radford et al. 2019, section 2.2 (bytes, the pattern).

    Raises:
        InputError: the sample is empty.

    >>> from curate.documents import Documents
    >>> stage = TrainTokenizer(vocab_size=260)
    >>> stage("low lower lowest").scores            # bytes, "lo", "low", " low", and the end of text
    {'tokens': 9, 'text_bytes': 16}
    """

    name: ClassVar[str] = "train_tokenizer"

    algorithm: Literal["byte_bpe"] = Field("byte_bpe", description="BPE on bytes, as GPT-2's.")
    vocab_size: int = Field(
        50_257, ge=BYTES + 1, le=1 << 31, description="Tokens, the 256 bytes and the end of text included."
    )
    sample_bytes: int = Field(
        100_000_000,
        ge=1,
        lt=1 << 31,  # `tokenizers` counts a pair in 32 bits, so that many bytes cannot overflow it
        description="Budget of training text, in bytes: documents in random order until the next would exceed it.",
    )
    pattern: Literal["gpt2"] = Field("gpt2", description="Regular expression that splits text before merging.")
    min_frequency: int = Field(
        0, ge=0, description="Occurrences a pair needs in the sample to be merged; 0 is the default of `tokenizers`."
    )
    seed: int | None = Field(None, description="Of the sample. None: the pipeline's, or 0.")

    def rounds(self) -> Sequence[Round]:
        """One round, without summaries: draw the sample and train."""
        return [Round("train", self._train)]

    def _train(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        sample = corpus.sample(self.seed or 0, self.name, sources=self.sources, max_bytes=self.sample_bytes)
        tokenizer = train_bpe(_training_texts(sample), self.vocab_size, self.end_of_text, self.min_frequency)
        actual = tokenizer.get_vocab_size()
        if actual == BYTES + 1 < self.vocab_size:
            raise InputError(
                f"{self.name}: the sample has no text to learn merges from. Expected documents of at most "
                f"{self.sample_bytes} bytes (sample_bytes) in the corpus: raise it, or see what earlier stages drop"
            )
        if actual < self.vocab_size:
            logger.warning(
                "the sample gives %d tokens, not the %d of vocab_size; raise sample_bytes or give it more text",
                actual,
                self.vocab_size,
            )
        save(tokenizer, self.end_of_text, state)


def train_bpe(texts: Iterable[str], vocab_size: int, end_of_text: str, min_frequency: int = 0) -> Tokenizer:
    """Train a byte-level BPE tokenizer with GPT-2's pattern and GPT-2's order of ids.

    Args:
        texts: training text; its order does not matter.
        vocab_size: 257 or more: bytes, merges and `end_of_text`.
        end_of_text: the control token, added last.
        min_frequency: occurrences that a pair needs to be merged.

    >>> tokenizer = train_bpe(["low lower lowest"], 260, "<|endoftext|>")
    >>> tokenizer.encode(" low!").tokens, tokenizer.token_to_id("<|endoftext|>")
    (['Ġlow', '!'], 259)
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1,
        min_frequency=min_frequency,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    with _every_core():
        tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(end_of_text, special=True, normalized=False)])
    return tokenizer


@contextmanager
def _every_core() -> Iterator[None]:
    """Let `tokenizers` use all cores meanwhile: training is the one task that runs while no other does."""
    before = os.environ.get("TOKENIZERS_PARALLELISM")
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["TOKENIZERS_PARALLELISM"]
        else:
            os.environ["TOKENIZERS_PARALLELISM"] = before


def _training_texts(sample: Iterable[Documents]) -> Iterator[str]:
    for docs in sample:
        for text in docs.text.to_pylist():
            for piece in text.split(SPLIT):
                yield from gpt2_windows(piece)
