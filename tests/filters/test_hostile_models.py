"""Models of unknown origin: no code of theirs runs, and no damage of theirs ends the process."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import pickle
import random
from pathlib import Path

import numpy as np
import pytest

import curate
from curate.documents import Documents
from curate.errors import CurateError, StateError
from curate.filters import QualityFilter
from curate.filters.classifier import load_classifier
from curate.filters.fasttext_model import FastTextModel

PACKAGE = Path(curate.__file__).parent
GOOD = [f"A sentence of plain prose about the weather of day {n}, and of the sea." for n in range(30)]
BAD = [f"buy cheap now {n} click here offer" for n in range(30)]

#: Modules that can run code from a file, or load files by such modules.
_UNSAFE_MODULES = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "torch", "skops"}
#: Between a process and its own children; never a file.
_BETWEEN_PROCESSES = {"engines/tries.py"}


class _Shell:
    """What a malicious pickle does: its unpickling runs a command."""

    def __init__(self, command: str):
        self._command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self._command,)


def _calls(tree: ast.AST) -> list[tuple[str, dict[str, object]]]:
    """Every call in a module: the name as written, and its keyword arguments that are constants."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            keywords = {each.arg or "": getattr(each.value, "value", True) for each in node.keywords}
            found.append((ast.unparse(node.func), keywords))
    return found


def test_nothing_in_curate_can_load_code() -> None:
    """No module imports pickle or its kin, evaluates text, or lets numpy or `datasets` do so for a file."""
    wrong = []
    for path in [*PACKAGE.rglob("*.py"), PACKAGE.parent / "cli.py"]:
        tree = ast.parse(path.read_text("utf-8"))
        name = path.relative_to(PACKAGE if PACKAGE in path.parents else PACKAGE.parent).as_posix()
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        if {each.partition(".")[0] for each in imported} & _UNSAFE_MODULES and name not in _BETWEEN_PROCESSES:
            wrong.append(f"{name} imports {imported & _UNSAFE_MODULES}")
        for called, keywords in _calls(tree):
            if called in ("eval", "exec", "compile", "os.system", "yaml.load", "__import__"):
                wrong.append(f"{name} calls {called}")
            if any(keywords.get(keyword) for keyword in ("allow_pickle", "trust_remote_code", "shell")):
                wrong.append(f"{name} calls {called} with {keywords}")
    assert not wrong


def _classifier(folder: Path, model: str) -> Path:
    """The folder of a classifier that is in order; returns the file of its weights."""
    QualityFilter.fit_texts(GOOD, BAD, folder, model=model)
    return folder / ("model.bin" if model == "fasttext" else "weights.npy")


def _pin(weights: Path) -> None:
    """Make the card beside the weights name them as they are: who forges the one forges the other."""
    path = weights.with_name("card.json")
    card = json.loads(path.read_text()) | {"weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
    path.write_text(json.dumps(card))


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("model", ["logistic", "fasttext"])
def test_a_pickle_is_refused_unread(tmp_path, model, pinned) -> None:
    """In place of weights, with a card that fits it or not, as an array of objects or bare: the command never runs."""
    weights, trace = _classifier(tmp_path / "c", model), tmp_path / "ran"
    payload = np.array([_Shell(f"touch {trace}")], dtype=object)
    for write in (
        lambda: weights.write_bytes(pickle.dumps(payload[0])),
        lambda: np.save(weights.open("wb"), payload, allow_pickle=True),
    ):
        write()
        if pinned:
            _pin(weights)
        with pytest.raises(StateError, match=weights.name):
            load_classifier(tmp_path / "c")
        assert not trace.exists()


@pytest.mark.parametrize("model", ["logistic", "fasttext"])
def test_damaged_weights_are_refused_by_their_hash(tmp_path, model) -> None:
    """Truncated anywhere or with any bit flipped, the file is named along with the hash that was expected."""
    weights = _classifier(tmp_path / "c", model)
    whole, expected = weights.read_bytes(), json.loads((tmp_path / "c" / "card.json").read_text())["weights_sha256"]
    chance = random.Random(17)
    for _ in range(25):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        for damaged in (bytes(flipped), whole[: chance.randrange(len(whole))]):
            weights.write_bytes(damaged)
            with pytest.raises(StateError) as raised:
                load_classifier(tmp_path / "c")
            assert str(weights) in str(raised.value) and expected[:16] in str(raised.value)


def test_a_forged_fasttext_model_cannot_end_the_process(tmp_path) -> None:
    """Damage that the card vouches for is either found before fastText loads it, or does no harm."""
    weights = _classifier(tmp_path / "c", "fasttext")
    whole = weights.read_bytes()
    chance, refused = random.Random(18), 0
    docs = Documents.from_texts([*GOOD[:3], *BAD[:3], "", "x"])
    for number in range(300):
        damaged = bytearray(whole)
        if number % 3:
            place = chance.randrange(200 if number % 3 == 1 else len(whole))
            damaged[place : place + 4] = chance.choice(
                (b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", bytes(4), b"\1\0\0\0")
            )
        else:
            del damaged[chance.randrange(len(whole)) :]
        weights.write_bytes(damaged)
        try:
            scores = FastTextModel.read(weights).score(docs)
        except CurateError as error:
            refused += 1
            assert str(weights) in str(error)
        else:
            assert ((scores >= 0) & (scores <= 1)).all()
    assert refused > 150
