"""Folders that came from somebody else: what their files name lies inside them, or they are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate import run
from curate.errors import CurateError, InputError, StateError
from curate.ingest import find_files
from curate.objects.store import ObjectStore
from curate.rundir import RunDirectory
from curate.storage import Commit, load_commit, read_sealed, write_commit, write_sealed
from curate.verification import verify

NAMES = ["../secret", "/etc/passwd", "a/../../secret", "..", "", "a\0b", "link", "folder/secret"]
PIPELINE = """
name: p
sources: {{a: {{read: jsonl, paths: "{folder}/in/*.jsonl"}}}}
stages: [{stage}]
"""


@pytest.fixture
def secret(tmp_path) -> Path:
    """A file that nobody may read, change or remove, and which no message may quote."""
    path = tmp_path / "secret"
    path.write_text('{"text": "the secret"}\n')
    yield path
    assert path.read_text() == '{"text": "the secret"}\n'


@pytest.fixture
def finished(tmp_path, secret) -> Path:
    """A finished run of one stage, writable."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text("".join(json.dumps({"text": f"text {n % 7}"}) + "\n" for n in range(9)))
    (tmp_path / "p.yaml").write_text(PIPELINE.format(folder=tmp_path, stage="exact_dedup"))
    return run(tmp_path / "p.yaml", output=tmp_path / "run", workers=0).path


def _again(finished: Path) -> None:
    run(finished.parent / "p.yaml", output=finished, workers=0)


def _against(finished: Path) -> None:
    file = finished.parent / "later.yaml"
    stage = f"{{exact_dedup: {{against: '{finished}'}}}}"
    file.write_text(PIPELINE.format(folder=finished.parent, stage=stage))
    run(file, output=finished.parent / "later", workers=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_list_of_a_data_set(tmp_path, secret, name) -> None:
    """`state.json` of a saved data set names files beside it, and nothing else is found, read or named as found."""
    folder = tmp_path / "saved"
    (folder / "folder").mkdir(parents=True)
    (folder / "folder" / "secret").symlink_to(secret)
    (folder / "link").symlink_to(secret)
    (folder / "dataset_info.json").write_text("{}")
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    with pytest.raises(InputError, match="not inside"):
        find_files([str(folder)])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"_data_files": 5}', '{"_data_files": [[]]}', "[" * 100_000])
def test_a_list_of_a_data_set_that_is_none(tmp_path, text) -> None:
    """It is an error with the file's path, not a traceback."""
    (tmp_path / "dataset_info.json").write_text("{}")
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(InputError, match=r"state\.json: not the list"):
        find_files([str(tmp_path)])


@pytest.mark.parametrize("name", [name for name in NAMES if "link" not in name and "folder" not in name])
def test_commits_name_files_of_their_run(finished, secret, name) -> None:
    """A commit with its right hash that names another file is as good as none: nothing is read, hashed or replaced."""
    file = next(finished.glob("stages/*/commits/signatures.summarize-00000.json"))
    commit = load_commit(file)
    commit.outputs[0]["path"] = name
    write_commit(file, commit)
    found = verify(finished)
    assert [each.file for each in found.damage] == [file.relative_to(finished).as_posix()]
    assert "not inside" in found.damage[0].found
    with pytest.raises(CurateError, match="has not finished"):
        _against(finished)
    _again(finished)
    assert verify(finished).ok


def test_the_commit_of_the_run_names_files_of_the_run(finished) -> None:
    """So does `finished.json`."""
    commit = load_commit(finished / "finished.json")
    write_commit(finished / "finished.json", Commit(commit.key, [{**commit.outputs[0], "path": "../secret"}]))
    assert [each.file for each in verify(finished).damage] == ["finished.json"]


@pytest.mark.parametrize("use", [_again, _against, lambda finished: verify(finished)], ids=["run", "against", "verify"])
@pytest.mark.parametrize("what", ["LOCK", "documents", "quarantine", "documents/part-00000.parquet", "stages/x/y"])
def test_links_that_lead_out_of_a_run(finished, secret, use: Callable[[Path], Any], what) -> None:
    """A run directory with one is neither read nor written, and what it leads to stays as it is."""
    target = secret
    if what in ("documents", "quarantine"):
        target = finished.parent / "elsewhere"
        shutil.move(finished / what, target)
        (target / "part-00007.parquet").write_text("would be removed as a part too many")
    path = finished / what
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    with pytest.raises(CurateError, match="is a link that leads out of"):
        use(finished)
    assert target == secret or (target / "part-00007.parquet").exists()


def test_links_within_a_run_and_to_a_run_are_fine(finished) -> None:
    """Whoever keeps runs on another disk links the whole directory; links that stay inside do no harm."""
    (finished.parent / "linked").symlink_to(finished)
    assert verify(finished.parent / "linked").ok
    (finished / "reports" / "again.parquet").symlink_to("funnel.parquet")
    assert [each.file for each in verify(finished).damage] == ["reports/again.parquet"]


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "../../../x"},
        {"fingerprint": "/../../x" * 8},
        {"fingerprint": 5},
        {"label": None, "parameters": None},
        {"earlier": 3},
    ],
)
def test_the_plan_of_an_earlier_run(finished, changes) -> None:
    """What it says of its stages becomes part of paths: refused unless it stays inside, whatever its type."""
    plan = read_sealed(finished / "plan.json")
    plan["steps"][0] |= changes
    write_sealed(finished / "plan.json", plan)
    with pytest.raises(CurateError, match=r"against: .*(not inside|not a plan|has not finished)"):
        _against(finished)
    verify(finished)  # says what it finds, and fails at nothing


def test_objects_outside_of_a_url(tmp_path) -> None:
    """Names that a hostile store holds of its own objects do not reach others."""
    store = ObjectStore.at("memory://hostile/run")
    for name in ("../x", "/x", "a/../../x"):
        with pytest.raises(StateError, match="not inside"):
            store.read(name, bytes)
        with pytest.raises(StateError, match="not inside"):
            store.delete(name)


def test_a_tokenizer_that_names_other_files(tmp_path, secret) -> None:
    """A `tokenizer.json` is data: paths in it are refused, not opened."""
    from curate.tokenize import LoadTokenizer

    model = {"type": "BPE", "vocab": str(secret), "merges": str(secret)}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"version": "1.0", "model": model}))
    with pytest.raises(InputError, match="not a tokenizer") as caught:
        LoadTokenizer(path=str(tmp_path / "tokenizer.json"))("text")
    assert "the secret" not in str(caught.value)


def test_a_card_that_names_other_weights(tmp_path, secret) -> None:
    """The card of a classifier cannot say where its weights are."""
    from curate.filters import QualityFilter
    from curate.filters.classifier import load_classifier

    texts = ["the senate met", "the council met", "it was so"]
    QualityFilter.fit_texts(texts, [text.upper() + " buy now" for text in texts], folder=tmp_path / "c")
    card = json.loads((tmp_path / "c" / "card.json").read_text())
    (tmp_path / "c" / "card.json").write_text(json.dumps(card | {"weights_file": "../secret"}))
    with pytest.raises(InputError, match=r"card\.json"):
        load_classifier(tmp_path / "c")


def test_a_run_directory_of_ours_has_no_such_names(finished) -> None:
    """What curate writes passes its own checks: verification finds nothing at all."""
    assert verify(finished).findings == ()
    assert RunDirectory(finished).saved_plan() is not None
