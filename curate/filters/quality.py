"""GPT-3's quality filter (Brown et al. 2020, appendix A): keep what looks like the reference sources.

A classifier learns to tell documents of the positive sources from those of the crawl, and its score decides. The
Pareto rule keeps a document when `pareto(alpha) > 1 - score`: nearly all with a score near 1, and a few of any score,
so that what is kept is not all alike.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr, model_validator

from curate.corpus import Corpus
from curate.documents import Documents
from curate.draws import uniform
from curate.errors import InputError, StateError
from curate.filters.classifier import FOLDER, classifier_folder, export_classifier, load_classifier
from curate.filters.fasttext_model import FastTextModel
from curate.filters.models import Kind, LogisticModel, Model
from curate.memory import require
from curate.sampling import quantile
from curate.stage import Annotations, CorpusStage, Round
from curate.storage import write_json

if TYPE_CHECKING:
    from curate.filters.training import Classes

_SAMPLE_FILE, _THRESHOLD_FILE = "sample.json", "threshold.json"


class QualityFilter(CorpusStage):
    """Keep documents that a classifier takes for good ones.

    Columns: `score` (probability of the positive class, 0 to 1); with the Pareto rule `draw`, the Pareto number that
    was drawn from the seed and the document's id.
    Reasons: `pareto`, `below_threshold`, `not_in_top_fraction`.

    Training takes as many positives as negatives, by document and not by source; the smaller class and
    `max_documents_per_class` decide how many. It keeps `held_out` of them aside, and reports the area under the ROC
    curve in `classifier/card.json` of the state, the score distributions in `reports/quality.parquet`.

    Differs from the paper's Spark: words are runs of letters and digits (Spark's Tokenizer splits at whitespace only,
    so `end.` is not `end`), and frequencies are scaled to length 1 (HashingTF leaves counts, so that long documents
    get extreme scores). Differs from scikit-learn's HashingVectorizer: words of one letter count, hashes have no
    sign, and there are 2**18 features as in Spark, not 2**20. One core scores 351 MB/s of text, the
    scan for words included (HashingVectorizer and predict_proba 18 MB/s, fastText 55 MB/s).

    On 1,011 encyclopaedia, book and news texts against 1,011 pages of a crawl the area under the curve is 0.9998 for
    logistic and 0.9997 for fastText; the Pareto rule with alpha 9 keeps 91 % (96 %) of such texts, 0.1 % of the pages.

    Raises:
        InputError: a class has too few documents, or `classifier` is not a classifier's folder.
        StateError: the weights are not those of the card.

    >>> good = ["The senate debated the treaty.", "The council of the city met.", "The minister resigned."] * 2
    >>> bad = ["buy cheap shoes now", "click here to win", "free shipping buy now"] * 2
    >>> quality = QualityFilter.fit_texts(positives=good, negatives=bad, rule="threshold")
    >>> quality("The minister met the council.").keep, quality("click here for free shipping").reason
    (True, 'below_threshold')
    """

    name: ClassVar[str] = "quality_filter"
    version: ClassVar[int] = 3
    reports: ClassVar[tuple[str, ...]] = ("quality",)

    positives: list[str] = Field([], description="Sources that show what a good document is.")
    negatives: list[str] | None = Field(
        None, description="Sources to tell them from. None: those the stage applies to, without the positives."
    )
    classifier: str | None = Field(
        None, description="Folder or URL of a trained classifier (`curate train-classifier`), instead of positives."
    )
    model: Kind = Field("logistic", description="What to train: logistic regression on hashed words, or fastText.")
    rule: Literal["pareto", "threshold", "top_fraction"] = Field("pareto", description="What decides, given the score.")
    alpha: float = Field(
        9.0, gt=0, allow_inf_nan=False, description="Rule pareto: P(keep) = (2 - score)**-alpha, so larger is stricter."
    )
    threshold: float = Field(0.5, ge=0, le=1, description="Rule threshold: smallest score that is kept, 0 to 1.")
    fraction: float = Field(0.1, gt=0, le=1, description="Rule top_fraction: share of the documents that is kept.")
    max_documents_per_class: int = Field(20_000, ge=3, description="Most documents of each class to learn from.")
    held_out: float = Field(0.1, gt=0, le=0.5, description="Share of each class kept aside to test the classifier.")
    hash_bits: int = Field(18, ge=8, le=24, description="Model logistic: 2**hash_bits features.")
    seed: int | None = Field(
        None, description="Of sample, split and draws. None: the pipeline's seed, or 0 in scripts."
    )

    _model: Model | None = PrivateAttr(None)
    _sample: dict[str, Any] | None = PrivateAttr(None)
    _cut: tuple[float, float] | None = PrivateAttr(None)
    _folder: tempfile.TemporaryDirectory[str] | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _one_way_to_a_classifier(self) -> QualityFilter:
        if self.classifier is not None and (self.positives or self.negatives):
            raise ValueError("give positives (and negatives) to train on, or a trained classifier, not both")
        if self.classifier is None and not self.positives:
            raise ValueError(
                "positives or classifier is required: sources to learn from, or a trained classifier's folder"
            )
        if self.negatives is not None and not self.negatives and self.classifier is None:
            raise ValueError("negatives is empty: name at least one source, or leave it out for those that are judged")
        both = sorted(set(self.positives) & set(self.negatives or ()))
        if both:
            raise ValueError(f"the source {both[0]!r} cannot be among the positives and the negatives")
        return self

    @classmethod
    def fit_texts(
        cls, positives: Sequence[str], negatives: Sequence[str], folder: str | Path | None = None, **parameters: Any
    ) -> QualityFilter:
        """Train a classifier on texts and return a filter that uses it, ready to be called.

        Args:
            positives, negatives: at least 3 texts each.
            folder: where to keep the classifier (see `curate.filters.classifier`); None forgets it with the filter.
            parameters: fields of the filter, such as `rule` or `model`.
        """
        trainer = cls(positives=["positive"], negatives=["negative"], **parameters)
        batch = Documents.from_texts([*positives, *negatives]).batch
        source = pa.array(["positive"] * len(positives) + ["negative"] * len(negatives), pa.string())
        docs = Documents(batch.set_column(batch.schema.get_field_index("source"), "source", source))
        scratch = tempfile.TemporaryDirectory()
        trainer.fit(docs, Path(scratch.name))
        if folder is not None:
            export_classifier(Path(scratch.name), Path(folder))
        made = cls(classifier=str(folder or Path(scratch.name) / FOLDER), **parameters)
        made._folder = scratch
        return made

    def input_files(self) -> dict[str, list[str]]:
        """The card of the classifier: it pins the weights by sha256."""
        return {"classifier": [f"{self.classifier.rstrip('/')}/card.json"]} if self.classifier is not None else {}

    def rounds(self) -> Sequence[Round]:
        """`sample` and `train`, unless a trained classifier is given; `threshold` for the rule top_fraction."""
        train = [
            Round("sample", self._choose, self._draw, text=False, all_sources=True),
            Round("train", self._train, self._encode, all_sources=True, long=True),
        ]
        last = [Round("threshold", self._find_cut, self._summarize)] if self.rule == "top_fraction" else []
        return [*(train if self.classifier is None else []), *last]

    def load(self, state: Path) -> None:
        """Read what is there so far: the choice of examples, the classifier, the cut of the rule top_fraction."""
        self._sample, cut = (_read_json(state / name) for name in (_SAMPLE_FILE, _THRESHOLD_FILE))
        self._cut = (cut["score"], cut["draw"]) if cut else None
        folder = classifier_folder(self.classifier) if self.classifier is not None else state / FOLDER
        if self.classifier is not None or folder.exists():
            self._model = load_classifier(folder)

    def annotate(self, docs: Documents) -> Annotations:
        """Score each document and let the rule decide."""
        scores = self._classifier().score(docs)
        if self.rule == "threshold":
            return Annotations.of_rules({"below_threshold": scores < self.threshold}, len(docs), {"score": scores})
        draws = self._draws(docs)
        if self.rule == "top_fraction":
            return Annotations.of_rules(
                {"not_in_top_fraction": self._below_cut(scores, draws)}, len(docs), {"score": scores}
            )
        with np.errstate(over="ignore"):  # a tiny alpha draws infinity, which is right
            pareto = (1.0 - draws) ** (-1.0 / self.alpha) - 1.0
        return Annotations.of_rules({"pareto": pareto <= 1.0 - scores}, len(docs), {"score": scores, "draw": pareto})

    def _classifier(self) -> Model:
        if self._model is None:
            if self.classifier is None:
                raise StateError(
                    "quality_filter has no classifier yet: run its rounds, or name one with classifier: FOLDER"
                )
            self._model = load_classifier(classifier_folder(self.classifier))
        return self._model

    def _draws(self, docs: Documents) -> NDArray[np.float64]:
        return uniform(self.seed or 0, "quality_filter", docs.id_words)

    def _classes(self, negatives: list[str]) -> Classes:
        from curate.filters.training import Classes

        return Classes(self.positives, negatives, self.max_documents_per_class, self.held_out, self.seed or 0)

    def _draw(self, docs: Documents) -> pa.Table:
        from curate.filters.training import draw_documents

        return draw_documents(docs, self.seed or 0)

    def _choose(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        """Settle which sources are the negatives, and the draw below which documents of each source are examples."""
        from curate.filters.training import choose_examples, source_counts

        negatives = self.negatives
        if negatives is None:
            judged = self.sources if self.sources is not None else sorted(set().union(*source_counts(summaries)))
            negatives = [source for source in judged if source not in self.positives]
        if not negatives:
            raise InputError(
                "quality_filter: no source is left to be the negatives: all are positives.\n"
                "    Name the sources to judge in sources, or the negatives themselves"
            )
        thresholds = choose_examples(summaries, self._classes(negatives))
        write_json(state / _SAMPLE_FILE, {"negatives": negatives, "thresholds": thresholds})

    def _encode(self, docs: Documents) -> pa.Table:
        from curate.filters.training import encode_examples

        assert self._sample is not None
        return encode_examples(docs, self._untrained(), self._sample["thresholds"], self.seed or 0)

    def _train(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        from curate.filters.training import train_classifier, training_bytes

        assert self._sample is not None
        needed = training_bytes(summaries, self._untrained())
        require(needed, corpus.max_memory_bytes, f"{self.name}: training", "lower max_documents_per_class")
        train_classifier(summaries, self._untrained(), self._classes(self._sample["negatives"]), state)

    def _untrained(self) -> Model:
        return LogisticModel(self.hash_bits) if self.model == "logistic" else FastTextModel()

    def _summarize(self, docs: Documents) -> pa.Table:
        """Score and tie-breaking draw of the documents that the stage applies to."""
        docs = docs.of_sources(self.sources)
        return pa.table({"score": self._classifier().score(docs), "draw": self._draws(docs)})

    def _find_cut(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        """The last document that is kept, by falling score, then rising draw."""
        documents = sum(table.num_rows for table in summaries)
        kept = math.ceil(Decimal(repr(self.fraction)) * documents)  # the fraction as written: 0.07 * 100 is 7, not 8
        score, draw = 1.0, 0.0  # stands if there is nothing to judge
        if kept:
            score = quantile(lambda: (table["score"].to_numpy() for table in summaries), documents - kept)
            above = sum(int((table["score"].to_numpy() > score).sum()) for table in summaries)
            draw = quantile(lambda: (_draws_at(table, score) for table in summaries), kept - above - 1)
        found = {"documents": documents, "kept": kept, "score": score, "draw": draw}
        (state / _THRESHOLD_FILE).write_text(json.dumps(found) + "\n")

    def _below_cut(self, scores: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.bool_]:
        if self._cut is None:
            raise StateError("quality_filter has not seen the corpus yet: run its rounds before annotate")
        score, draw = self._cut
        return np.asarray((scores < score) | ((scores == score) & (draws > draw)))


def _draws_at(table: pa.Table, score: float) -> NDArray[np.float64]:
    """The draws of the documents with just this score."""
    return np.asarray(table["draw"].to_numpy()[table["score"].to_numpy() == score])


def _read_json(path: Path) -> dict[str, Any] | None:
    """What a round has left, or None if it has not been run."""
    return json.loads(path.read_text("utf-8")) if path.exists() else None
