"""Publishing: the reports and outputs of the current stages, gathered under the names that users look for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curate.plan import Plan, Step, Task
from curate.report.funnel import Funnel
from curate.run_corpus import RunTableFile, fetch_state
from curate.rundir import RunDirectory
from curate.stage import Writer
from curate.tables import write_parquet_tables
from curate.tokenize.report import bytes_per_token

#: Few, since this process should take no more memory for large reports than for small ones.
_ROWS_AT_ONCE = 1 << 12


def publish(run: RunDirectory, plan: Plan, funnel: Funnel, done: int) -> tuple[str, ...]:
    """Write `reports/` and `tokens/` anew from the results of the first `done` steps; returns names of the reports."""
    steps = plan.steps[:done]
    writers = [step for step in steps if isinstance(step.stage, Writer)]
    finishes = [(run.commit(step.folder, "finish-00000"), run.shards(step.folder)) for step in writers]
    if not any(run.has_published(run.tokens, *each) for each in finishes):
        run.unpublish(run.tokens)  # tokens of other parameters must not stand beside these reports
    with tempfile.TemporaryDirectory(dir=run.root) as staging:
        files = {}
        for name, tables in _reports(run, plan, funnel, steps):
            files[f"{name}.parquet"] = Path(staging) / f"{name}.parquet"
            write_parquet_tables(files[f"{name}.parquet"], tables)
        run.publish(run.reports, files)
    for commit, shards in finishes:
        run.publish_outputs(run.tokens, commit, shards)
    return tuple(sorted(name.removesuffix(".parquet") for name in files))


def _reports(
    run: RunDirectory, plan: Plan, funnel: Funnel, steps: Sequence[Step]
) -> Iterator[tuple[str, Iterable[pa.Table]]]:
    """Each report's name and its tables, which are read when they are asked for."""
    yield "funnel", [funnel.table()]
    for name in dict.fromkeys(name for step in steps for name in step.stage.reports):
        sources = [(step, path) for step in steps for path in _report_files(run, plan, step, name)]
        if sources:
            yield name, (_labelled(table, step) for step, path in sources for table in _read(run, path))
    tokenizers = [step for step in steps if step.stage.name.endswith("_tokenizer")]
    if tokenizers:
        yield "tokenizer", [bytes_per_token(_totals(run, plan, tokenizers[-1]))]


def _report_files(run: RunDirectory, plan: Plan, step: Step, name: str) -> list[Path]:
    """The files of a stage's own report of that name: one of its state, or the side tables of all parts."""
    if name not in step.stage.reports:
        return []
    written = fetch_state(run, plan, step) / "reports" / f"{name}.parquet"
    if written.exists():
        return [written]
    sides = [run.side_table(step.folder, name, part.index) for part in plan.parts]
    return [path for path in sides if run.has(path)]


def _read(run: RunDirectory, path: Path) -> Iterator[pa.Table]:
    """The tables of a file, one after another; at least one, if without rows."""
    if path.suffix == ".arrow":
        yield RunTableFile(path, run).mapped()
        return
    with pq.ParquetFile(path, pre_buffer=False) as file:  # a row group is not held as stored, too
        yield file.schema_arrow.empty_table()
        for batch in file.iter_batches(_ROWS_AT_ONCE, use_threads=False):
            yield pa.Table.from_batches([batch])


def _labelled(table: pa.Table, step: Step) -> pa.Table:
    return table.add_column(0, "stage", pa.repeat(pa.scalar(step.label), table.num_rows))


def _totals(run: RunDirectory, plan: Plan, step: Step) -> Iterator[tuple[str, str, int]]:
    """What the commits of a stage's parts counted: source, column and sum."""
    tasks = (plan.task_name(Task("annotate", step.index, part.index, part.key)) for part in plan.parts)
    for counts in run.counts(step.folder, tasks):
        yield from counts["totals"]
