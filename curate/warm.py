"""Compiling every loop ahead of time, by runs of all stages over a few hundred paragraphs.

A loop is compiled when it first runs and kept on disk, beside the package or in the user's cache. On a machine whose
workers come and go, or with a time limit on jobs, it is better done once, when the software is installed. The compiler
uses one core, so the stages are divided among three processes, with two cores too: taking turns evens out their work.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from curate.engines.cores import available_cores

#: Stages of which a pipeline has one of several: the loops are the same.
LEFT_OUT = frozenset({"load_tokenizer"})

#: Which stages run in the process that reads pages by curate's own engine, in that which works on words, and in that
#: which makes tokens. Duplicates are looked for first: rules would leave few.
GROUPS = _WITH_PAGES, _, _TOKENS = (
    ("language_filter",),
    (
        "fuzzy_dedup",
        "exact_dedup",
        "decontaminate",
        "host_templates",
        "gopher_quality",
        "gopher_repetition",
        "c4_quality",
        "fineweb_quality",
        "quality_filter",
    ),
    ("train_tokenizer", "mix", "write_tokens"),
)

_PARAMETERS: dict[str, dict[str, Any]] = {
    "quality_filter": {"positives": ["books"], "sources": ["web"]},
    "exact_dedup": {"scope": "within"},
    "train_tokenizer": {"vocab_size": 400},
    "mix": {"weights": {"web": 50, "books": 50}},
    "write_tokens": {"sequence_length": 64, "shard_tokens": 20_000},
}

#: Rules that few of the paragraphs would pass.
_LENIENT: dict[str, dict[str, Any]] = {
    "gopher_quality": {"min_words": 5, "min_alphabetic_words": 0.1, "min_stop_words": 0},
    "c4_quality": {"min_sentences": 0},
    "fineweb_quality": {"max_short_lines": None},
}

_PAGE = "<!doctype html><title>{title}</title><nav><a href=/>Home</a></nav><main><h1>{title}</h1><p>{text}</p></main>"


def warm() -> float:
    """Run every stage once on text of the Python documentation, in a temporary folder.

    Returns:
        The seconds that it took: a few if everything was compiled already.
    """
    start = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(min(3, 2 * available_cores() - 1), get_context("spawn")) as processes,
    ):
        _write_inputs(Path(folder))
        for done in [processes.submit(_run, folder, group) for group in GROUPS]:
            done.result()
    return time.perf_counter() - start


def _run(folder: str, stages: tuple[str, ...]) -> None:
    """Run some of the stages."""
    from curate.own_process import slim_down

    slim_down()
    from curate.runner import run

    gc.disable()  # the compiler makes millions of objects that live; to look for garbage among them took 7 %
    file = Path(folder) / f"{stages[0]}.yaml"
    file.write_text(json.dumps(_pipeline(Path(folder), stages)), "utf-8")
    run(file, output=Path(folder) / stages[0], workers=0)


def _pipeline(folder: Path, stages: tuple[str, ...]) -> dict[str, object]:
    engine = "curate" if stages == _WITH_PAGES else "resiliparse"
    sources: dict[str, dict[str, object]] = {
        "web": {"read": "warc", "paths": str(folder / "web.warc"), "extract": {"engine": engine}},
        "books": {"read": "jsonl", "paths": str(folder / "books.jsonl")},
    }
    if engine == "curate":
        sources["pages"] = sources["web"] | {"extract": {"engine": engine, "format": "markdown"}}
    parameters = {name: {**_PARAMETERS.get(name, {}), **_LENIENT.get(name, {})} for name in stages}
    if "decontaminate" in parameters:
        parameters["decontaminate"]["benchmarks"] = str(folder / "items.jsonl")
    return {"name": "warm", "seed": 0, "sources": sources, "stages": [{name: parameters[name]} for name in stages]}


def _write_inputs(folder: Path) -> None:
    """Pages, documents, and items of which some are in the pages; some pages are there twice."""
    texts = _paragraphs()
    books, web = texts[::2], texts[1::2]
    items = web[::20]
    web += web[::7] + [f"{text} {text[:100]}" for text in web[1::7]]
    (folder / "books.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in books), "utf-8")
    (folder / "items.jsonl").write_text("".join(json.dumps({"question": text}) + "\n" for text in items), "utf-8")
    with (folder / "web.warc").open("wb") as file:
        for number, text in enumerate(web):
            file.write(_record(number, _PAGE.format(title=f"Page {number}", text=text)))


def _paragraphs() -> list[str]:
    from pydoc_data.topics import topics

    texts = [" ".join(text.split()) for name in sorted(topics) for text in topics[name].split("\n\n")]
    return list(dict.fromkeys(text for text in texts if len(text.split()) >= 60))[:400]


def _record(number: int, page: str) -> bytes:
    """A WARC record of type resource."""
    body = page.encode()
    head = (
        "WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"WARC-Target-URI: http://example.org/{number}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"
