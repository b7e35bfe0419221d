"""Training a byte-level BPE tokenizer on a sample of the corpus."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from curate.corpus import Corpus
from curate.documents import SPLIT, Documents
from curate.draws import uniform
from curate.errors import InputError
from curate.memory import require
from curate.sampling import sample_threshold
from curate.stage import Round
from curate.storage import write_json
from curate.tokenize.encode import TOKENIZER_FILE, save
from curate.tokenize.stage import TokenizerStage

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from curate.kernels.pretoken_counts import PretokenCounts

logger = logging.getLogger("curate")

BYTES = 256
_SAMPLE_FILE = "sample.json"
#: Bytes that learning merges takes for each byte of distinct pre-tokens and their offsets; 25 measured.
_MERGE_FACTOR = 30
#: Strings are handed to Arrow in batches of about this many characters.
_BATCH_CHARACTERS = 1 << 22


class TrainTokenizer(TokenizerStage):
    """Train a byte-level BPE tokenizer on a random sample of the documents, and encode them all with it.

    The vocabulary is laid out as GPT-2's: the 256 bytes (in GPT-2's order), the merges, and last the end-of-text
    token, with the id `vocab_size - 1`: 50256 by default. (`tokenizers`' own trainer puts special tokens first.)
    Any text round-trips. `<|endoftext|>` written in a document is encoded as plain text, never as the control token.

    The tokenizer depends on the set of documents sampled, not on their order: pre-tokens are counted, and of pairs
    that are equally frequent the one with smaller ids is merged first. A corpus too small for `vocab_size` gives a
    smaller vocabulary, with a warning.

    Sources: Sennrich et al. 2016, section 3.2 (BPE); Radford et al. 2019, section 2.2 (bytes, the pattern).

    Vocabulary and merges are those that `tokenizers` learns, ties included, but counts have 64 bits, not 32, so the
    sample may have any size. Measured on 36 MB of English, one core, vocabulary of 50,257: 0.5 s (counting 0.1 s,
    merges 0.2 s), `tokenizers` 0.23 8.7 s, `rustbpe` 0.1 2.5 s. (`rustbpe` learns the same tokens there, 5 % of them
    at another rank: it numbers bytes by value, so ties fall differently.) Memory goes by the distinct pre-tokens, not
    by the sample: 0.3 GB for 11 MB of them, of 75 languages.

    Raises:
        InputError: the sample is empty, or has more than 10^9 bytes of distinct pre-tokens.

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
        description="Budget of training text, in bytes: documents in random order until the next would exceed it.",
    )
    pattern: Literal["gpt2", "starcoder", "llama3", "nanochat", "qwen2", "qwen3.5", "o200k", "tekken"] = Field(
        "gpt2", description="Regular expression that splits text before merging, by the tokenizer known for it."
    )
    min_frequency: int = Field(
        0, ge=0, description="Occurrences a pair needs in the sample to be merged; 0 is the default of `tokenizers`."
    )
    seed: int | None = Field(None, description="Of the sample. None: the pipeline's, or 0.")

    _threshold: float | None = PrivateAttr(None)

    def rounds(self) -> Sequence[Round]:
        """`sample` decides which documents to learn from; `train` counts their pre-tokens and learns the merges."""
        return [Round("sample", self._choose, self._draw), Round("train", self._train, self._count)]

    def load(self, state: Path) -> None:
        """Read the sample's threshold and, once it is trained, the tokenizer."""
        self._threshold = json.loads((state / _SAMPLE_FILE).read_text("utf-8"))["threshold"]
        if (state / TOKENIZER_FILE).exists():
            super().load(state)

    def _draw(self, docs: Documents) -> pa.Table:
        """The draw and the size of each document."""
        draws = uniform(self.seed or 0, self.name, docs.id_words)
        return pa.table({"draw": draws, "text_bytes": docs.text_bytes})

    def _choose(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        def weighted() -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
            return ((table["draw"].to_numpy(), table["text_bytes"].to_numpy()) for table in summaries)

        write_json(state / _SAMPLE_FILE, {"threshold": sample_threshold(weighted, self.sample_bytes)})

    def _count(self, docs: Documents) -> pa.Table:
        """The pre-tokens of the documents that are in the sample."""
        from curate.kernels.pretoken_counts import PretokenCounts

        assert self._threshold is not None
        sample = docs.filter(uniform(self.seed or 0, self.name, docs.id_words) < self._threshold)
        counts = PretokenCounts(self.pattern)
        counts.add(pc.split_pattern(sample.text, SPLIT).flatten())
        return counts.to_table()

    def _train(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        from curate.kernels.pretoken_counts import PretokenCounts

        with TemporaryDirectory(dir=state) as spill:
            counts = PretokenCounts(self.pattern, spill=Path(spill), max_bytes=corpus.max_memory_bytes // 4)
            for table in summaries:
                counts.add_table(table)
            needed = _MERGE_FACTOR * sum(table["pretoken"].nbytes for table in counts.tables())
            require(needed, corpus.max_memory_bytes, f"{self.name}: learning merges", "lower sample_bytes")
            tokenizer = bpe_tokenizer(counts, self.vocab_size, self.end_of_text, self.min_frequency)
        self._check_vocabulary(tokenizer.get_vocab_size())
        save(tokenizer, self.end_of_text, state)

    def _check_vocabulary(self, actual: int) -> None:
        """Say what is odd about the number of tokens that were learnt."""
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


def train_bpe(
    texts: Iterable[str], vocab_size: int, end_of_text: str, min_frequency: int = 0, pattern: str = "gpt2"
) -> Tokenizer:
    """Train a byte-level BPE tokenizer with GPT-2's order of ids.

    Args:
        texts: training text; its order does not matter.
        vocab_size: 257 or more: bytes, merges and `end_of_text`.
        end_of_text: the control token, added last.
        min_frequency: occurrences that a pair needs to be merged.
        pattern: how text is split before merging; one of those that `TrainTokenizer` has.

    >>> tokenizer = train_bpe(["low lower lowest"], 260, "<|endoftext|>")
    >>> tokenizer.encode(" low!").tokens, tokenizer.token_to_id("<|endoftext|>")
    (['Ġlow', '!'], 259)
    """
    from curate.kernels.pretoken_counts import PretokenCounts

    counts = PretokenCounts(pattern)
    for batch in _batches(texts):
        counts.add(batch)
    return bpe_tokenizer(counts, vocab_size, end_of_text, min_frequency)


def bpe_tokenizer(counts: PretokenCounts, vocab_size: int, end_of_text: str, min_frequency: int = 0) -> Tokenizer:
    """The tokenizer that is learnt from counted pre-tokens; the other arguments are those of `train_bpe`."""
    from tokenizers import AddedToken, Tokenizer, decoders, models

    from curate.kernels.bpe_tables import byte_alphabet
    from curate.kernels.bpe_train import train_merges

    table = counts.to_table().combine_chunks()
    merges = train_merges(table["pretoken"].combine_chunks(), table["count"].to_numpy(), vocab_size - 1, min_frequency)
    names = sorted(byte_alphabet())
    named = []
    for left, right in merges.tolist():
        named.append((names[left], names[right]))
        names.append(names[left] + names[right])
    tokenizer = Tokenizer(models.BPE({name: token for token, name in enumerate(names)}, named))
    tokenizer.pre_tokenizer = _pre_tokenizer(counts.pattern)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(end_of_text, special=True, normalized=False)])
    return tokenizer


def _pre_tokenizer(pattern: str) -> Any:
    """A pattern as `tokenizers` writes it."""
    from tokenizers import Regex, pre_tokenizers

    from curate.kernels.pretoken_patterns import REGEXES

    if pattern == "gpt2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False)
    if pattern == "starcoder":
        digits = pre_tokenizers.Digits(individual_digits=True)
        return pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    regex = next(regex for regex, name in REGEXES.items() if name == pattern)
    split = pre_tokenizers.Split(Regex(regex), "isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _batches(texts: Iterable[str]) -> Iterator[pa.Array]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if characters >= _BATCH_CHARACTERS:
            yield pa.array(batch, pa.large_string())
            batch, characters = [], 0
    yield pa.array(batch, pa.large_string())
