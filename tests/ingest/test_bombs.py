"""Files of a few kilobytes that hold gigabytes, and documents that are gigabytes: bounded memory, little time."""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import brotli
import pytest
from ingest_files import FRAMINGS, Record, http, page, read, warc_record

GIB = 1 << 30

#: The most memory of this process so far, in bytes. (What `resource` tells begins with that of the parent.)
PEAK = """
from pathlib import Path
def peak():
    return next(int(line.split()[1]) * 1024 for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
"""
#: What a process takes that has to compile loops is no part of what a bomb takes.
COMPILE = "from curate.ingest import extract; extract('<p>A page.')"
#: Reads files in a fresh process, and prints for each of them what was quarantined, the processor time in seconds and
#: the peak.
READ = (
    PEAK
    + """
import json, resource, sys
from curate.ingest import Split, extract, read_split
from curate.ingest.source import JsonlSource, TextSource, WarcSource
options = {"engine": sys.argv[1]}
extract("<p>Loaded before anything is measured.", **options)
for name in sys.argv[2:]:
    size = Path(name).stat().st_size
    kind = JsonlSource if ".jsonl" in name else TextSource if ".txt" in name else WarcSource
    source = kind(paths="x", **({"extract": options} if kind is WarcSource else {}))
    before = resource.getrusage(resource.RUSAGE_SELF)
    split = Split(name, "a", 0, size, size)
    found = [getattr(item, "reason", "document") for item in read_split(source, split)]
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps([Path(name).name, found, seconds, peak()]))
"""
)


def what_reading_gives(paths: Iterable[Path], engine: str) -> dict[str, tuple[list[str], float, int]]:
    """For each file what became of its records, the processor seconds, and the peak so far of the process."""
    subprocess.run([sys.executable, "-c", COMPILE], check=True)
    command = [sys.executable, "-c", READ, engine, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: tuple(rest) for name, *rest in map(json.loads, done.stdout.splitlines())}


def gzip_bomb(size: int, head: bytes = b"") -> bytes:
    """`head` and then zeros, `size` bytes of them, in one gzip member (whose checksum is wrong: nobody gets so far)."""
    stream = zlib.compressobj(9, wbits=31)
    start = stream.compress(head) + stream.flush(zlib.Z_FULL_FLUSH)
    block = stream.compress(bytes(1 << 24)) + stream.flush(zlib.Z_FULL_FLUSH)
    return start + block * (size >> 24) + stream.flush()


def zstd_bomb(size: int, head: bytes = b"") -> bytes:
    """The same in one zstd frame: a raw block and blocks of 4 bytes that stand for 128 KiB each."""
    blocks = (
        struct.pack("<I", len(head) << 3)[:3] + head + (struct.pack("<I", 1 << 20 | 1 << 1)[:3] + b"\0") * (size >> 17)
    )
    return b"\x28\xb5\x2f\xfd\x00\x88" + blocks + b"\x01\x00\x00"


def brotli_bomb(size: int) -> bytes:
    """Zeros in a brotli stream of 8 bytes for each 16 MiB."""
    stream = brotli.Compressor(quality=5, lgwin=24)
    pieces = [stream.process(bytes(1 << 24)) + stream.flush() for _ in range(3)]
    assert pieces[1] == pieces[2]
    return pieces[0] + pieces[1] * (size >> 24) + stream.finish()


def _response(body: bytes, coding: str) -> bytes:
    return gzip.compress(warc_record(http(body, Content_Encoding=coding)), mtime=0)


def _bombs(size: int) -> dict[str, tuple[bytes, str]]:
    """Files, and the reason that each is to be quarantined for."""
    record = warc_record(b"", content_length=size)[:-4]
    twice = gzip.compress(gzip_bomb(size), mtime=0)
    return {
        "member.warc.gz": (gzip_bomb(size), "not_warc"),
        "record.warc.gz": (gzip_bomb(size, record), "too_large"),
        "gzip_of_gzip.warc.gz": (gzip.compress(twice, mtime=0), "not_warc"),
        "frame.warc.zst": (zstd_bomb(size), "not_warc"),
        "record.warc.zst": (zstd_bomb(size, record), "too_large"),
        "body_gzip.warc.gz": (_response(gzip_bomb(size), "gzip"), "too_large"),
        "body_gzip_of_gzip.warc.gz": (_response(twice, "gzip, gzip"), "too_large"),
        "body_br.warc.gz": (_response(brotli_bomb(size), "br"), "too_large"),
        "body_zstd.warc.gz": (_response(zstd_bomb(size), "zstd"), "too_large"),
        "line.jsonl.gz": (gzip_bomb(size, b'{"text": "'), "too_large"),
        "line.jsonl.zst": (zstd_bomb(size, b'{"text": "'), "too_large"),
        "text.txt.gz": (gzip_bomb(size), "too_large"),
        "text.txt.zst": (zstd_bomb(size), "too_large"),
    }


def test_the_bombs_are_what_they_say() -> None:
    """Other decompressors find in small ones of the same make the zeros that they are said to hold."""
    import zstandard

    size = 1 << 25
    assert zlib.decompressobj(31).decompress(gzip_bomb(size, b"x"), size) == b"x" + bytes(size - 1)
    assert zstandard.ZstdDecompressor().decompressobj().decompress(zstd_bomb(size, b"x")) == b"x" + bytes(size)
    assert not any(brotli.decompress(brotli_bomb(size)))


@pytest.mark.parametrize(("engine", "kind"), [("resiliparse", ""), ("curate", ".warc")])
@pytest.mark.parametrize("size", [GIB, 10 * GIB], ids=["1 GiB", "10 GiB"])
def test_bombs_stop_within_300_mb_and_a_second(tmp_path, size, engine, kind) -> None:
    """Each of 13 bombs is quarantined; the process that reads them all stays below 300 MB, and each takes under 1 s.
    So does one that has loaded curate's engine, whose compiled loops take 170 MB, with those in WARC."""
    bombs = {name: bomb for name, bomb in _bombs(size).items() if kind in name}
    for name, (data, _) in bombs.items():
        (tmp_path / name).write_bytes(data)
    found = what_reading_gives((tmp_path / name for name in bombs), engine)
    assert {name: reasons[0] for name, (reasons, *_) in found.items()} == {name: bombs[name][1] for name in bombs}
    assert max(peak for *_, peak in found.values()) < 300e6
    assert max(seconds for _, seconds, _ in found.values()) < 1


def test_a_bomb_costs_its_neighbours_nothing(tmp_path) -> None:
    """The members before and behind a bomb are read."""
    framing = FRAMINGS[".warc.gz"]
    data = (
        framing([page(0)])
        + gzip_bomb(GIB)
        + framing([page(1)])
        + _response(gzip_bomb(GIB), "gzip")
        + framing([page(2)])
    )
    (tmp_path / "a.warc.gz").write_bytes(data)
    items = read(tmp_path / "a.warc.gz")
    assert [item.text for item in items if isinstance(item, Record)] == ["Page 0.", "Page 1.", "Page 2."]
    assert len(items) == 5


def _sparse(path: Path, head: bytes, size: int, tail: bytes) -> Path:
    """A file with a hole of `size` bytes, read as zeros, which takes no room on the disk."""
    with path.open("wb") as file:
        file.write(head)
        file.seek(size, 1)
        file.write(tail)
    return path


HUGE: dict[str, Callable[[Path], tuple[Path, list[str]]]] = {
    "a text": lambda folder: (_sparse(folder / "a.txt", b"Text", GIB, b"."), ["too_large"]),
    "a line": lambda folder: (
        _sparse(folder / "a.jsonl", b'{"text": "one"}\n{"text": "', GIB, b'"}\n{"text": "two"}\n'),
        ["document", "too_large", "document"],
    ),
    "a record": lambda folder: (
        _sparse(folder / "a.warc", page(0) + warc_record(b"", content_length=GIB)[:-4], GIB, b"\r\n\r\n" + page(1)),
        ["document", "too_large", "document"],
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("huge", HUGE)
def test_a_document_of_a_gigabyte(tmp_path, huge) -> None:
    """It is quarantined as too large, in less than 300 MB, and its neighbours are read."""
    path, wanted = HUGE[huge](tmp_path)
    ((reasons, _, peak),) = what_reading_gives([path], "curate" if path.suffix == ".warc" else "resiliparse").values()
    assert reasons == wanted and peak < 300e6


#: Ingests a file of lines by the whole pipeline, and prints how many became what and the peak.
INGEST = (
    PEAK
    + """
import json, sys
from curate import run
result = run(sys.argv[1], output=sys.argv[2], workers=0, stop_after="ingest")
counts = [result.funnel.count("ingest", kind)[0] for kind in ("documents", "quarantined")]
print(json.dumps([counts, peak()]))
"""
)


@pytest.mark.slow
def test_a_million_rows_of_next_to_nothing(tmp_path) -> None:
    """Half of them documents of one byte, half of them no documents: all are counted, in less than 400 MB."""
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n1\n' * 500_000)
    sources = f"sources: {{rows: {{read: jsonl, paths: '{tmp_path}/rows.jsonl'}}}}"
    (tmp_path / "p.yaml").write_text(f"name: p\n{sources}\nstages: [exact_dedup]\n")
    command = [sys.executable, "-c", INGEST, str(tmp_path / "p.yaml"), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    counts, peak = json.loads(done.stdout.splitlines()[-1])
    assert counts == [500_000, 500_000]
    assert peak < 400e6, peak
