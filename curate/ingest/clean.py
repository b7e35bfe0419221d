"""Text made safe once, so that nothing after ingestion has to think of it again."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

_NEWLINES = re.compile("\r\n?|[\x0b\x0c]")
_UNCLEAN_BYTES = bytes({*range(32), 127} - set(b"\n\t"))
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufeff]")


def clean_text(text: str) -> str:
    r"""Text that is valid UTF-8, without control characters and byte order marks, lines ended by `\n`, stripped.

    Halves of surrogate pairs are joined, or replaced by U+FFFD where alone. Newlines, vertical tabs and form feeds of
    any style become `\n`; other C0 controls but the tab, NUL among them, and U+007F and U+FEFF are removed.

    >>> clean_text("\ufeffone\r\ntwo\x00 \ud83d\ude00 \ud800 ")
    'one\ntwo 😀 �'
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        text = valid_unicode(text)
        data = text.encode()
    # In UTF-8 a control character is one byte and no other holds it; dropping bytes is 13 times faster than a search.
    if len(data.translate(None, _UNCLEAN_BYTES)) < len(data) or "\ufeff" in text:
        text = _CONTROLS.sub("", _NEWLINES.sub("\n", text))
    return text.strip()


def valid_unicode(text: str) -> str:
    """The same text if it can be written as UTF-8, else with its surrogates joined or replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def plain_value(value: Any) -> Any:
    """A value of any column as plain JSON: strings valid, dates as ISO 8601, NaN and infinities null, keys sorted.

    >>> plain_value({"b": float("nan"), "a": datetime.date(2020, 5, 28)})
    {'a': '2020-05-28', 'b': None}
    """
    if isinstance(value, str):
        return valid_unicode(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {valid_unicode(str(key)): plain_value(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return valid_unicode(str(value))
