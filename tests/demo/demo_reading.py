"""Read the demo corpus with other libraries than those that wrote it, and look for overlaps by brute force."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text

from curate.kernels.ngrams import ngram_hashes
from curate.kernels.words import scan_words

#: A document by where it lies: file and row.
Place = tuple[str, int]
#: Address, or an empty string, and text of each document.
Corpus = dict[Place, tuple[str, str]]


def place(entry: dict[str, Any]) -> Place:
    """Where an entry of `truth.json` says that a document lies."""
    return entry["file"], entry["row"]


def responses(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """Address, `Content-Type` and body of each page of a WARC file; digests are checked."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, verify_digests=True):
            assert record.http_headers is not None
            yield record.headers["WARC-Target-URI"], record.http_headers["Content-Type"], record.reader.read()


def page_text(content_type: str, body: bytes) -> str:
    """The main content of a page; the charset is the header's, else that of `<meta>`."""
    declared = re.search(r"charset=([\w-]+)", content_type) or re.search(r'charset="([\w-]+)"', body.decode("latin-1"))
    return str(extract_plain_text(body.decode(declared[1] if declared else "utf-8"), main_content=True))


def read_corpus(folder: Path) -> Corpus:
    """Every document of every source."""
    found: Corpus = {}
    for path in sorted(folder.glob("crawl/*.warc.gz")):
        for row, (url, content_type, body) in enumerate(responses(path)):
            found[f"crawl/{path.name}", row] = url, page_text(content_type, body)
    for path in sorted(folder.glob("*/*.jsonl.zst")):
        lines = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read().splitlines()
        for row, line in enumerate(map(json.loads, lines)):
            found[f"{path.parent.name}/{path.name}", row] = line["url"], line["text"]
    for path in sorted(folder.glob("books*/*.txt")):
        found[f"{path.parent.name}/{path.name}", 0] = "", path.read_text(encoding="utf-8")
    return found


def similar_pairs(corpus: Corpus, min_jaccard: float) -> dict[tuple[Place, Place], float]:
    """Every pair of documents with at least `min_jaccard` similarity of word 5-gram sets, exactly, by brute force."""
    places = list(corpus)
    words = scan_words(pa.array([text for _, text in corpus.values()]))
    hashes, offsets = ngram_hashes(words.hashes, words.offsets, 5)
    sets = [np.unique(hashes[start:stop]) for start, stop in pairwise(offsets)]
    sizes = [len(each) for each in sets]
    grams, owners = np.concatenate(sets), np.repeat(np.arange(len(sets)), sizes)
    order = np.lexsort((owners, grams))
    bounds = np.flatnonzero(np.r_[True, np.diff(grams[order]) != 0, True])
    shared: Counter[tuple[int, int]] = Counter()
    for start, stop in pairwise(bounds):
        if stop - start > 1:
            holders = owners[order[start:stop]].tolist()
            shared.update((one, other) for at, other in enumerate(holders) for one in holders[:at])
    scored = {pair: count / (sizes[pair[0]] + sizes[pair[1]] - count) for pair, count in shared.items()}
    return {(places[one], places[other]): value for (one, other), value in scored.items() if value >= min_jaccard}
