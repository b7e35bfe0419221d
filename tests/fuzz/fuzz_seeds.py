"""Sound inputs for each target, to be damaged."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from functools import cache

import brotli
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

_PAGE = """<!doctype html><html lang=en><head><meta charset="utf-8"><title>A title &amp; more</title>
<meta property="og:title" content='x'><script>var a = "<p>no</p>";</script><style>p{}</style></head><body>
<nav><ul><li><a href="/">Home</a></ul></nav><main><article><h1>Heading</h1><p>One paragraph, with <b>bold</b> and
<a href='http://example.org/?a=1&b=2'>a link</a>.<br>Zweite Größe &#x1F600; &nbsp; &lt; <img src=x alt="y">
<pre>  code\n  more</pre><table><tr><td>1<td>2</table><blockquote>quoted</blockquote><!-- comment --></article>
<ol><li>one<li>two</ol><textarea>t</textarea><select><option>o</select><svg><path d=""/></svg></main>
<div class="comments"><p>A reader says so.</div><footer>Copyright</footer></body></html>"""
_PROSE = (
    "The committee met in the spring, and it will meet again. Nobody knows when!\n\nA second paragraph: it's short; "
    "we'll see 12345 things…\n- one\n- two\nThe committee met in the spring, and it will meet again.\n{lorem ipsum}\n"
)
_YAML = """name: fuzz
seed: 7
part_bytes: 1e6
sources:
  web: {read: warc, paths: ["a.warc.gz", "b/*.warc"], extract: {engine: curate, format: markdown}}
  books: {read: text, paths: books, encoding: null, max_document_bytes: 10_000}
  rows: {read: jsonl, paths: "x.jsonl", text_field: body}
stages:
  - language_filter: {sources: [web], keep: [en, de], min_score: 0.5}
  - gopher_quality
  - quality_filter: {sources: [web], positives: [books], rule: pareto, alpha: 9}
  - fuzzy_dedup: {ngram: 5, num_perm: 128, threshold: 0.8, prefer: [books, web]}
  - train_tokenizer: {vocab_size: 400}
  - mix: {weights: {web: 60, books: 40}, max_epochs: 2.5}
  - write_tokens: {sequence_length: 64, shard_tokens: 20e3}
"""


def _http(body: bytes, **headers: str) -> bytes:
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{fields}\r\n".encode() + body


def _warc(block: bytes, kind: str = "response") -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://example.org/\r\nContent-Length: {len(block)}\r\n"
    return head.encode() + b"WARC-Date: 2020-05-28T00:00:00Z\r\n\r\n" + block + b"\r\n\r\n"


def _arc(block: bytes) -> bytes:
    return f"http://example.org/ 192.0.2.7 20060305082251 text/html {len(block)}\n".encode() + block + b"\n"


def _archives() -> tuple[bytes, bytes]:
    page = _PAGE.encode()
    chunked = b"".join(
        b"%x\r\n%s\r\n" % (len(page[at : at + 300]), page[at : at + 300]) for at in range(0, len(page), 300)
    )
    blocks = [
        _http(page),
        _http(chunked + b"0\r\n\r\n", Transfer_Encoding="chunked"),
        _http(gzip.compress(page, mtime=0), Content_Encoding="gzip"),
        _http(zlib.compress(page), Content_Encoding="deflate"),
        _http(brotli.compress(page, quality=4), Content_Encoding="br"),
        _http(zstandard.compress(page), Content_Encoding="zstd"),
    ]
    warc = _warc(b"software: tests\r\n", "warcinfo") + b"".join(map(_warc, blocks)) + _warc(page, "conversion")
    arc = b"filedesc://a.arc 0.0.0.0 20060305082251 text/plain 10\n1 0 Tests\n\n" + b"".join(map(_arc, blocks))
    return warc, arc


def _wacz(warc: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in (("a.warc", warc), ("b.warc.gz", gzip.compress(warc, mtime=0))):
            zipped.writestr(zipfile.ZipInfo(f"archive/{name}"), data)
    return out.getvalue()


def _parquet() -> bytes:
    table = pa.table(
        {"text": [_PROSE, "two", None, "four"] * 5, "n": range(20), "m": [{"a": [1, None]}] * 20},
    )
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=8, write_page_checksum=True, compression="zstd")
    return out.getvalue()


@cache
def seeds(target: str) -> list[bytes]:
    """Inputs for a target of `fuzz_targets`."""
    warc, arc = _archives()
    rows = "".join(json.dumps({"text": _PROSE, "url": "u", "n": [n, {"k": None}]}) + "\n" for n in range(4)).encode()
    page, prose = _PAGE.encode(), _PROSE.encode()
    charsets = ("utf-16", "gb18030", "latin-1", "shift_jis", "utf-7")
    encoded = [_PAGE.replace("utf-8", name).encode(name, "replace") for name in charsets]
    found = {
        "warc": [bytes([n]) + warc for n in range(4)]
        + [bytes([n + 8]) + arc for n in range(4)]
        + [b"\x04" + gzip.compress(warc, mtime=0), b"\x05" + zstandard.compress(warc)]
        + [b"\x04" + b"".join(gzip.compress(_warc(_http(page)), mtime=0) for _ in range(3))]
        + [b"\x04" + _wacz(warc)],
        "jsonl": [bytes([n]) + rows for n in range(4)] + [b"\x04" + gzip.compress(rows, mtime=0)],
        "parquet": [_parquet()],
        "text": [bytes([n]) + prose for n in range(3)] + [bytes([n]) + each for n, each in enumerate(encoded)],
        "html": [bytes([n]) + page for n in (0, 1, 60, 61, 63, 66, 72, 255)] + [b"\x60" + each for each in encoded],
        "pipeline_file": [_YAML.encode()],
        "filters": [prose * 3, b"\x1e".join([prose, page, prose * 9, "数据。 Größe… ".encode() * 20])],
        "encoder": [prose, b"\x1e".join([prose, "数据 Größe 🙂 e\u0301 'S 'll \u2028 ".encode(), page])],
    }
    return found[target]


_WORDS = """< > </ <!-- --> <script> </script> <pre> <table><tr><td> <li> =" &# &#x110000; &#xd800; &amp <![CDATA[ <?xml
<meta/charset=utf-16> <meta/charset=gb18030> <svg> <title> <template> <noscript> <textarea> : - [ ] { } &a *a ' " |
1e309 NaN 0x 1_0 !!python/object {"text": \\ud800 null -1 0 99999999999999999999 PAR1 chunked gzip br lorem javascript
</s> __label__en <|endoftext|> filedesc:// WARC/1.1 Content-Length: HTTP/1.1"""
_BYTES = (
    *(
        b"\r\n\r\n",
        b"\nWARC/1.0\r\n",
        b"\nhttp://a/ 1.2.3.4 20060305082251 text/html 5\n",
        b"\n",
        b"\t",
        b"  ",
        b"\x1e",
    ),
    *(b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80"),
    *(b"\xc0\x80", b"\xf4\x90\x80\x80", "\u2028".encode(), "\u202e".encode(), "\u0301".encode() * 40, b"\xff", b"\x80"),
    *(b"1" * 5000, b"[" * 40, b"<div>" * 50, b"</div>" * 50),
)
#: What readers look for; the mutator puts it anywhere.
TOKENS = (*_BYTES, *_WORDS.encode().split())
