"""Training the extractor: labels from gold text, the same bytes each time, and a model that learns."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from fastwarc.warc import WarcRecord, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.ingest.extraction.engine import Engine
from curate.ingest.extraction.labels import label_blocks, word_f1
from curate.ingest.extraction.model import CARD_FILE, WEIGHTS_FILE, load_model
from curate.ingest.extraction.train import train_extractor
from curate.kernels.html_types import PAGE_TYPES

_WORDS = [
    "harbour", "boat", "morning", "wind", "town", "quay", "chestnut", "tree",
    "people", "winter", "night", "fish", "market", "street", "old", "water",
]  # fmt: skip


def _site(number: int) -> tuple[str, str, str]:
    """Address, HTML and gold text of a page; each site has its own menu and number of paragraphs."""
    draws = np.random.default_rng(number)
    paragraphs = [" ".join(draws.choice(_WORDS, 30)).capitalize() + "." for _ in range(int(draws.integers(3, 9)))]
    menu = "".join(f"<li><a href=/{word}>{word}</a>" for word in draws.choice(_WORDS, 12))
    body = "".join(f"<p>{text}" for text in paragraphs)
    html = (
        f"<title>x</title><nav class=menu><ul>{menu}</ul></nav><div class=content>{body}</div><footer>{menu}</footer>"
    )
    return f"http://site{number}.org/", html, "\n".join(paragraphs)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A WARC of 60 pages and their gold texts."""
    folder = tmp_path_factory.mktemp("gold")
    pages = [_site(number) for number in range(60)]
    with (folder / "pages.warc").open("wb") as file:
        for url, html, _ in pages:
            record = WarcRecord()
            record.init_headers(record_type=WarcRecordType.response)
            record.headers["WARC-Target-URI"] = url
            record.set_bytes_content(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
            )
            buffer = io.BytesIO()
            record.write(buffer)
            file.write(buffer.getvalue())
    rows = [json.dumps({"url": url, "text": text}) for url, _, text in pages]
    (folder / "gold.jsonl").write_text("\n".join(rows), "utf-8")
    return folder / "pages.warc", folder / "gold.jsonl"


def test_training_gives_the_same_bytes_and_learns(files, tmp_path):
    """Twice the same files; new pages of the same kind are extracted as meant."""
    for name in ("one", "two"):
        train_extractor([files[0]], [files[1]], tmp_path / name)
    for file in (WEIGHTS_FILE, CARD_FILE, "card.md"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    engine = Engine(load_model(tmp_path / "one"))
    scores = [word_f1(engine.judge(html.encode()).joined(), gold)[0] for _, html, gold in map(_site, range(100, 110))]
    assert min(scores) > 0.95


def test_too_few_pages_are_refused(files, tmp_path):
    """And what was found is said."""
    gold = tmp_path / "few.jsonl"
    gold.write_text(json.dumps({"url": "http://site1.org/", "text": "x"}), "utf-8")
    with pytest.raises(InputError, match="1 pages"):
        train_extractor([files[0]], [gold], tmp_path / "model")
    gold.write_text('{"url": "http://site1.org/"}', "utf-8")
    with pytest.raises(InputError, match="no text"):
        train_extractor([files[0]], [gold], tmp_path / "model")


def test_page_types_and_passages_teach_too(files, tmp_path):
    """Gold may be passages instead of a text; what a page says of its type is learnt and found again."""
    rows = []
    for number in range(60):
        url, _, text = _site(number)
        first, *_ = text.split("\n")
        rows.append({"url": url, "page_type": "article" if number % 2 else "forum"})
        rows[-1] |= {"text": text} if number % 3 else {"with": [first[:40]], "without": ["x"]}
    gold = tmp_path / "mixed.jsonl"
    gold.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    model = train_extractor([files[0]], [gold], tmp_path / "model")
    assert len(model.types) == len(PAGE_TYPES)
    engine = Engine(load_model(tmp_path / "model"))
    scores = [word_f1(engine.judge(html.encode()).joined(), gold)[0] for _, html, gold in map(_site, range(100, 110))]
    assert min(scores) > 0.95


_BLOCKS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=6), max_size=10)


@given(_BLOCKS, st.data())
@settings(deadline=None)
def test_the_whole_page_as_gold_labels_everything(blocks, data):
    """What is all there is all content; with no gold text nothing is."""
    assert label_blocks(blocks, [word for words in blocks for word in words]).tolist() == [1.0] * len(blocks)
    assert label_blocks(blocks, []).tolist() == [0.0] * len(blocks)


def test_single_words_far_from_a_run_are_not_content():
    """The "the" of a menu is not that of a sentence."""
    blocks = [["the", "shop"], ["in", "the", "old", "town"], ["all", "the", "news"]]
    assert label_blocks(blocks, ["in", "the", "old", "town"]).tolist() == [0.0, 1.0, 0.0]
