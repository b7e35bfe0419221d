"""What a pipeline says of a source: where its files are and how to read them, one model per format."""

from __future__ import annotations

import codecs
from importlib import import_module
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_SUFFIXES = {
    "warc": (".warc", ".arc", ".wacz"),
    "wet": (".warc.wet", ".wet"),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet",),
    "text": (".txt", ".md"),
    "hub": (".arrow",),
}
_COMPRESSED = (".gz", ".zst")


class Source(BaseModel):
    """What all formats share. `read` names the format."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    paths: list[str] = Field(min_length=1, description="Files, folders, patterns (`*`, `**`) or URLs; one or a list.")
    max_document_bytes: int = Field(
        20_000_000, ge=1, description="A document whose HTML or text is longer, in bytes, is quarantined."
    )

    @field_validator("paths", mode="before")
    @classmethod
    def _one_path_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class _StreamSource(Source):
    """A format that is read as a stream, perhaps compressed."""

    max_record_bytes: int = Field(
        64_000_000, ge=1000, description="A WARC record or a line that is longer as stored, in bytes, is quarantined."
    )
    max_inflation_ratio: float = Field(
        200, ge=1, description="Compressed data that inflates more, in bytes per byte, is taken for a bomb and left."
    )


class ExtractOptions(BaseModel):
    """How HTML becomes text."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    engine: Literal["curate", "resiliparse", "trafilatura"] = Field(
        "curate", description="What extracts: curate's own learned engine, or another project's."
    )
    main_content: bool = Field(True, description="Leave out navigation, headers and footers.")
    format: Literal["text", "markdown"] = Field("text", description="Not of resiliparse: markdown.")
    links: bool = Field(False, description="Keep links, as [text](target). Of Markdown only.")
    comments: bool = Field(True, description="Keep comments of readers below an article.")
    favor: Literal["precision", "balance", "recall"] = Field(
        "balance", description="What to prefer where a block may be content. Not of resiliparse: precision, recall."
    )

    @field_validator("engine")
    @classmethod
    def _engine_is_installed(cls, value: str) -> str:
        if value == "trafilatura":
            try:
                import_module(value)
            except ImportError as error:
                why = str(error).partition("\n")[0]
                hint = "run: pip install 'curate[trafilatura]'"
                raise ValueError(f"trafilatura cannot be used ({why}); {hint}") from error
        return value

    @model_validator(mode="after")
    def _engine_can_do_it(self) -> ExtractOptions:
        if self.engine == "resiliparse" and (self.format != "text" or self.favor != "balance"):
            raise ValueError("engine resiliparse writes text only and knows no favor; use engine: curate")
        if self.links and self.format != "markdown":
            raise ValueError("plain text has no links; use format: markdown")
        return self


class _ArchiveSource(_StreamSource):
    """A format of records that may say what their digests are."""

    digests: Literal["ignore", "quarantine"] = Field(
        "ignore",
        description="quarantine: a record whose bytes are not those of its WARC-Block-Digest or WARC-Payload-Digest "
        "is put into the quarantine.",
    )


class WarcSource(_ArchiveSource):
    """Web archives: `.warc`, `.arc`, plain, `.gz` or `.zst`, compressed by record or as a whole, and `.wacz`."""

    read: Literal["warc"] = "warc"
    extract: ExtractOptions = Field(ExtractOptions(), description="What turns HTML into text, and how.")


class WetSource(_ArchiveSource):
    """Common Crawl's extracted text: WARC files of conversion records."""

    read: Literal["wet"] = "wet"


class _FieldSource(Source):
    """A format of rows with named fields. Fields that are not named here go to the documents' `meta`."""

    text_field: str = Field("text", description="The field that holds the text.")
    url_field: str = Field("url", description="The field that holds the address, if a row has one.")
    date_field: str = Field("date", description="The field that holds the date, if a row has one.")


class JsonlSource(_FieldSource, _StreamSource):
    """One JSON object a line: `.jsonl`, plain, `.gz` or `.zst`."""

    read: Literal["jsonl"] = "jsonl"


class ParquetSource(_FieldSource):
    """Parquet files: one document a row."""

    read: Literal["parquet"] = "parquet"


class HubSource(_FieldSource):
    """A folder that `datasets` wrote with `save_to_disk`, or `hf://NAME` for a data set of the Hub."""

    read: Literal["hub"] = "hub"
    split: str = Field("train", description="The split of an `hf://` data set; a folder is read whole.")


class TextSource(_StreamSource):
    """Plain text: one file is one document."""

    read: Literal["text"] = "text"
    encoding: str | None = Field("utf-8", description="The encoding of the files. None: find it out, file by file.")

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str | None) -> str | None:
        try:
            return value and codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"unknown encoding {value!r}; use one such as utf-8, latin-1, gb18030") from None


#: Any source, told apart by `read`.
AnySource = Annotated[
    WarcSource | WetSource | JsonlSource | ParquetSource | TextSource | HubSource, Field(discriminator="read")
]


def reader_for_suffix(path: str) -> str | None:
    """The `read` that a file's name suggests, or None.

    >>> [reader_for_suffix(name) for name in ("a.warc.gz", "a.warc.wet.gz", "a.jsonl.zst", "a.md", "a.exe")]
    ['warc', 'wet', 'jsonl', 'text', None]
    """
    name = PurePath(path).name.lower()
    for suffix in _COMPRESSED:
        name = name.removesuffix(suffix)
    return next((reader for reader, suffixes in _SUFFIXES.items() if name.endswith(suffixes)), None)
