"""FineWeb's own rules on the lines of documents (Penedo et al. 2024, "The FineWeb Datasets", section 3.6)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from curate.documents import Documents
from curate.filters.gopher import above, below, ratio
from curate.kernels.characters import SENTENCE_ENDS
from curate.kernels.repetition import repeated_units
from curate.stage import Annotations, Filter


class FinewebQuality(Filter):
    """Keep a document when its lines end like sentences, and are neither short, nor repeated, nor a list.

    Columns, also the rules' order: `punctuated_lines`, `short_lines` (fractions of the lines that are not blank),
    `duplicate_line_chars` (in copies after the first, as a fraction of all characters but newlines),
    `newlines_per_word`.
    Reasons: `empty` (no line that is not blank), `few_punctuated_lines`, `many_short_lines`,
    `many_duplicate_line_chars`, `many_newlines`.

    The paper's section 3.6 gives 0.1 for the characters in duplicate lines; its appendix E.4 and its code, 0.01.

    `end_marks` are those of Unicode 17; datatrove's list has 3 Khmer marks more and 16 rare ones fewer. Against
    datatrove 0.10.1 with spaCy, none of 802 verdicts differs (see `tests/filters/test_datatrove_golden.py`).

    >>> FinewebQuality()("Home\\nAbout us\\nContact").reason
    'few_punctuated_lines'
    >>> FinewebQuality()("A line that ends as a sentence does, and is long enough.").keep
    True
    """

    name: ClassVar[str] = "fineweb_quality"

    min_punctuated_lines: float | None = Field(
        0.12, ge=0, le=1, description="Smallest fraction of lines whose last character is one of end_marks."
    )
    end_marks: str = Field(SENTENCE_ENDS, description="Characters that end a sentence; by default those of Unicode.")
    max_short_lines: float | None = Field(0.67, ge=0, le=1, description="Largest fraction of short lines.")
    short_line_chars: int = Field(30, ge=0, description="Length up to which a line is short, in characters.")
    max_duplicate_line_chars: float | None = Field(
        0.01, ge=0, le=1, description="Largest fraction of characters in duplicate lines."
    )
    max_newlines_per_word: float | None = Field(0.3, ge=0, description="Most newlines for each word.")
    count_symbols: bool = Field(
        True, description="Whether punctuation counts among the words in newlines per word, as in datatrove."
    )

    def annotate(self, docs: Documents) -> Annotations:
        """Measure the lines of each document, and apply the rules in order."""
        newlines, lines = docs.text_counts.newlines, docs.lines.select(~docs.lines.blank)
        ends = np.isin(lines.last, np.array([ord(mark) for mark in self.end_marks], np.int32))
        tokens = docs.words.counts + (docs.text_counts.symbols if self.count_symbols else 0)
        scores = {
            "punctuated_lines": ratio(lines.total(ends), lines.counts),
            "short_lines": ratio(lines.total(lines.chars <= self.short_line_chars), lines.counts),
            "duplicate_line_chars": ratio(repeated_units(lines, False)[1], docs.text_chars - newlines),
            "newlines_per_word": ratio(newlines, tokens),
        }
        failed = {
            "empty": lines.counts == 0,
            "few_punctuated_lines": below(scores["punctuated_lines"], self.min_punctuated_lines),
            "many_short_lines": above(scores["short_lines"], self.max_short_lines),
            "many_duplicate_line_chars": above(scores["duplicate_line_chars"], self.max_duplicate_line_chars),
            "many_newlines": above(scores["newlines_per_word"], self.max_newlines_per_word),
        }
        return Annotations.of_rules(failed, len(docs), scores)
