"""Reading sources: every input format becomes the same records, with their origin.

source      what a pipeline says of a source: one model per format
files       patterns and folders -> the files they mean
split       files -> byte ranges, grouped into parts
records     read_split: a byte range -> records, quarantined records, and what is no document by nature
├── warc, jsonl, text, parquet, hub           one module per format
├── warc_split, framing, arc, feed, inflate, input_file   bytes of a file -> bytes of one record, whatever is damaged
├── http_body, charset, html, clean           bytes of one record -> clean text
└── extraction                                curate's own engine: which blocks of a page are its content
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.ingest.files import FoundFile, find_files
    from curate.ingest.html import Extracted, extract, extract_text
    from curate.ingest.records import Quarantined, Record, Skipped, read_split
    from curate.ingest.source import AnySource, reader_for_suffix
    from curate.ingest.split import Split, split_files

_HOME = {
    "AnySource": "source",
    "Extracted": "html",
    "FoundFile": "files",
    "Quarantined": "records",
    "Record": "records",
    "Skipped": "records",
    "Split": "split",
    "extract": "html",
    "extract_text": "html",
    "find_files": "files",
    "read_split": "records",
    "reader_for_suffix": "source",
    "split_files": "split",
}

__all__ = [
    "AnySource",
    "Extracted",
    "FoundFile",
    "Quarantined",
    "Record",
    "Skipped",
    "Split",
    "extract",
    "extract_text",
    "find_files",
    "read_split",
    "reader_for_suffix",
    "split_files",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
