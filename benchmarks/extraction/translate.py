"""Pages in another language, word for word: the same tags, classes and breaks, with other words between them.

Each English word becomes the word of the other language that is as frequent: so words are as long, as often capitalised
and as unknown to the model as they are there. Chinese and Japanese lose their spaces and get their own punctuation.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

LANGUAGES = ("de", "es", "fr", "zh", "ja")

_MARKUP = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<[^>]*>|&#?\w+;", re.DOTALL | re.IGNORECASE
)
_ENGLISH = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_SPACED = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_JAPANESE = re.compile(r"[\u4e00-\u9fff]+|[\u30a0-\u30ff]+|[\u3040-\u309f]+")
_WIDE = "\u3040-\u30ff\u4e00-\u9fff"
_GAP = re.compile(f"(?<=[{_WIDE}]) +(?=[{_WIDE}])")
_MARK = re.compile(f"(?<=[{_WIDE}])([,.:;?!])(?: +|$)")
_WIDE_MARKS = dict(zip(",.:;?!", "，。：；？！", strict=True))
#: Chinese words of one character are about so many of the most frequent.
_SINGLE = 150


class Translator:
    """Puts words of one language in place of English ones.

    Args:
        language: one of LANGUAGES.
        english: texts that tell how frequent English words are.
        texts: of the other language.
    """

    def __init__(self, language: str, english: Iterable[str], texts: Iterable[str]):
        self.spaced = language not in ("zh", "ja")
        counts = Counter(word.lower() for text in english for word in _ENGLISH.findall(text))
        self.ranks = {word: rank for rank, (word, _) in enumerate(counts.most_common())}
        self.words = _most_frequent(language, texts)

    def word(self, english: str) -> str:
        """The word that stands for an English one; in capitals where that is."""
        rank = self.ranks.get(english.lower(), len(self.words))
        if rank >= len(self.words):  # one of the rarer half
            rank = len(self.words) // 2 + zlib.crc32(english.lower().encode()) % (len(self.words) // 2)
        found = self.words[rank]
        if not self.spaced or english.islower():
            return found
        return found.upper() if english.isupper() and len(english) > 1 else found[0].upper() + found[1:]

    def text(self, text: str) -> str:
        """A run of text without tags.

        >>> Translator("zh", ["one two"], ["好好好中文。文中文"]).text("One two, two.")
        '好文，文。'
        """
        text = _ENGLISH.sub(lambda match: self.word(match[0]), text)
        return text if self.spaced else _MARK.sub(lambda match: _WIDE_MARKS[match[1]], _GAP.sub("", text))

    def page(self, html: str) -> str:
        """A page; what is in tags, scripts and comments stays."""
        return "".join(self._pieces(html))

    def _pieces(self, html: str) -> Iterator[str]:
        at = 0
        for markup in _MARKUP.finditer(html):
            yield self.text(html[at : markup.start()])
            yield markup[0]
            at = markup.end()
        yield self.text(html[at:])


def _most_frequent(language: str, texts: Iterable[str]) -> list[str]:
    """The words of a language, the most frequent first; of Chinese characters and pairs of them."""
    counts: Counter[str] = Counter()
    if language == "zh":
        runs = [run for text in texts for run in _HAN.findall(text)]
        single = Counter(character for run in runs for character in run)
        pairs = Counter(run[at : at + 2] for run in runs for at in range(len(run) - 1))
        return [word for word, _ in single.most_common(_SINGLE)] + [word for word, _ in pairs.most_common(20_000)]
    pattern = _JAPANESE if language == "ja" else _SPACED
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for word in pattern.findall(text):
            counts[word.lower()] += 1
            forms[word.lower()][word] += 1
    return [forms[word].most_common(1)[0][0] for word, _ in counts.most_common()]


def read_texts(data: Path, language: str) -> list[str]:
    """Sentences of a language; of Chinese the articles of an encyclopaedia too."""
    import zstandard

    found = []
    for name, wanted in (("langid/sentences", language), (f"text/wikipedia-{language}", None)):
        path = data / f"{name}.jsonl.zst"
        if path.exists():
            with path.open("rb") as file:
                stream = zstandard.ZstdDecompressor().stream_reader(file)
                rows = map(json.loads, io.TextIOWrapper(stream, encoding="utf-8"))
                found += [row["text"] for row in rows if wanted is None or row["lang"] == wanted]
    return found
