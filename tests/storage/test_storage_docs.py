"""docs/storage.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from curate.objects.settings import StorageSettings

PAGE = Path(__file__).parents[2] / "docs" / "storage.md"


def test_every_setting_is_documented() -> None:
    """The table lists each setting with its default and its own description."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE))
    assert rows.keys() == StorageSettings.model_fields.keys()
    for name, field in StorageSettings.model_fields.items():
        default, meaning = rows[name].split(" | ")
        assert (field.description or "").startswith(meaning), name
        if field.default_factory is None:
            assert float(default.replace(",", "")) == field.default, name
