"""The documents of which the golden file has datatrove's verdicts; needs zstandard and nothing else."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import zstandard

#: Files of the shared data, and which rows of each: every n-th.
SHARED = {
    "text/wikipedia-en": 25,
    "text/news-bbc": 10,
    "text/reviews-imdb": 20,
    "crawl/crawl-wcxb.gold": 5,
    "quality/human-quality": 2,
}

_PROSE = (
    "The harbour of the old town has been quiet since the ferries moved to the new pier in the north.",
    "A committee of nine people met on Tuesday to talk about the rising price of bread and milk.",
    "She said that nobody had asked for the report, and that it would be read by few of them.",
    "Most of the trees which stood along the river were planted when the mill was still at work.",
    "It rained for a week, so the match between the two schools had to be put off until May.",
    "With more time and a little luck they could have finished the bridge before the winter came.",
    "Dr. J. Smith of the U.S. Geological Survey wrote to approx. forty farmers about their wells.",
    'The teacher asked: "Who has seen the film?" Only three of the children raised their hands.',
)
_FOREIGN = {
    "chinese": "北京是中华人民共和国的首都。这座城市有三千多年的历史，人口超过两千万。很多游客每年来这里参观。",
    "russian": "Москва является столицей России. Город стоит на реке и известен своими театрами и музеями.",
    "arabic": "القاهرة هي عاصمة مصر وأكبر مدنها. تقع المدينة على ضفاف نهر النيل ويزورها كثير من الناس.",
    "hindi": "दिल्ली भारत की राजधानी है। यह नगर यमुना नदी के किनारे बसा है और बहुत पुराना है।",
}


def prose(sentences: int, per_line: int = 4, shift: int = 0) -> str:
    """English of some sentences, none repeated word for word within a thousand."""
    numbered = [f"{_PROSE[(n + shift) % 8][:-1]} in {1900 + (n + shift) * 7 % 119}." for n in range(sentences)]
    lines = [" ".join(numbered[at : at + per_line]) for at in range(0, sentences, per_line)]
    return "\n".join(lines)


def made() -> dict[str, str]:
    """Documents made here: prose, and prose with something in it that one rule or another looks at."""
    found = {f"prose-{n}": prose(n, shift=n) for n in (1, 3, 5, 8, 20, 60)}
    for n in (1, 3, 6):
        base = prose(12, shift=n)
        found |= {
            f"hashes-{n}": base + " #tag" * 8 * n,
            f"ellipses-{n}": base + " and so on ..." * 5 * n,
            f"bullets-{n}": "\n".join(f"- {line}" for line in base.split("\n")) + "\n" + prose(n - 1, shift=40),
            f"cut-off-{n}": base.replace(".\n", "...\n", n) + "..." * (n > 3),
            f"numbers-{n}": base + " 1,234.5" * 20 * n + " 7" * 15 * n,
            f"symbols-{n}": base + " * | / =" * 12 * n,
            f"capitals-{n}": base.upper() if n == 1 else base.replace("the", "THE").replace(" of ", " OF "),
            f"copied-line-{n}": base + ("\n" + _PROSE[0]) * n,
            f"copied-paragraph-{n}": (prose(3, shift=n) + "\n\n") * n + prose(6, shift=50),
            f"phrase-{n}": base + " as has been said before, time and again" * 2 * n,
            f"short-lines-{n}": base + "\nHome\nAbout us\nContact\nPrivacy" * 2 * n,
            f"citations-{n}": base.replace(".\n", ".[12]\n").replace(" the ", " the[citation needed] ", n),
            f"policy-{n}": base + "\nThis site uses cookies, as nearly all sites do today." * n,
            f"javascript-{n}": base + "\nPlease turn on JavaScript to see all of this page." * n,
            f"single-quotes-{n}": "\n".join(f"'{line}'" for line in base.split("\n")[:n]) + "\n" + prose(4 - n % 3),
            f"breaks-{n}": base.replace(". ", ".<br /><br />"),
            f"tags-{n}": base.replace(" ", " <b> ", 12 * n),
        }
    found |= {
        "curly": prose(10) + "\nfunction main() { return 1; } is what the program says.",
        "lorem": prose(10) + "\nLorem ipsum dolor sit amet is what printers write here.",
        "long-word": prose(10) + "\nHere is a word of many letters " + "x" * 1200 + " in a line.",
        "one-word": "word",
        "emoji": prose(3) + "\n" + "Great 🙂🙂👍 indeed! " * 10,
        "code": "\n".join(f"    value_{n} = compute(value_{n - 1}, {n})  # step {n}" for n in range(1, 60)),
        "list": "\n".join(f"Item number {n}" for n in range(1, 60)),
        "table": "\n".join(f"{n} | {n * n} | {n * n * n}" for n in range(1, 60)),
        "windows": prose(12).replace("\n", "\r\n"),
        "blank-lines": prose(12).replace("\n", "\n \n\t\n"),
    }
    for name, text in _FOREIGN.items():
        found |= {name: text * 3, f"{name}-lines": "\n".join([text] * 2 + [prose(4)])}
    return {f"made/{name}": text for name, text in found.items()}


def shared(folder: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of real documents."""
    for name, step in SHARED.items():
        with (folder / f"{name}.jsonl.zst").open("rb") as file:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
            for number, line in enumerate(islice(lines, 0, None, step)):
                if text := json.loads(line)["text"].replace("\0", ""):
                    yield f"{name}/{number * step}", text


def key(text: str) -> str:
    """What tells whether a text is still the one that was judged."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
