"""Text is made safe once."""

from __future__ import annotations

import datetime
import decimal
import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from curate.documents import SPLIT
from curate.ingest.clean import clean_text, plain_value

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()) | st.sampled_from("\0\r\n\t\f\ufeff\ud83d\ude00"))


@given(ANY_TEXT)
def test_clean_text_is_valid_and_stays_as_it_is(text) -> None:
    """It encodes as UTF-8, holds no control characters but newline and tab, and cleaning it again changes nothing."""
    clean = clean_text(text)
    assert clean.encode().decode() == clean
    assert SPLIT not in clean and "\r" not in clean and "\ufeff" not in clean
    assert all(char in "\n\t" or ord(char) >= 32 for char in clean)
    assert clean_text(clean) == clean.strip() == clean


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf"])))
def test_clean_text_leaves_ordinary_text(text) -> None:
    """Only the ends of text without control characters change."""
    assert clean_text(text) == text.strip()
    assert unicodedata.normalize("NFC", clean_text(text)) == unicodedata.normalize("NFC", text.strip())


def test_plain_values_can_be_written_as_json() -> None:
    """Whatever a column may hold becomes JSON that every reader takes."""
    value = {
        "time": datetime.datetime(2020, 5, 28, 1, 2),
        "price": decimal.Decimal("1.50"),
        "raw": b"\xffbytes",
        "half": "\ud800",
        "list": [float("inf"), None, True, 3],
        7: {"z": 1, "a": 2},
    }
    plain = plain_value(value)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
    assert text.encode() and json.loads(text) == plain
    assert plain["time"] == "2020-05-28T01:02:00" and plain["price"] == "1.50" and plain["half"] == "\ufffd"
    assert plain["list"] == [None, None, True, 3] and list(plain["7"]) == ["a", "z"]
