"""HTML to text, by any of the engines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curate.errors import InputError
from curate.ingest.charset import decode_text, to_utf8
from curate.ingest.clean import clean_text, valid_unicode
from curate.ingest.source import ExtractOptions

if TYPE_CHECKING:
    from curate.ingest.extraction.engine import Blocks


class ExtractionError(Exception):
    """The extractor failed on a page."""


@dataclass(frozen=True)
class Extracted:
    """What came out of a page.

    Attributes:
        text: clean; empty if there is none.
        meta: what the page says of itself, see `curate.ingest.extraction.metadata`; of engine `curate` only.
    """

    text: str
    meta: dict[str, str] = field(default_factory=dict)


def extract(html: str | bytes, **options: Any) -> Extracted:
    """The text and the metadata of a page.

    Args:
        html: the page; bytes are decoded as `curate.ingest.charset` says.
        options: fields of `ExtractOptions`: engine, main_content, format, links, comments, favor.

    Raises:
        ExtractionError: the extractor failed.
        InputError: trafilatura cannot be imported.

    >>> extract("<title>T</title><nav>Home</nav><main><p>One &amp; two.<p>Three.</main>").text
    'One & two.\\n\\nThree.'
    """
    data = valid_unicode(html).encode() if isinstance(html, str) else html
    return extract_page(data, "utf-8" if isinstance(html, str) else None, ExtractOptions(**options))


def extract_text(html: str | bytes, **options: Any) -> str:
    """The text of `extract`."""
    return extract(html, **options).text


def extract_page(data: bytes, charset: str | None, options: ExtractOptions) -> Extracted:
    """`extract` of a page as it was sent, with the charset of its header."""
    if options.engine == "curate":
        return _curate(to_utf8(data, charset), options)
    page = decode_text(data, charset)[0]
    convert = _trafilatura if options.engine == "trafilatura" else _resiliparse
    try:
        return Extracted(clean_text(convert(page, options)))
    except InputError:
        raise
    except Exception as error:  # extractors are native code or large; a page must not be able to end a run
        raise ExtractionError(f"{options.engine}: {type(error).__name__}: {error}") from error


def _curate(data: bytes, options: ExtractOptions) -> Extracted:
    from curate.ingest.extraction.embedded import FEW_BYTES, embedded_html

    text, meta = _text_and_meta(data, options)
    if len(text) < FEW_BYTES and len(inside := embedded_html(data)) > 2 * len(text):
        text = max(text, _text_and_meta(inside, options)[0], key=len)
    return Extracted(text, meta)


def _text_and_meta(data: bytes, options: ExtractOptions) -> tuple[str, dict[str, str]]:
    """The text of all pieces of a page in UTF-8, and what the first says of the page."""
    from curate.ingest.extraction.engine import engine
    from curate.ingest.extraction.metadata import page_metadata

    meta: dict[str, str] = {}
    texts: list[str] = []
    for blocks in engine().judge_pieces(data, options.favor, options.comments):
        meta = meta if texts else page_metadata(data, blocks.page)
        texts.append(_text_of(blocks, data, options))
    return "\n\n".join(filter(None, texts)), meta


def _text_of(blocks: Blocks, data: bytes, options: ExtractOptions) -> str:
    from curate.ingest.extraction.links import Links
    from curate.ingest.extraction.markdown import to_markdown

    if not options.main_content:
        blocks.keep[:] = True
    if options.format == "text":
        return blocks.joined()
    return to_markdown(blocks, Links(blocks.page, data) if options.links else None)


def _resiliparse(page: str, options: ExtractOptions) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(page, main_content=options.main_content, comments=options.comments))


def _trafilatura(page: str, options: ExtractOptions) -> str:
    try:
        import trafilatura
    except ImportError as error:
        raise InputError(f"trafilatura cannot be used ({error}); run: pip install 'curate[trafilatura]'") from error
    if not options.main_content:
        return str(trafilatura.html2txt(page))
    found: str | None = trafilatura.extract(
        page,
        output_format={"text": "txt", "markdown": "markdown"}[options.format],
        include_comments=options.comments,
        include_links=options.links,
        favor_precision=options.favor == "precision",
        favor_recall=options.favor == "recall",
    )
    return found or ""
