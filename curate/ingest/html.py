"""HTML to text."""

from __future__ import annotations

from curate.errors import InputError
from curate.ingest.charset import decode_text
from curate.ingest.clean import clean_text, valid_unicode


class ExtractionError(Exception):
    """The extractor failed on a page."""


def extract_text(html: str | bytes, extractor: str = "resiliparse", main_content: bool = True) -> str:
    """The text of a page, clean; empty if there is none.

    Args:
        html: the page; bytes are decoded as `curate.ingest.charset` says.
        extractor: `resiliparse`, or `trafilatura` (an extra), which is many times slower.
        main_content: leave out navigation, headers and footers.

    Raises:
        ExtractionError: the extractor failed.
        InputError: trafilatura cannot be imported.

    >>> extract_text("<title>T</title><nav>Home</nav><main><p>One &amp; two.<p>Three.</main>")
    'One & two.\\n\\nThree.'
    """
    return page_text(valid_unicode(html) if isinstance(html, str) else decode_text(html)[0], extractor, main_content)


def page_text(page: str, extractor: str, main_content: bool) -> str:
    """`extract_text` of a page that is known to hold no surrogates, as anything decoded from bytes."""
    convert = _trafilatura if extractor == "trafilatura" else _resiliparse
    try:
        return clean_text(convert(page, main_content))
    except InputError:
        raise
    except Exception as error:  # extractors are native code or large; a page must not be able to end a run
        raise ExtractionError(f"{extractor}: {type(error).__name__}: {error}") from error


def _resiliparse(page: str, main_content: bool) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(page, main_content=main_content))


def _trafilatura(page: str, main_content: bool) -> str:
    try:
        import trafilatura
    except ImportError as error:
        raise InputError(f"trafilatura cannot be used ({error}); run: pip install 'curate[trafilatura]'") from error
    if not main_content:
        return str(trafilatura.html2txt(page))
    return trafilatura.extract(page, include_comments=False) or ""
