"""Publishing: the reports and outputs of the current stages, gathered under the names that users look for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curate.plan import Plan, Step
from curate.report.funnel import Funnel
from curate.run_corpus import RunCorpus, read_table
from curate.rundir import RunDirectory
from curate.stage import Writer
from curate.storage import publish_folder, remove_folder
from curate.tables import write_parquet
from curate.tokenize.report import bytes_per_token


def publish(run: RunDirectory, plan: Plan, funnel: Funnel, done: int) -> None:
    """Write `reports/` and `tokens/` anew from the results of the first `done` steps."""
    steps = plan.steps[:done]
    tables = {"funnel": funnel.table()}
    for name in dict.fromkeys(name for step in steps for name in step.stage.reports):
        found = [table for step in steps for table in _tables(run, plan, step, name)]
        if found:
            tables[name] = pa.concat_tables(found)
    tokenizers = [step for step in steps if step.stage.name.endswith("_tokenizer")]
    if tokenizers:
        tables["tokenizer"] = _tokenizer_table(run, plan, tokenizers[-1])
    remove_folder(run.tokens)  # tokens of other parameters must not stand beside these reports
    with tempfile.TemporaryDirectory(dir=run.root) as staging:
        files = {f"{name}.parquet": Path(staging) / f"{name}.parquet" for name in tables}
        for name, table in tables.items():
            write_parquet(files[f"{name}.parquet"], table)
        publish_folder(files, run.reports)
    for step in steps:
        if isinstance(step.stage, Writer):
            publish_folder({path.name: path for path in run.shards(step.folder).iterdir()}, run.tokens)


def _tables(run: RunDirectory, plan: Plan, step: Step, name: str) -> list[pa.Table]:
    """A stage's own report of that name, from its state or from the side tables of all parts, its label first."""
    if name not in step.stage.reports:
        return []
    written = run.state(step.folder) / "reports" / f"{name}.parquet"
    sides = [run.side_table(step.folder, name, part.index) for part in plan.parts]
    tables = [pq.read_table(written)] if written.exists() else [read_table(path) for path in sides if path.exists()]
    return [_labelled(table, step) for table in tables]


def _labelled(table: pa.Table, step: Step) -> pa.Table:
    return table.add_column(0, "stage", pa.repeat(pa.scalar(step.label), table.num_rows))


def _tokenizer_table(run: RunDirectory, plan: Plan, step: Step) -> pa.Table:
    names = (f"{step.label}.tokens", f"{step.label}.text_bytes")
    return bytes_per_token(RunCorpus(run, plan, step.index + 1, names).index(names))
