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
from curate.ingest.extraction.learn import FIRST_PASS, INNER_FOLDS, SECOND_PASS, Examples, Progress, learn
from curate.ingest.extraction.model import ContentModel
from curate.ingest.extraction.pages import LabelledPage, label_pages


def train_extractor(
    warcs: Sequence[Path], gold: Sequence[Path], folder: Path, seed: int = 0, progress: Progress = lambda line: None
) -> ContentModel:
    """Learn what content is from pages whose main text is known, and write the model and its card into a folder.

    The same files and seed give the same bytes on the same machine: learning runs in one thread.

    Args:
        warcs: files with the responses, plain or compressed.
        gold: JSON Lines, plain, `.gz` or `.zst`: one object a page with `url`, as in the WARC, and `text`.
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
    wanted = {path: {row["url"]: str(row["text"]) for row in read_gold(path)} for path in gold}
    urls = {url for texts in wanted.values() for url in texts}
    html = {url: page for path in warcs for url, page in read_pages(path) if url in urls}
    return [
        (path.name.partition(".")[0], label_pages((url, html[url], text) for url, text in texts.items() if url in html))
        for path, texts in wanted.items()
    ]


def read_gold(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file.

    Raises:
        InputError: it cannot be read, a line is no JSON object, or one has no `url` or `text`.
    """
    import zstandard

    try:
        data = path.read_bytes()
        if path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().stream_reader(data).read()
        elif path.suffix == ".gz":
            data = gzip.decompress(data)
        rows = [json.loads(line) for line in data.splitlines()]
        if not all("url" in row and "text" in row for row in rows):
            raise ValueError("a line has no url or no text")
    except (OSError, ValueError, TypeError, zstandard.ZstdError) as error:
        raise InputError(f"{path}: {error}; expected a JSON object with url and text in each line") from error
    return rows


def read_pages(path: Path) -> Iterator[tuple[str, bytes]]:
    """The responses of a WARC file: address, and HTML in UTF-8."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with path.open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response):
            yield record.headers["WARC-Target-URI"], to_utf8(record.reader.read(), record.http_charset)


def _card(sources: list[tuple[str, list[LabelledPage]]], seed: int, model: ContentModel) -> dict[str, Any]:
    import sklearn

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
        "inner_folds": INNER_FOLDS,
        "seed": seed,
        "tokens": len(model.tokens),
        "scikit-learn": sklearn.__version__,
    }


def _describe(card: dict[str, Any]) -> str:
    data = [
        f"| {row['name']} | {row['pages']:,} | {row['sites']:,} | {row['blocks']:,} |" for row in card["learnt_from"]
    ]
    trees = f"{card['first_pass']['trees']} + {card['second_pass']['trees']}"
    return "\n".join(
        [
            "# Content model",
            "",
            f"Which text blocks of a web page are its content: {trees} boosted trees and the weights of",
            f"{card['tokens']:,} words of class names, tag names, headings and short texts.",
            "`docs/extraction.md` says how it works and how good it is.",
            "",
            "| learnt from | pages | sites | blocks |",
            "|---|---:|---:|---:|",
            *data,
            "",
            "The model holds hashes of words and numbers learnt from them, none of the pages' text. The gold texts",
            "that say what is content are those of the data sets above; see there for their licences.",
            f"Made by `curate train-extractor` with seed {card['seed']} and scikit-learn {card['scikit-learn']}.",
            "",
        ]
    )
