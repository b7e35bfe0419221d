"""Data sets of the `datasets` library: the Arrow files of a saved folder, or `hf://NAME` by the library itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from curate.errors import InputError
from curate.ingest.fields import row_record
from curate.ingest.files import is_hub_name
from curate.ingest.input_file import InputFile, open_input
from curate.ingest.parquet import ArrowFile, batch_records
from curate.ingest.records import FIRST_BYTES, Outcome, Quarantined
from curate.ingest.source import HubSource
from curate.ingest.split import Split


def read_hub(source: HubSource, split: Split) -> Iterator[Outcome]:
    """The rows of a data set; see `curate.ingest.records.read_split`. An Arrow file is read whole."""
    if split.start:
        return
    if is_hub_name(split.path):
        yield from _from_hub(source, split.path)
        return
    with open_input(split) as file:
        yield from _from_arrow(source, file)


def _from_arrow(source: HubSource, file: InputFile) -> Iterator[Outcome]:
    row = 0
    try:
        with pa.ipc.open_stream(pa.PythonFile(ArrowFile(file), "r")) as batches:
            for batch in batches:
                yield from batch_records(source, batch, row)
                row += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        reason = "corrupt_arrow" if row else "not_arrow"
        yield Quarantined(row, reason, f"after {row} rows: {error}", file.read_at(0, FIRST_BYTES))


def _from_hub(source: HubSource, path: str) -> Iterator[Outcome]:
    for number, row in enumerate(_load(source, path)):
        yield row_record(source, row, number, 1)


def _load(source: HubSource, path: str) -> Iterator[dict[str, Any]]:
    """Rows as the library streams them; whatever fails on the way is the network's or the name's fault."""
    from datasets import load_dataset

    try:
        yield from load_dataset(path.removeprefix("hf://"), split=source.split, streaming=True)
    except Exception as error:
        what = str(error).partition("\n")[0]
        raise InputError(f"{path}: split {source.split!r} cannot be read: {what}") from error
