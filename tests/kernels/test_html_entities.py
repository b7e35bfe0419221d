"""Character references against `html.unescape`, which has the table of the standard."""

import html
from html.entities import html5

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels.html_entities import decode_entity, entity_table


def decode(text: str) -> str:
    """The text with its references decoded by the kernel."""
    data = np.frombuffer(text.encode() + b"\0" * 8, np.uint8)
    end, at, out = len(data) - 8, 0, bytearray()
    while at < end:
        first, second, stop = 0, 0, at
        if data[at] == 0x26:
            first, second, stop = decode_entity(np.uint64(data.ctypes.data), at, end, entity_table())
        if stop > at:
            out += "".join(chr(code) for code in (first, second) if code).encode()
        else:
            out.append(data[at])
            stop = at + 1
        at = stop
    return out.decode()


def test_every_named_reference_is_that_of_the_standard():
    """All 2,231 names, each alone, before a letter and before a semicolon."""
    for name in html5:
        for text in (f"&{name}", f"&{name}x", f"&{name};", f"a&{name} b"):
            assert decode(text) == html.unescape(text), text


def _without_controls(text: str) -> str:
    """`html.unescape` drops references to control characters and noncharacters, which the kernel leaves to later."""
    return "".join(
        c
        for c in text
        if (ord(c) > 0x9F or c.isprintable() or c in "\t\n")
        and not (0xFDD0 <= ord(c) <= 0xFDEF or ord(c) & 0xFFFE == 0xFFFE)
    )


@settings(deadline=None)
@given(st.integers(0, 0x120000), st.sampled_from(["&#{};", "&#{}", "&#x{:x};", "&#X{:X} "]))
def test_numeric_references_are_those_of_the_standard(code, form):
    """Decimal and hexadecimal, with and without the semicolon, windows-1252 and surrogates among them."""
    text = form.format(code)
    if not (code < 32 or 0x7F <= code < 0xA0 or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE or code == 0):
        assert decode(text) == html.unescape(text)


@settings(deadline=None)
@given(st.text(alphabet="&#x;aAmpltgnoi19 \u00e9", max_size=30))
def test_any_text_keeps_what_is_no_reference(text):
    """Fragments of references are text."""
    assert _without_controls(decode(text)) == _without_controls(html.unescape(text))
