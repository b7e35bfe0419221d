"""YAML is read as pipelines need it: 1.2, positions for everything, nothing that surprises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import PipelineError
from curate.strict_yaml import MAX_FILE_BYTES, parse_scalar, parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:1", "1:1"),
        ("300e9", 3e11),
        ("1e-5", 1e-5),
        ("012", 12),
        ("true", True),
        ("null", None),
        ("2020-01-01", "2020-01-01"),
        ("[en, de]", ["en", "de"]),
    ],
)
def test_scalars_are_yaml_1_2(text: str, value: object) -> None:
    """Words that YAML 1.1 turns into booleans, sexagesimals or dates stay words; exponents are numbers."""
    assert parse_scalar(text) == value


def test_positions_of_nested_values() -> None:
    """Every key and list item has a line and a column, and an unknown path has those of its parent."""
    parsed = parse_yaml("a: 1\nb:\n  - c: 2\n", "x.yaml")
    assert parsed.where(("b", 0, "c")) == "x.yaml:3:5"
    assert parsed.where(("b", 0, "missing")) == "x.yaml:3:5"


def test_all_duplicate_keys_are_reported() -> None:
    """Each duplicate key is a problem at its own place, none is silently the last or the first."""
    parsed = parse_yaml("a: 1\na: 2\nb: {c: 1, c: 2}\n", "x.yaml")
    assert [problem.where for problem in parsed.problems] == ["x.yaml:2:1", "x.yaml:3:11"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x", "anchors and aliases"),
        ("a: !!python/object:os.system x", "tag"),
        ("a: [1,", "no valid YAML"),
        ("[" * 20_000, "deep"),
        ("\ta: 1", "no valid YAML"),
    ],
)
def test_hostile_yaml_is_refused_with_a_place(text: str, words: str) -> None:
    """Aliases (which can expand without bound), tags and deep nesting are errors with line and column."""
    with pytest.raises(PipelineError, match=words) as raised:
        parse_yaml(text, "x.yaml")
    assert raised.value.problems[0].where.startswith("x.yaml:")


def test_alias_bomb_is_refused_before_it_expands() -> None:
    """Nine levels of nine aliases are refused at the first of them."""
    levels = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(PipelineError, match="anchors"):
        parse_yaml("\n".join(levels))


def test_files_that_are_no_pipelines(tmp_path) -> None:
    """A missing, huge or non-UTF-8 file is a PipelineError that names it."""
    (tmp_path / "big.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    for name, words in (("big.yaml", "larger"), ("latin.yaml", "UTF-8"), ("none.yaml", "no such")):
        with pytest.raises(PipelineError, match=words):
            read_yaml(tmp_path / name)


@given(st.text(max_size=200))
def test_any_text_parses_or_is_a_pipeline_error(text: str) -> None:
    """No text whatever raises anything but PipelineError."""
    try:
        parse_yaml(text)
    except PipelineError as error:
        assert error.problems
