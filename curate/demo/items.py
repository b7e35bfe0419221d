"""Benchmark items made from speeches that no source holds.

Every passage is plain words with punctuation at their ends, so that all ways to count words agree on it, and no
run of 8 of its words stands anywhere in the corpus before leaks are planted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from curate.demo.document import ngrams, words
from curate.demo.references import Speech
from curate.errors import InternalError

#: Words in a row that no item may share with the corpus by chance.
FOREIGN_WORDS = 8
#: Benchmarks, and the fewest and most words of their passages. The last word of `last_word` and `short` is the answer.
LENGTHS = {"reading": (25, 60), "last_word": (18, 40), "short": (9, 12)}
#: Words of a passage that is too short to be matched at all.
TOO_SHORT_WORDS = (5, 7)

_PLAIN_WORD = re.compile(r"[A-Za-z]+[,;:]?")
_LAST_WORD = re.compile(r"[A-Za-z]+\.")


@dataclass(frozen=True)
class Item:
    """One test item: its benchmark, its id and the passage it is made of."""

    benchmark: str
    id: str
    passage: str
    author: str

    def row(self) -> dict[str, str]:
        """The item as it is written: `context`, `question` and `answer`, or a `question` that `answer` completes."""
        if self.benchmark == "reading":
            asked = {"context": self.passage, "question": "Who spoke these words?", "answer": self.author}
        else:
            question, _, answer = self.passage.rpartition(" ")
            asked = {"question": question, "answer": answer.rstrip(".")}
        return {"id": self.id} | asked


def make_items(speeches: list[Speech], corpus: Iterable[str], counts: dict[str, int]) -> dict[str, list[Item]]:
    """Items for each benchmark in `counts`, none of which shares 8 words in a row with the corpus.

    Args:
        speeches: where passages are taken from.
        corpus: every text of every source.
        counts: how many items of each benchmark; passages are taken at equal distances from all there are.

    Raises:
        InternalError: the speeches do not hold so many passages.
    """
    candidates = {sentence: speech for speech in speeches for sentence in plain_sentences(speech.text)}
    free = _distinct(candidates, corpus)
    made: dict[str, list[Item]] = {}
    for benchmark, (least, most) in LENGTHS.items():
        fit = [sentence for sentence in free if least <= len(words(sentence)) <= most]
        if len(fit) < counts[benchmark]:
            raise InternalError(f"the speeches hold {len(fit)} passages for {benchmark!r}, not {counts[benchmark]}")
        chosen = [fit[index * len(fit) // counts[benchmark]] for index in range(counts[benchmark])]
        made[benchmark] = [
            Item(benchmark, f"{benchmark}-{number:03}", passage, candidates[passage].president)
            for number, passage in enumerate(chosen)
        ]
        free = [sentence for sentence in free if sentence not in chosen]
    return made


def too_short_items(texts: Iterable[str], count: int) -> list[Item]:
    """Items of 5 to 7 words that do stand in the corpus, and must not be taken for leaks."""
    least, most = TOO_SHORT_WORDS
    found = (sentence for text in texts for sentence in plain_sentences(text) if least <= len(words(sentence)) <= most)
    passages = sorted({next(found) for _ in range(count)})
    return [Item("short", f"short-tiny-{number:03}", passage, "") for number, passage in enumerate(passages)]


def plain_sentences(text: str) -> Iterator[str]:
    """Sentences of nothing but words of letters, commas, semicolons, colons and the full stop.

    >>> list(plain_sentences("It is so. Is it? It's not. We are, as ever, here."))
    ['It is so.', 'We are, as ever, here.']
    """
    for paragraph in text.split("\n\n"):
        for sentence in re.split(r"(?<=[.!?])\s+", paragraph.strip()):
            *inner, last = sentence.split() or [""]
            if _LAST_WORD.fullmatch(last) and all(map(_PLAIN_WORD.fullmatch, inner)):
                yield " ".join(sentence.split())


def _distinct(sentences: Iterable[str], corpus: Iterable[str]) -> list[str]:
    """The sentences that share no 8-gram with the corpus or with a sentence before them."""
    grams = {sentence: set(ngrams(words(sentence), FOREIGN_WORDS)) for sentence in sentences}
    wanted = set().union(*grams.values())
    seen = {gram for text in corpus for gram in wanted.intersection(ngrams(words(text), FOREIGN_WORDS))}
    free = []
    for sentence, own in grams.items():
        if seen.isdisjoint(own):
            free.append(sentence)
            seen |= own
    return free
