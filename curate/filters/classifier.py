"""A trained classifier as a folder: the weights as a plain file, a card that pins them, and the card for people.

    card.json    what it is, what it was trained on, how well it does, the sha256 of the weights
    weights.npy  (logistic) float64 of shape (2**hash_bits,); the bias is in the card
    model.bin    (fasttext) in fastText's format
    card.md      card.json in words

No pickle, no date, no path: the same training gives the same bytes. The folder is the same in a run's state and
in `classifiers/NAME/`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from curate.errors import InputError, StateError
from curate.filters.fasttext_model import FastTextModel
from curate.filters.models import Kind, LogisticModel, Model
from curate.objects.fetched import fetched_folder, is_url

#: Where a run's state holds the folder.
FOLDER = "classifier"

Label = Literal["positive", "negative"]

_MODELS: dict[Kind, type[Model]] = {model.kind: model for model in (LogisticModel, FastTextModel)}


class SourceCount(BaseModel):
    """How many documents of a source the classifier has seen, and how many were kept aside to test it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    label: Label
    train: int
    held_out: int


class Card(BaseModel):
    """What a classifier is; `card.json`.

    Attributes:
        format: of this folder.
        features: what the weights refer to, with a version.
        hash_bits, bias: of the logistic model, else null.
        weights_sha256: of `weights.npy` or `model.bin`.
        sources: the training documents, by source.
        held_out_auc: area under the ROC curve on the held-out documents, 0 to 1.
        seed: of the sample, the split, and fastText's first vectors.
        versions: of curate and of the package that learnt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    model: Kind
    features: str
    hash_bits: int | None
    bias: float | None
    weights_sha256: str
    sources: list[SourceCount]
    held_out_auc: float
    seed: int
    versions: dict[str, str]


def save_classifier(model: Model, card: Card, folder: Path) -> Card:
    """Write a classifier into a folder, the card last, so that a folder with a card is whole.

    Args:
        card: its `weights_sha256` is set here.
        folder: made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "card.json").unlink(missing_ok=True)
    model.save(folder)
    card = card.model_copy(update={"weights_sha256": _sha256(folder / model.weights_file)})
    (folder / "card.md").write_text(_card_text(card), encoding="utf-8")
    (folder / "card.json").write_text(_json(card), encoding="utf-8")
    return card


def classifier_folder(location: str) -> Path:
    """The folder of a classifier; one at a URL is fetched."""
    names = ["card.json", *(model.weights_file for model in _MODELS.values())]
    return fetched_folder([f"{location.rstrip('/')}/{name}" for name in names]) if is_url(location) else Path(location)


def load_card(folder: Path) -> Card:
    """The card of a classifier.

    Raises:
        InputError: there is none, or it is not a card.
    """
    path = folder / "card.json"
    try:
        return Card.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error.strerror}.\n"
            "    Expected a folder made by `curate train-classifier`, with card.json and the weights in it"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        raise InputError(
            f"{path}: {where}: {first['msg']}.\n"
            "    Expected the card that `curate train-classifier` writes; train it again"
        ) from error


def load_classifier(folder: Path) -> Model:
    """The model in a folder, after checking that its weights are those that the card names.

    Raises:
        InputError: no such folder, or no valid card in it.
        StateError: the weights are missing or others, or were made for other features than curate computes now.
    """
    card = load_card(folder)
    kind = _MODELS[card.model]
    path = folder / kind.weights_file
    if card.features != kind.features:
        raise StateError(
            f"{folder / 'card.json'}: made for the features {card.features!r}, but this curate "
            f"computes {kind.features!r}.\n    Train the classifier again"
        )
    found = _sha256(path)
    if found != card.weights_sha256:
        raise StateError(
            f"{path}: sha256 {found[:16]}…, but the card says {card.weights_sha256[:16]}….\n"
            "    The file is damaged or belongs to another card; restore it, or train the classifier again"
        )
    return FastTextModel.read(path) if card.model == "fasttext" else _read_logistic(path, card)


def export_classifier(state: Path, folder: Path) -> Card:
    """Copy the classifier that a run has trained, for reuse as `classifier: FOLDER`.

    Args:
        state: the state of a `quality_filter` stage.
        folder: such as `classifiers/webtext`; a classifier in it is replaced.

    Raises:
        InputError, StateError: the state holds no classifier, or a damaged one.
    """
    load_classifier(state / FOLDER)
    card = load_card(state / FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ["card.json", *(model.weights_file for model in _MODELS.values())]:
        (folder / name).unlink(missing_ok=True)
    for name in [_MODELS[card.model].weights_file, "card.md", "card.json"]:
        shutil.copyfile(state / FOLDER / name, folder / name)
    return card


def _read_logistic(path: Path, card: Card) -> LogisticModel:
    try:
        with path.open("rb") as file:
            weights = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        raise StateError(f"{path}: not a plain numpy array: {error}.\n    Train the classifier again") from error
    fits = card.hash_bits is not None and weights.shape == (1 << card.hash_bits,) and weights.dtype == np.float64
    if card.hash_bits is None or card.bias is None or not fits or not np.isfinite(weights).all():
        raise StateError(
            f"{path}: {weights.dtype} of shape {weights.shape}; the card says hash_bits {card.hash_bits}, "
            f"bias {card.bias}.\n    Expected finite float64 of shape (2**hash_bits,); train the classifier again"
        )
    return LogisticModel(card.hash_bits, weights, card.bias)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StateError(
            f"{path}: the weights cannot be read: {error.strerror}.\n"
            "    The card beside them names this file; restore it, or train the classifier again"
        ) from error


def _json(card: Card) -> str:
    return json.dumps(card.model_dump(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _card_text(card: Card) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(card.versions.items()))
    rows = [f"| {row.source} | {row.label} | {row.train:,} | {row.held_out:,} |" for row in card.sources]
    lines = [
        "# Quality classifier",
        "",
        "Says how likely a document is to come from the positive sources rather than the negative ones",
        "(Brown et al. 2020, appendix A). It knows words, not truth: it prefers texts that sound like its positives.",
        "",
        f"- model: {card.model}" + (f", 2^{card.hash_bits} hashed features" if card.hash_bits else ""),
        f"- features: {card.features}",
        f"- area under the ROC curve, held-out documents: {card.held_out_auc:.4f}",
        f"- seed: {card.seed}",
        f"- made with: {versions}",
        f"- sha256 of the weights: {card.weights_sha256}",
        "",
        "| source | class | learnt from | held out |",
        "|---|---|---:|---:|",
        *rows,
    ]
    return "\n".join(lines) + "\n"
