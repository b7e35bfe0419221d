"""Boilerplate by host: lines that stand on many pages of a host are its template, not what a page says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from curate.corpus import Corpus
from curate.documents import Documents, cut_array, hex_ids
from curate.draws import bits
from curate.errors import InternalError
from curate.kernels.buffers import text_buffers
from curate.kernels.fingerprint import fingerprints
from curate.kernels.line_spans import LineSpans, cut_lines, find_line_spans
from curate.shuffle import KeyRange, Reduced
from curate.stage import Annotations, CorpusStage, Round
from curate.stored_table import StoredTable

_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?:[Ww]{3}\.)?(?P<host>\[[^\]]*\]|[^/?#:]+)"
_HOSTS, _TEMPLATES = "hosts.npy", "templates.npy"
REPORT = pa.schema(
    [
        ("document", pa.string()),
        ("source", pa.string()),
        ("host", pa.string()),
        ("line", pa.string()),
        ("pages", pa.int64()),
        ("host_pages", pa.int64()),
        ("start", pa.int32()),
        ("stop", pa.int32()),
    ]
)


class HostTemplates(CorpusStage):
    r"""Cut lines that stand on many pages of one host: menus, notices and teasers that extraction left.

    A line is cut if at least `min_pages` documents of its host have it, and at least `min_share` of them. Hosts are
    compared without `www.`; documents without a URL pass. The newlines on one side of a cut go with it, so that
    paragraphs stay apart. A document of which nothing is left is dropped.

    Columns: `lines` (not empty), `cut_lines`. Reason: `no_line_left`. Report `host_templates`: each line that was cut,
    with its span in bytes of the text as the stage saw it, and how many pages of the host have it.

    Two rounds: the documents of each host are counted, then the hosts of each line, by ranges of a hash, so memory
    does not grow with the corpus but for 16 bytes of each host of `min_pages` or more documents and 24 of each template
    line, which are mapped. A page that is there twice counts twice: deduplicate first.

    >>> pages = [{"url": f"http://a.org/{n}", "text": f"Log in\n\nStory {n}"} for n in range(5)]
    >>> said = HostTemplates(min_pages=5)(pa.Table.from_pylist(pages))
    >>> said["cut_lines"].to_pylist(), said["cuts"][0].as_py()[0]["stop"]
    ([1, 1, 1, 1, 1], 8)
    """

    name: ClassVar[str] = "host_templates"
    needs: ClassVar[tuple[str, ...]] = ("url",)
    reports: ClassVar[tuple[str, ...]] = ("host_templates",)
    edits: ClassVar[bool] = True

    min_pages: int = Field(5, ge=2, description="Fewest documents of a host that have a line which is cut.")
    min_share: float = Field(
        0.3, gt=0, le=1, description="Smallest share of a host's documents that have a line which is cut, 0 to 1."
    )

    _hosts: NDArray[np.uint64] | None = PrivateAttr(None)
    _templates: NDArray[np.uint64] | None = PrivateAttr(None)

    def rounds(self) -> Sequence[Round]:
        """Count the documents of each host, then of each of its lines."""
        return [
            Round(
                "hosts",
                self._write_hosts,
                _host_keys,
                reduce=self._count_hosts,
                stream=self._stream_hosts,
                text=False,
            ),
            Round(
                "lines",
                self._write_templates,
                self._line_keys,
                reduce=self._count_lines,
                stream=self._stream_lines,
                reduce_memory=6.0,
            ),
        ]

    def load(self, state: Path) -> None:
        """Map the hosts and, once there, the templates."""
        self._hosts = np.load(state / _HOSTS, mmap_mode="r")
        self._templates = np.load(state / _TEMPLATES, mmap_mode="r") if (state / _TEMPLATES).exists() else None

    def annotate(self, docs: Documents) -> Annotations:
        """Look each line up among the templates of its host."""
        if self._templates is None:
            raise InternalError("host_templates was asked to annotate before its lines were counted")
        data, offsets = docs.buffers
        lines = find_line_spans(data, offsets)
        hosts, known = _hosts_of(docs)
        at = _find(self._templates, _keys_of(hosts[lines.texts], lines.hashes))
        cut = (at >= 0) & known[lines.texts]
        starts, stops, texts = cut_lines(data, offsets, lines, cut)
        total = np.diff(lines.offsets)
        cut_count = np.bincount(lines.texts[cut], minlength=len(docs))
        columns = {"lines": total.astype(np.int32), "cut_lines": cut_count.astype(np.int32)}
        said = Annotations.of_rules({"no_line_left": (total > 0) & (cut_count == total)}, len(docs), columns)
        stays = said.keep[texts]
        starts, stops, texts = starts[stays], stops[stays], texts[stays]
        base = offsets[texts]
        said.cuts = cut_array(texts, starts - base, stops - base, len(docs), np.zeros(len(texts), bool))
        said.tables["host_templates"] = _report(docs, lines, cut, self._templates[at[cut], 1:])
        return said

    def _count_hosts(self, corpus: Corpus, keys: KeyRange) -> Reduced:
        return self._many_pages(*np.unique(keys.table()["key"].to_numpy(), return_counts=True))

    def _stream_hosts(self, corpus: Corpus, keys: KeyRange) -> Iterator[Reduced]:
        first, pages = _first_and_count(keys)
        yield self._many_pages(first["key"].to_numpy(), pages)

    def _many_pages(self, hosts: NDArray[np.uint64], pages: NDArray[np.int64]) -> Reduced:
        many = pages >= self.min_pages
        return {"hosts": pa.table({"key": hosts[many], "pages": pages[many].astype(np.uint64)})}

    def _write_hosts(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        _write(corpus.tables.reduced("hosts", "hosts"), state / _HOSTS)

    def _line_keys(self, docs: Documents) -> pa.Table:
        """A row for each line of each document whose host has pages enough; a line counts once a document."""
        lines, (hosts, known) = find_line_spans(*docs.buffers), _hosts_of(docs)
        mine = (known & (_find(self._known_hosts, hosts) >= 0))[lines.texts]
        rows = np.unique(np.stack([lines.texts[mine].astype(np.uint64), lines.hashes[mine]], axis=1), axis=0)
        of_line = hosts[rows[:, 0].astype(np.int64)]
        return pa.table({"key": _keys_of(of_line, rows[:, 1]), "host": of_line})

    def _count_lines(self, corpus: Corpus, keys: KeyRange) -> Reduced:
        table = keys.table()
        found, first, pages = np.unique(table["key"].to_numpy(), return_index=True, return_counts=True)
        return self._often(found, table["host"].to_numpy()[first], pages)

    def _stream_lines(self, corpus: Corpus, keys: KeyRange) -> Iterator[Reduced]:
        first, pages = _first_and_count(keys)
        yield self._often(first["key"].to_numpy(), first["host"].to_numpy(), pages)

    def _often(self, found: NDArray[np.uint64], line_hosts: NDArray[np.uint64], pages: NDArray[np.int64]) -> Reduced:
        hosts = self._known_hosts
        of_host = hosts[_find(hosts, line_hosts), 1]
        often = (pages >= self.min_pages) & (pages >= self.min_share * of_host)
        columns = {"key": found[often], "pages": pages[often].astype(np.uint64), "host_pages": of_host[often]}
        return {"templates": pa.table(columns)}

    def _write_templates(self, corpus: Corpus, summaries: Sequence[pa.Table], state: Path) -> None:
        _write(corpus.tables.reduced("lines", "templates"), state / _TEMPLATES)

    @property
    def _known_hosts(self) -> NDArray[np.uint64]:
        if self._hosts is None:
            raise InternalError("host_templates was used before its hosts were counted")
        return self._hosts


def host_names(docs: Documents) -> pa.StringArray:
    """The host of each document's URL, lower-cased, without `www.`; null if it has none.

    >>> url = ["http://www.A.org:80/b", "x", None]
    >>> host_names(Documents.from_batch(pa.record_batch({"text": ["", "", ""], "url": url}))).to_pylist()
    ['a.org', None, None]
    """
    if "url" not in docs.batch.schema.names:
        return pa.nulls(len(docs), pa.string())
    urls = docs.batch.column("url").cast(pa.string())
    return pc.utf8_lower(pc.struct_field(pc.extract_regex(urls, _HOST), "host"))


def _hosts_of(docs: Documents) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """A hash of each document's host, `uint64` of shape (n,), and whether it has one."""
    names = host_names(docs)
    hashes = fingerprints(*text_buffers(pc.fill_null(names, "")))[:, 0]
    return hashes, np.asarray(names.is_valid().to_numpy(zero_copy_only=False), bool)


def _first_and_count(keys: KeyRange) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
    """The first row of one key, and how many it has."""
    batches = (batch for _, batch in keys.batches())
    first = next(batches)
    return first.slice(0, 1), np.array([len(first) + sum(map(len, batches))])


def _host_keys(docs: Documents) -> pa.Table:
    hosts, known = _hosts_of(docs)
    return pa.table({"key": hosts[known]})


def _keys_of(hosts: NDArray[np.uint64], lines: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of each line with its host."""
    return bits(0, HostTemplates.name, np.stack([hosts, lines], axis=1))


def _find(table: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The row of each key in a table that is sorted by its first column, or -1."""
    if not len(table):
        return np.full(len(keys), -1, np.int64)
    at = np.minimum(np.searchsorted(table[:, 0], keys), len(table) - 1)
    return np.where(table[at, 0] == keys, at, -1)


def _write(files: Sequence[StoredTable], path: Path) -> None:
    """Write the tables of all ranges as one array, one after another, a range in memory at once."""
    tables = (np.stack([column.to_numpy() for column in file.table().columns], axis=1) for file in files)
    rows = sum(len(batch) for file in files for batch in file.batches())
    array = np.lib.format.open_memmap(path, "w+", np.uint64, (rows, len(files[0].schema)))
    at = 0
    for table in tables:
        array[at : at + len(table)] = table
        at += len(table)
    array.flush()


def _report(docs: Documents, lines: LineSpans, cut: NDArray[np.bool_], counts: NDArray[np.uint64]) -> pa.Table:
    """A row for each line that is cut, with the pages of its host that have it and all pages of the host."""
    data, offsets = docs.buffers
    texts, starts, stops = lines.texts[cut], lines.starts[cut], lines.stops[cut]
    row = pa.array(texts)
    columns = [
        hex_ids(docs.id.take(row)),
        docs.source.take(row).cast(pa.string()),
        host_names(docs).take(row),
        _slices(data, starts, stops),
        counts[:, 0].astype(np.int64),
        counts[:, 1].astype(np.int64),
        (starts - offsets[texts]).astype(np.int32),
        (stops - offsets[texts]).astype(np.int32),
    ]
    return pa.table(columns, schema=REPORT)


def _slices(data: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> pa.StringArray:
    """Runs of the bytes of a text, as strings."""
    ends = np.cumsum(stops - starts)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(stops - ends, stops - starts)
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    return pa.StringArray.from_buffers(len(ends), offsets.buffers()[1], pa.py_buffer(data[at]))
