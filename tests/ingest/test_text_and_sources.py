"""Plain text files, HTML extraction, and what a pipeline may say of a source."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import losses, read_bytes, texts
from pydantic import TypeAdapter, ValidationError

from curate.ingest import AnySource, Record, extract_text, reader_for_suffix
from curate.ingest.source import JsonlSource, TextSource, WarcSource

SOURCE = TextSource(paths="unused")
ADAPTER = TypeAdapter(AnySource)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
def test_a_file_is_a_document(tmp_path, compress) -> None:
    """Its text is cleaned and its origin is the whole file."""
    data = compress("\ufeffChapter 1\r\n\r\nIt was naïve.\n".encode())
    (item,) = read_bytes(tmp_path, data, "a.txt", SOURCE)
    assert item == Record("Chapter 1\n\nIt was naïve.", None, None, 0, len(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b" \n\0", "no_text"),
        (b"caf\xe9", "invalid_utf8"),
        (b"x" * 5001, "too_large"),
        (gzip.compress(b"some text " * 100, mtime=0)[:-10], "truncated"),
        (gzip.compress(bytes(50_000_000), mtime=0), "too_large"),
    ],
)
def test_files_that_give_no_document(tmp_path, data, reason) -> None:
    """Each is one loss with its reason."""
    source = TextSource(paths="x", max_document_bytes=5000, max_record_bytes=1000)
    assert losses(read_bytes(tmp_path, data, "a.txt", source)) == [(0, reason)]


def test_other_encodings(tmp_path) -> None:
    """An encoding can be named, or left to be found out."""
    russian = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5
    for encoding in ("cp1251", None):
        source = TextSource(paths="x", encoding=encoding)
        assert texts(read_bytes(tmp_path, russian.encode("cp1251"), "a.txt", source)) == [russian.strip()]


def test_extraction_takes_strings_and_bytes() -> None:
    """Bytes are decoded first; navigation goes only from main content."""
    html = "<html><head><meta charset=koi8-r></head><body><nav>Меню</nav><main><p>Текст</p></main></body></html>"
    assert extract_text(html) == extract_text(html.encode("koi8-r")) == "Текст"
    assert "Меню" in extract_text(html, main_content=False)


@settings(deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=200) | st.binary(max_size=200))
def test_extraction_takes_anything(html) -> None:
    """Any string, surrogates included, and any bytes give clean text."""
    text = extract_text(html)
    assert text == text.strip() and "\0" not in text and isinstance(text.encode(), bytes)


def test_sources_are_told_apart_by_read() -> None:
    """`read` chooses the model, a single path is a list, and defaults are filled in."""
    source = ADAPTER.validate_python({"read": "warc", "paths": "a/*.warc.gz"})
    assert source == WarcSource(paths=["a/*.warc.gz"]) and source.max_document_bytes == 20_000_000
    assert isinstance(ADAPTER.validate_python({"read": "jsonl", "paths": ["a", "b"]}), JsonlSource)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"read": "word", "paths": "a"}, ()),
        ({"read": "warc"}, ("paths",)),
        ({"read": "warc", "paths": []}, ("paths",)),
        ({"read": "warc", "paths": "a", "text_field": "t"}, ("text_field",)),
        ({"read": "text", "paths": "a", "encoding": "klingon"}, ("encoding",)),
        ({"read": "wet", "paths": "a", "max_document_bytes": 0}, ("max_document_bytes",)),
    ],
)
def test_wrong_sources_are_refused_at_the_field(fields, where) -> None:
    """The error is at the field that is wrong."""
    with pytest.raises(ValidationError) as caught:
        ADAPTER.validate_python(fields)
    assert caught.value.errors()[0]["loc"][1:] == where


def test_every_parameter_is_described() -> None:
    """The JSON Schema has a description for each field but `read`."""
    for model in ADAPTER.json_schema()["$defs"].values():
        assert all("description" in field for name, field in model["properties"].items() if name != "read")


def test_readers_by_suffix() -> None:
    """Names of every format, in either case, suggest their reader."""
    names = {"a.WARC": "warc", "a.warc.wet.zst": "wet", "a.wet.gz": "wet", "a.json": "jsonl", "a.parquet": "parquet"}
    assert {name: reader_for_suffix(name) for name in names} == names
    assert reader_for_suffix("archive.tar.gz") is None


def test_the_package_is_cheap_to_import() -> None:
    """Sources and plans need neither Arrow nor extractors nor `datasets`."""
    heavy = ("pyarrow", "datasets", "fastwarc", "resiliparse", "charset_normalizer", "fsspec", "zstandard")
    code = f"import sys, curate.ingest.source, curate.ingest.split; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
