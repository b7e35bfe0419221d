"""Lines that many pages of a host have are cut, and nothing else; however the corpus is divided."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.corpus import MemoryCorpus
from curate.documents import ID, Documents, apply_cuts, document_id
from curate.filters.host_templates import HostTemplates
from curate.local_rounds import FolderTables, run_rounds

Page = tuple[str | None, str]


def _documents(pages: list[Page], first: int = 0) -> Documents:
    ids = [document_id("test", str(first + n), 0) for n in range(len(pages))]
    columns = {
        "id": pa.array(ids, ID),
        "source": pa.array(["web"] * len(pages), pa.string()),
        "url": pa.array([url for url, _ in pages], pa.string()),
        "text": pa.array([text for _, text in pages], pa.string()),
    }
    return Documents(pa.RecordBatch.from_pydict(columns))


def _run(
    folder: Path, stage: HostTemplates, pages: list[Page], part_pages: int, slots: int, max_memory_bytes: int = 2**31
) -> list[object]:
    """Text after the cuts, verdict and report of each page, from parts of so many pages and that many slots."""
    folder.mkdir()
    firsts = range(0, len(pages), part_pages)
    docs = [_documents(pages[first : first + part_pages], first) for first in firsts]
    tables = FolderTables(folder, len(docs))
    corpus = MemoryCorpus(*docs, tables=tables)
    corpus.max_memory_bytes = max_memory_bytes
    run_rounds(stage, corpus, tables, folder, slots)
    found: list[object] = []
    for part in docs:
        said = stage.annotate(part)
        assert said.cuts is not None
        texts = apply_cuts(part.text, said.cuts).to_pylist()
        found += zip(texts, said.keep.tolist(), said.columns["cut_lines"].to_pylist(), strict=True)
        found += said.tables["host_templates"].to_pylist()
    return sorted(map(repr, found))


def _pages(host: str, count: int) -> list[Page]:
    return [(f"http://{host}/{n}", f"Log in\n\nStory {n}\nof {host}\n\nAll rights reserved") for n in range(count)]


def test_lines_of_many_pages_of_a_host_are_cut() -> None:
    """From `min_pages` and `min_share` on, inclusive; paragraphs stay apart; `www.` and port are no other host."""
    pages = [*_pages("a.org", 3), ("https://www.A.org:8443/x", "Log in\nOwn story"), *_pages("b.org", 3)]
    stage = HostTemplates(min_pages=4, min_share=0.5)
    said = stage(_documents(pages).batch)
    assert said["cut_lines"].to_pylist() == [1, 1, 1, 1, 0, 0, 0]
    texts = apply_cuts(_documents(pages).text, said["cuts"].combine_chunks()).to_pylist()
    assert texts[0] == "Story 0\nof a.org\n\nAll rights reserved" and texts[3] == "Own story"
    assert HostTemplates(min_pages=4, min_share=1)(_documents(pages).batch)["cut_lines"].to_pylist()[0] == 1
    assert HostTemplates(min_pages=3, min_share=0.8)(_documents(pages).batch)["cut_lines"].to_pylist()[0] == 1


def test_pages_without_host_pass_and_empty_ones_go() -> None:
    """A text without URL is never cut, and a page that is all template is dropped with its reason."""
    pages: list[Page] = [(None, "same"), (None, "same"), ("no url", "same")]
    pages += [("http://a.org/1", "same"), ("http://a.org/2", "same\nother"), ("http://a.org/3", "")]
    said = HostTemplates(min_pages=2, min_share=0.5)(_documents(pages).batch)
    assert said["keep"].to_pylist() == [True, True, True, False, True, True]
    assert said["reason"].to_pylist()[3] == "no_line_left"
    assert HostTemplates(min_pages=2)(["same", "same"])[0].pieces == ("same",)


def test_each_cut_is_reported(tmp_path) -> None:
    """With its place in the text, its line, and the pages that have it."""
    stage, docs = HostTemplates(min_pages=2, min_share=0.1), _documents([*_pages("a.org", 2), *_pages("b.org", 1)])
    stage.fit(docs, tmp_path)
    rows = stage.annotate(docs).tables["host_templates"].to_pylist()
    texts = {id.hex(): text for id, text in zip(docs.id.to_pylist(), docs.text.to_pylist(), strict=True)}
    assert len(rows) == 6 and {row["host"] for row in rows} == {"a.org"}
    for row in rows:
        assert texts[row["document"]].encode()[row["start"] : row["stop"]].decode() == row["line"]
        assert (row["pages"], row["host_pages"]) == (2, 2)


def test_the_division_does_not_matter(tmp_path) -> None:
    """The same texts, verdicts and reports from one part and from many, in one range or in many."""
    pages = [page for host in range(40) for page in _pages(f"h{host}.org", host % 7 + 1)]
    stage = HostTemplates(min_pages=3)
    outcomes = [
        _run(tmp_path / f"{part_pages}-{slots}", stage, pages, part_pages, slots)
        for part_pages, slots in ((1000, 1), (7, 16), (50, 64))
    ]
    assert outcomes[0] == outcomes[1] == outcomes[2] and len(outcomes[0]) > len(pages)


def test_a_host_that_memory_does_not_hold_is_counted_all_the_same(tmp_path) -> None:
    """One host with most pages, and its lines, in a budget that holds a tenth of them."""
    pages = [page for host in range(9) for page in _pages(f"h{host}.org", 200 if host == 4 else 6)]
    stage = HostTemplates(min_pages=5)
    whole = _run(tmp_path / "whole", stage, pages, 1000, 1)
    assert _run(tmp_path / "cut", stage, pages, 30, 4, 600) == whole and len(whole) > len(pages)


lines = st.lists(st.sampled_from(["a", "bb", "ü", "", "\0"]), max_size=6).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["http://a.org/", "http://b.org/"]), lines), min_size=1, max_size=8))
def test_what_is_cut_is_what_counting_says(pages: list[tuple[str, str]]) -> None:
    """Against counters of lines by host; the lines that are left are the others, in their order."""
    of_host = Counter(host for host, _ in pages)
    parts = [(host, set(text.replace("\0", "\n").split("\n"))) for host, text in pages]
    of_line = Counter((host, line) for host, found in parts for line in found if line)
    docs = _documents(list(pages))
    stage = HostTemplates(min_pages=2, min_share=0.6)
    said = stage(docs.batch)
    texts = apply_cuts(docs.text, said["cuts"].combine_chunks()).to_pylist()
    for (host, text), left, keep in zip(pages, texts, said["keep"].to_pylist(), strict=True):
        found = [line for line in text.replace("\0", "\n").split("\n") if line]
        stays = [line for line in found if not (of_line[host, line] >= max(2, 0.6 * of_host[host]))]
        assert keep == (not found or bool(stays))
        if keep:
            assert [line for line in left.replace("\0", "\n").split("\n") if line] == stays
            assert left.count("\0") <= text.count("\0")


def test_memory_is_mapped(tmp_path) -> None:
    """What annotating loads of the state is not read into memory."""
    stage = HostTemplates(min_pages=2)
    stage.fit(_documents(_pages("a.org", 3)), tmp_path)
    assert isinstance(stage._templates, np.memmap) and isinstance(stage._hosts, np.memmap)
