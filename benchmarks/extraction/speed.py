"""How fast the engines extract: `python benchmarks/extraction/speed.py DATA [--rounds 3] [--pages crawl-wcxb]`.

Pages per second of processor time, from bytes to text with what the page says of itself. The engines take turns every
hundred pages, so that what else the machine does slows all of them; the ratios mean more than the rates.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from curate.ingest.extraction.train import read_pages
from curate.ingest.html import extract_page
from curate.ingest.source import ExtractOptions

ENGINES = {
    "curate, text": ExtractOptions(engine="curate", comments=False),
    "curate, Markdown": ExtractOptions(engine="curate", comments=False, format="markdown"),
    "resiliparse, text": ExtractOptions(engine="resiliparse", comments=False),
}
#: What the others are compared with.
PEER = "resiliparse, text"
_TURN = 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", default="crawl-wcxb")
    options = parser.parse_args()
    pages = [html for _, html in read_pages(options.data / "crawl" / f"{options.pages}.warc.gz")]
    measure(pages[:_TURN])  # compiles and loads
    rounds = [measure(pages) for _ in range(options.rounds)]
    for name in ENGINES:
        rate = np.median([len(pages) / seconds[name] for seconds in rounds])
        ratio = np.median([seconds[PEER] / seconds[name] for seconds in rounds])
        print(f"{name}: {rate:,.0f} pages/s, {ratio:.2f} x {PEER}")


def measure(pages: list[bytes]) -> dict[str, float]:
    """Seconds of processor time that each engine takes for the pages."""
    seconds: dict[str, float] = defaultdict(float)
    for at in range(0, len(pages), _TURN):
        for name, options in ENGINES.items():
            started = time.process_time()
            for html in pages[at : at + _TURN]:
                extract_page(html, "utf-8", options)
            seconds[name] += time.process_time() - started
    return seconds


if __name__ == "__main__":
    main()
