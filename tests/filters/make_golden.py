"""Writes golden/datatrove.jsonl: what datatrove's filters say of the documents of golden_documents.py, a line for each.

datatrove is no dependency of curate: run this with the Python of an environment of its own, which has
`datatrove[processing]`, `spacy` and `zstandard`:

    python tests/filters/make_golden.py FOLDER_OF_SHARED_DATA
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import c4_filters, gopher_repetition_filter
from datatrove.pipeline.filters.c4_filters import C4QualityFilter
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
from datatrove.pipeline.filters.gopher_quality_filter import STOP_WORDS, GopherQualityFilter
from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter
from datatrove.utils.text import PUNCTUATION_SET, split_into_sentences, split_into_words
from datatrove.utils.typeshelper import Languages
from golden_documents import key, made, shared

#: C4's numbers as the paper has them; datatrove's own defaults are 5 sentences and 3 words.
FILTERS = {
    "gopher_quality": GopherQualityFilter(),
    "gopher_repetition": GopherRepetitionFilter(),
    "c4_quality": C4QualityFilter(min_num_sentences=3, min_words_per_line=5),
    "fineweb_quality": FineWebQualityFilter(),
}


def judge(text: str) -> dict[str, object]:
    """The reason of each filter (null: kept), and the counts that they come from."""
    row: dict[str, object] = {}
    counted: list[int] = []
    c4_filters.split_into_sentences = lambda line, language: _count(line, language, counted)
    for name, each in FILTERS.items():
        doc = Document(text=text, id="")
        try:
            said = each.filter(doc)
        except ZeroDivisionError:
            said = (False, "zero_division")
        row[name] = None if said is True else said[1]
        if name == "c4_quality":
            row["c4_text"] = key(doc.text) if said is True else None
    words = split_into_words(text, Languages.english)
    row["repetition_of_words"] = _repetition_of_words(text)
    no_symbols = [word for word in words if any(c not in PUNCTUATION_SET for c in word)]
    row["sentences"] = sum(counted)
    row["tokens"] = len(words)
    row["alphabetic"] = sum(any(c.isalpha() for c in word) for word in words)
    row["mean_word_chars"] = round(sum(map(len, no_symbols)) / max(1, len(no_symbols)), 4)
    row["stop_words"] = len(set(STOP_WORDS) & set(words))
    return row


def _repetition_of_words(text: str) -> str | None:
    """What the repetition filter would say if words were in lower case, and had a letter or a digit."""
    gopher_repetition_filter.split_into_words = lambda text, language: [
        word.lower() for word in split_into_words(text, language) if any(map(str.isalnum, word))
    ]
    said = FILTERS["gopher_repetition"].filter(Document(text=text, id=""))
    gopher_repetition_filter.split_into_words = split_into_words
    return None if said is True else said[1]


def _count(line: str, language: str, counted: list[int]) -> list[str]:
    sentences = split_into_sentences(line, language)
    counted.append(len(sentences))
    return sentences


def main() -> None:
    """Judge every document; the first line says by which versions, and what the columns are."""
    documents = [*made().items(), *shared(Path(sys.argv[1]))]
    rows = [{"id": name, "key": key(text)} | judge(text) for name, text in documents]
    header = {"datatrove": version("datatrove"), "spacy": version("spacy"), "columns": list(rows[0])}
    lines = [json.dumps(line, separators=(",", ":")) for line in (header, *(list(row.values()) for row in rows))]
    (Path(__file__).parent / "golden" / "datatrove.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
