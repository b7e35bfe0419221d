"""A small corpus of three sources."""

from __future__ import annotations

import pytest
from filter_texts import documents, texts

from curate.documents import Documents

collect_ignore = ["make_golden.py"]  # runs where datatrove is installed


@pytest.fixture(scope="session")
def docs() -> Documents:
    """300 documents of a crawl, 120 of a wiki and 40 books: the positives are the smaller class."""
    return documents(crawl=texts("shop", 300), wiki=texts("prose", 120, 1), books=texts("prose", 40, 2))
