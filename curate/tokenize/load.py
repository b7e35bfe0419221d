"""Encoding with a tokenizer that exists already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa
from pydantic import Field

from curate.corpus import Corpus
from curate.errors import CurateError, InputError
from curate.objects.fetched import fetched
from curate.stage import Round
from curate.tokenize.encode import save
from curate.tokenize.stage import TokenizerStage

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class LoadTokenizer(TokenizerStage):
    """Encode the documents with the tokenizer of a `tokenizer.json`, the format of `tokenizers` and `transformers`.

    Its normalizer and pre-tokenizer are applied as they are; what it would add around a text (its template), its
    truncation and its padding are not. Control tokens in a text are encoded as plain text.

    Byte-level BPE models that split text by the pattern of GPT-2, cl100k, Llama 3, Qwen, o200k, Mistral NeMo,
    StarCoder or DeepSeek are encoded by compiled loops, with the same ids; others by `tokenizers`, many times slower,
    with a warning. Of the former, texts that normalisation form C changes, or that have an added token, are left to
    `tokenizers` too.

    Raises:
        InputError: the file cannot be read, or has no token named `end_of_text`.

    >>> import tempfile
    >>> from curate.tokenize.train import train_bpe
    >>> with tempfile.NamedTemporaryFile(suffix=".json") as file:
    ...     train_bpe(["low lower lowest"], 260, "<|endoftext|>").save(file.name)
    ...     LoadTokenizer(path=file.name)(" low!").scores
    {'tokens': 3, 'text_bytes': 5}
    """

    name: ClassVar[str] = "load_tokenizer"

    path: str = Field(min_length=1, description="A tokenizer.json, a path or URL.")

    def input_files(self) -> dict[str, list[str]]:
        """The tokenizer's file."""
        return {"path": [self.path]}

    def rounds(self) -> Sequence[Round]:
        """One round, without summaries: check the file and copy it into the state."""
        return [Round("copy", self._copy)]

    def _copy(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        tokenizer = _read(self.path)
        if tokenizer.token_to_id(self.end_of_text) is None:
            special = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
            raise InputError(
                f"{self.path}: no token {self.end_of_text!r}, which must stand between documents. "
                f"Set end_of_text to one that it has; its control tokens: {', '.join(special) or 'none'}"
            )
        save(tokenizer, self.end_of_text, state)


def _read(path: str) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(fetched(path).read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Expected a tokenizer.json") from error
    except CurateError:
        raise
    except Exception as error:  # `tokenizers` raises no narrower class for a file that is not a tokenizer
        raise InputError(
            f"{path}: not a tokenizer ({error}). Expected a tokenizer.json as `tokenizers` or `transformers` save it"
        ) from error
