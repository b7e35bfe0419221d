"""From WARC files and gold texts to a model in a folder: what `curate train-extractor` does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.errors import InputError
from curate.ingest.charset import to_utf8
from curate.ingest.extraction.engine import Engine
from curate.ingest.extraction.learn import FIRST_PASS, INNER_FOLDS, SECOND_PASS, TYPES, Examples, Progress, learn
from curate.ingest.extraction.model import ContentModel
from curate.ingest.extraction.pages import Gold, LabelledPage, label_pages
from curate.kernels.html_page import BLOCK_COUNT, START, STOP

_GOLD_KEYS = frozenset(("text", "expected_html", "with", "without"))


def train_extractor(
    warcs: Sequence[Path], gold: Sequence[Path], folder: Path, seed: int = 0, progress: Progress = lambda line: None
) -> ContentModel:
    """Learn what content is from pages whose main text is known, and write the model and its card into a folder.

    The same files and seed give the same bytes on the same machine: learning runs in one thread.

    Args:
        warcs: files with the responses, plain or compressed.
        gold: JSON Lines, plain, `.gz` or `.zst`: one object a page with `url`, as in the WARC, and its main text as
            `text` or as `expected_html`, or lists of passages that are (`with`) and are not (`without`) in it.
            `page_type` may say what kind of page it is.
        folder: written; holds `model.npz`, `card.json` and `card.md` afterwards.
        seed: of the feature draws of the trees.
        progress: called with a line for each step.

    Raises:
        InputError: a gold file cannot be read, or fewer than 20 of its pages are in the WARC files.
    """
    sources = read_sources(warcs, gold)
    pages = [page for _, found in sources for page in found]
    if len(pages) < 20:
        raise InputError(
            f"{len(pages)} pages have both HTML and gold text; give WARC files and gold texts of 20 or more"
        )
    progress(f"{len(pages)} pages, {sum(len(page.sizes) for page in pages)} blocks")
    model = learn(Examples.of(pages), range(len(pages)), seed, progress)
    card = _card(sources, seed, model)
    model.save(folder, card)
    (folder / "card.md").write_text(_describe(card), encoding="utf-8")
    return model


def read_sources(warcs: Sequence[Path], gold: Sequence[Path]) -> list[tuple[str, list[LabelledPage]]]:
    """The pages of each gold file, cut and labelled, in its order; pages that no WARC has are left out."""
    wanted = {path: {row["url"]: gold_of(row) for row in read_gold(path)} for path in gold}
    urls = {url for known in wanted.values() for url in known}
    html = {url: page for path in warcs for url, page in read_pages(path) if url in urls}
    return [
        (path.name.partition(".")[0], label_pages((url, html[url], said) for url, said in known.items() if url in html))
        for path, known in wanted.items()
    ]


def gold_of(row: dict[str, Any]) -> Gold:
    """What a row of a gold file says of its page.

    >>> gold_of({"url": "http://a.org/", "expected_html": "<p>One &amp; two.", "page_type": "article"}).text
    'One & two.'
    """
    text = row.get("text")
    if text is None and "expected_html" in row:
        page = Engine(None).cut(str(row["expected_html"]).encode("utf-8", "replace"))
        spans = page.blocks[: page.state[BLOCK_COUNT], [START, STOP]].tolist()
        text = "\n".join(page.out[start:stop].tobytes().decode() for start, stop in spans)
    wanted, unwanted = (tuple(map(str, row.get(key, ()))) for key in ("with", "without"))
    return Gold(None if text is None else str(text), wanted, unwanted, row.get("page_type"))


def read_gold(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file.

    Raises:
        InputError: it cannot be read, a line is no JSON object, or one has no `url` or does not say what is content.
    """
    import zstandard

    try:
        data = path.read_bytes()
        if path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().stream_reader(data).read()
        elif path.suffix == ".gz":
            data = gzip.decompress(data)
        rows = [json.loads(line) for line in data.split(b"\n") if line.strip()]
        if not all("url" in row and not _GOLD_KEYS.isdisjoint(row) for row in rows):
            raise ValueError("a line has no url or no text")
    except (OSError, ValueError, TypeError, zstandard.ZstdError) as error:
        raise InputError(
            f"{path}: {error}; expected a JSON object with url and text, expected_html or with and without in each line"
        ) from error
    return rows


def read_pages(path: Path) -> Iterator[tuple[str, bytes]]:
    """The responses of a WARC file: address, and HTML in UTF-8."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with path.open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response):
            yield record.headers["WARC-Target-URI"], to_utf8(record.reader.read(), record.http_charset)


def _card(sources: list[tuple[str, list[LabelledPage]]], seed: int, model: ContentModel) -> dict[str, Any]:
    data = [
        {
            "name": name,
            "pages": len(pages),
            "sites": len({page.site for page in pages}),
            "blocks": sum(len(page.sizes) for page in pages),
        }
        for name, pages in sources
    ]
    return {
        "learnt_from": data,
        "first_pass": asdict(FIRST_PASS),
        "second_pass": asdict(SECOND_PASS),
        "page_types": asdict(TYPES),
        "inner_folds": INNER_FOLDS,
        "seed": seed,
        "tokens": len(model.tokens),
    }


def _describe(card: dict[str, Any]) -> str:
    data = [
        f"| {row['name']} | {row['pages']:,} | {row['sites']:,} | {row['blocks']:,} |" for row in card["learnt_from"]
    ]
    trees = f"{card['first_pass']['trees']} + {card['second_pass']['trees']}"
    kinds = card["page_types"]["trees"]
    return "\n".join(
        [
            "# Content model",
            "",
            f"Which text blocks of a web page are its content: {trees} boosted trees, {kinds} for each kind of page,",
            f"and the weights of {card['tokens']:,} words of class names, tag names, headings and short texts.",
            "`docs/extraction.md` says how it works and how good it is.",
            "",
            "| learnt from | pages | sites | blocks |",
            "|---|---:|---:|---:|",
            *data,
            "",
            "The model holds hashes of words and numbers learnt from them, none of the pages' text. The gold texts",
            "that say what is content are those of the data sets above; see there for their licences.",
            f"Made by `curate train-extractor` with seed {card['seed']}.",
            "",
        ]
    )
