"""What the extractor has learnt, as plain arrays in a folder with a card; checked by sha256, nothing pickled."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.errors import InputError
from curate.kernels.html_lexicon import Lexicon, make_lexicon
from curate.kernels.html_score import FEATURE_NAMES
from curate.kernels.html_trees import Forest, Trees, make_forest
from curate.kernels.html_types import PAGE_TYPES

#: What the arrays refer to; a model made for other features is refused.
FEATURES = f"{len(FEATURE_NAMES)} features, {hashlib.sha256(' '.join(FEATURE_NAMES).encode()).hexdigest()[:16]}"
WEIGHTS_FILE = "model.npz"
CARD_FILE = "card.json"
_TREES = ("first", "second", *(f"type_{name}" for name in PAGE_TYPES))


@dataclass(frozen=True)
class ContentModel:
    """Two models in a row: the second sees what the first thought of the blocks around, and what kind of page it is.

    Attributes:
        tokens, weights: `uint64` and `int32`, the lexicon in the order it was learnt.
        first, second: the trees.
        types: the trees of each page type.
    """

    tokens: NDArray[np.uint64]
    weights: NDArray[np.int32]
    first: Trees
    second: Trees
    types: tuple[Trees, ...]

    @property
    def lexicon(self) -> Lexicon:
        """The lexicon as the kernels read it."""
        return make_lexicon(self.tokens, self.weights)

    def forest(self) -> Forest:
        """The trees as the kernels read them, with room of their own: one for each thread."""
        return make_forest(self.first, self.second, *self.types)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by name."""
        named: dict[str, NDArray[Any]] = {"tokens": self.tokens, "weights": self.weights}
        for name, trees in zip(_TREES, (self.first, self.second, *self.types), strict=True):
            named |= {f"{name}_{field}": array for field, array in trees._asdict().items()}
        return named

    def save(self, folder: Path, card: dict[str, Any]) -> None:
        """Write the arrays and the card, which gets their sha256. The same model gives the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / WEIGHTS_FILE
        np.savez_compressed(path, allow_pickle=False, **self.arrays())
        card = {"features": FEATURES, **card, "sha256": {WEIGHTS_FILE: _sha256(path)}}
        (folder / CARD_FILE).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@lru_cache(maxsize=4)
def load_model(folder: Path) -> ContentModel:
    """The model of a folder.

    Raises:
        InputError: there is none, it was made for other features, or its sha256 is not that of the card.
    """
    path = folder / WEIGHTS_FILE
    try:
        card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        found = _sha256(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} holds no content model ({error}); make one with: curate train-extractor") from error
    if card.get("features") != FEATURES:
        raise InputError(f"{folder}: the model is for {card.get('features')!r}, not {FEATURES!r}; train it again")
    if card.get("sha256", {}).get(WEIGHTS_FILE) != found:
        raise InputError(f"{path}: the sha256 is {found}, not the one in {CARD_FILE}; the file was changed")
    with np.load(path, allow_pickle=False) as arrays:
        first, second, *types = (
            Trees(**{field: arrays[f"{name}_{field}"] for field in Trees._fields}) for name in _TREES
        )
        return ContentModel(arrays["tokens"], arrays["weights"], first, second, tuple(types))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
