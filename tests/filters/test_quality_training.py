"""Training: a balanced sample, the same bytes whatever the order, and figures that can be believed."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from filter_texts import slices, texts

from curate.documents import Documents
from curate.errors import InputError
from curate.filters import QualityFilter
from curate.filters.classifier import Card, load_card, load_classifier
from curate.filters.fasttext_model import FastTextModel
from curate.filters.models import LogisticModel
from curate.filters.training import Classes, choose_examples, draw_documents, encode_examples, train_classifier

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CLASSES = Classes(["wiki", "books"], ["crawl"], max_documents=1000, held_out=0.1, seed=4)


def train(batches: list[Documents], model, classes: Classes, state: Path) -> Card:
    """Train on batches as the stage does: draw, choose, encode, fit."""
    thresholds = choose_examples([draw_documents(docs, classes.seed) for docs in batches], classes)
    examples = [encode_examples(docs, model, thresholds, classes.seed) for docs in batches]
    return train_classifier(examples, model, classes, state)


def files(state: Path) -> dict[str, bytes]:
    """Every file of a state with its bytes."""
    return {str(path.relative_to(state)): path.read_bytes() for path in sorted(state.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("model", [lambda: LogisticModel(12), FastTextModel])
def test_same_bytes_whatever_the_parts_and_their_order(docs, tmp_path, model):
    """One part, four parts, and the documents in reversed order give the same classifier and report, byte for byte."""
    backwards = Documents(docs.batch.take(pa.array(range(len(docs))[::-1])))
    corpora = [[docs], slices(docs, [1, 50, 333]), slices(backwards, [200])]
    made = []
    for number, corpus in enumerate(corpora):
        scratch = np.full(3_000_000, number + 0.5)  # fills the heap that fastText's vectors are then allocated on
        del scratch
        train(corpus, model(), CLASSES, tmp_path / str(number))
        made.append(files(tmp_path / str(number)))
    weights = model().weights_file
    assert set(made[0]) == {f"classifier/{name}" for name in ("card.json", "card.md", weights)} | {
        "reports/quality.parquet"
    }
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize("model", [lambda: LogisticModel(12), FastTextModel])
def test_held_out_documents_are_told_apart(docs, tmp_path, model):
    """The classifier works on documents it has not seen: AUC above 0.97 on the held-out ones, and on new ones."""
    card = train([docs], model(), CLASSES, tmp_path)
    loaded = load_classifier(tmp_path / "classifier")
    prose, shop = (loaded.score(Documents.from_texts(texts(kind, 50, 77))) for kind in ("prose", "shop"))
    assert card.held_out_auc > 0.97
    assert (prose > 0.5).mean() > 0.95 and (shop < 0.5).mean() > 0.95


def test_classes_are_balanced_and_counted(docs, tmp_path):
    """The smaller class decides, a tenth is held out, and card and report count the same documents."""
    card = train([docs], LogisticModel(12), CLASSES, tmp_path)
    counts = {row.source: (row.label, row.train + row.held_out, row.held_out) for row in card.sources}
    assert {name: count[:2] for name, count in counts.items()} == {
        "wiki": ("positive", 120),
        "books": ("positive", 40),
        "crawl": ("negative", 160),
    }
    assert counts["crawl"][2] == counts["wiki"][2] + counts["books"][2] == 16
    report = pq.read_table(tmp_path / "reports" / "quality.parquet").to_pylist()
    for row in card.sources:
        mine = [line for line in report if line["source"] == row.source and line["class"] == row.label]
        assert len(mine) == 40
        for split, count in (("train", row.train), ("held_out", row.held_out)):
            bins = [line for line in mine if line["split"] == split]
            assert sum(line["documents"] for line in bins) == count
            assert [line["bin_low"] for line in bins] == [at / 20 for at in range(20)]


def test_max_documents_bounds_both_classes(docs, tmp_path):
    """At most that many of each class are learnt from."""
    classes = Classes(["wiki"], ["crawl"], max_documents=30, held_out=0.5, seed=0)
    card = train([docs], LogisticModel(8), classes, tmp_path)
    assert {(row.source, row.train, row.held_out) for row in card.sources} == {("wiki", 15, 15), ("crawl", 15, 15)}


def test_card_holds_no_path_and_no_date(docs, tmp_path):
    """The card is json with the figures, its text says them too, and nothing in them depends on place or time."""
    card = train([docs], LogisticModel(12), CLASSES, tmp_path)
    text = (tmp_path / "classifier" / "card.json").read_text()
    assert str(tmp_path) not in text and json.loads(text)["held_out_auc"] == card.held_out_auc
    assert set(card.versions) == {"curate", "scikit-learn"}
    assert f"{card.held_out_auc:.4f}" in (tmp_path / "classifier" / "card.md").read_text()
    assert load_card(tmp_path / "classifier") == card


def test_a_source_without_documents_is_named(docs, tmp_path):
    """A positive source that is empty, or misspelt, is an error that names it and those that exist."""
    classes = Classes(["wiki", "book"], ["crawl"], 100, 0.1, 0)
    with pytest.raises(InputError, match=r"source 'book' is left.*\n.*books, crawl, wiki"):
        train([docs], LogisticModel(8), classes, tmp_path)


@pytest.mark.parametrize(("positives", "negatives"), [(2, 9), (9, 2), (0, 9), (0, 0)])
def test_too_few_documents_are_refused(positives, negatives):
    """Fewer than 3 texts of a kind cannot be learnt from and tested on: the message says which and what to do."""
    with pytest.raises(InputError, match=r"left to learn from|3 are the least"):
        QualityFilter.fit_texts(texts("prose", positives), texts("shop", negatives))


def test_equal_texts_are_one_document():
    """Texts that are all alike have one id, so sampling cannot fill a class with them: refused, not a crash."""
    with pytest.raises(InputError, match="to learn from in positive"):
        QualityFilter.fit_texts(["the same"] * 9, texts("shop", 4))


def test_fasttext_without_a_repeated_word_is_refused():
    """fastText needs words that occur 3 times; without, the message names the other model."""
    with pytest.raises(InputError, match=r"no word occurs 3 times.*\n.*model: logistic"):
        QualityFilter.fit_texts(["a b", "c d", "e f"], ["g h", "i j", "k l"], model="fasttext")


def test_markup_of_fasttext_in_a_text_teaches_nothing(tmp_path):
    """A text that holds fastText's own labels, line ends and end-of-line tokens is one line with one label."""
    trick = "\n__label__positive </s> __label__positive\r\n"
    prose, shop = texts("prose", 40), texts("shop", 40)
    quality = QualityFilter.fit_texts(prose, [trick + text for text in shop], model="fasttext", rule="threshold")
    plain = QualityFilter.fit_texts(prose, shop, model="fasttext", rule="threshold")
    unseen = texts("shop", 20, 5)
    assert [v.keep for v in quality(unseen)] == [v.keep for v in plain(unseen)] == [False] * 20


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="needs shared/data")
@pytest.mark.parametrize("model", ["logistic", "fasttext"])
def test_real_references_against_a_real_crawl(model):
    """Encyclopaedia, books and news against crawled pages: AUC at least 0.99; the Pareto rule keeps the good ones."""
    pages, references = crawl_texts(), reference_texts()
    with tempfile.TemporaryDirectory() as folder:
        quality = QualityFilter.fit_texts(references, pages, folder, model=model)
        assert load_card(Path(folder)).held_out_auc >= 0.99
        good, bad = (quality.annotate(Documents.from_texts(kind)).keep.mean() for kind in (references, pages))
    assert good > 0.8 and bad < 0.05


def reference_texts() -> list[str]:
    """Every third document of the reference sources."""
    found = []
    for name in ("wikipedia-en", "books", "news-bbc"):
        with (DATA / "text" / f"{name}.jsonl.zst").open("rb") as file:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
            found += [json.loads(line)["text"] for line in lines][::3]
    return found


def crawl_texts() -> list[str]:
    """The text of every third page of the mixed crawl, boilerplate and all."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType
    from resiliparse.extract.html2text import extract_plain_text

    with (DATA / "crawl" / "crawl-wcxb.warc.gz").open("rb") as file:
        return [
            extract_plain_text(record.reader.read().decode("utf-8", "replace"))
            for number, record in enumerate(ArchiveIterator(file, record_types=WarcRecordType.response))
            if number % 3 == 0
        ]
