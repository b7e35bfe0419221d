"""Pages made to hang, crash or fill the memory of whatever parses them."""

from __future__ import annotations

_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))

#: The body of each page by name.
HOSTILE: dict[str, str] = {
    "nested tags": "<div>" * 1_000_000 + "deep",
    "links": "<a href='/x'>y</a> " * 1_000_000,
    "attributes": "<div " + " ".join(f"a{n}=v" for n in range(200_000)) + ">text</div>",
    "attribute of 5 MB": f"<p title='{'x' * 5_000_000}'>text</p>",
    "entities": "&amp;&#x41;&bogus;&#99999999999;" * 200_000,
    "entity expansion": f'<!DOCTYPE html [<!ENTITY e0 "ha">{_ENTITIES}]><p>&e9;</p>',
    "page of 50 MB": "<p>A sentence like any other, and then another one.</p>\n" * 900_000,
    "NULs": "<p>a\0b</p>\0" * 100_000,
    "comment": "<p>text</p><!-- " + "- " * 1_000_000,
    "script": "<p>text</p><script>" + "if (a < b) c(); </scrip " * 100_000,
    "formatting": "<b><i><u>" * 30_000 + "<p>" * 3_000 + "text",
    "closing tags": "text" + "</p></br>" * 500_000,
    "table in table": "<table><tr><td>" * 30_000 + "text",
    "lists": "<ul><li>" * 100_000 + "text",
    "half tags": "<" * 1_000_000 + "p>text",
    "quotes": "<p a='" + '" b="\'' * 300_000 + ">text",
    "select": "<select>" * 100_000 + "<option>text",
    "svg": "<svg><foreignObject><math><mi>" * 30_000 + "text",
    "template": "<template>" * 50_000 + "text",
    "headings": "<h1>" * 100_000 + "text",
    "one line": "word " * 4_000_000,
    "combining marks": "<p>e" + "\u0301" * 100_000 + "</p>",
}
