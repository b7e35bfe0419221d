"""Where every file of a run stands. Names are decided here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunPaths:
    """Paths under `root`.

    pipeline.yaml plan.json environment.json timings.json finished.json LOCK
    documents/part-00000.parquet        quarantine/part-00000.parquet
    stages/03-fuzzy_dedup-9c1e77b0/     part-00000.parquet  part-00000.TABLE.arrow
                                        ROUND-00000.arrow (of a part)  ROUND.TABLE-00000.arrow (of a key range)
                                        state/  shards/  commits/
    reports/  tokens/                   published: links to the files of the current stages
    """

    root: Path

    @property
    def documents(self) -> Path:
        """The folder of documents."""
        return self.root / "documents"

    @property
    def quarantine(self) -> Path:
        """The folder of records that could not be read."""
        return self.root / "quarantine"

    @property
    def plan(self) -> Path:
        """The plan of the last run."""
        return self.root / "plan.json"

    @property
    def pipeline(self) -> Path:
        """The pipeline of the last run, every default written out."""
        return self.root / "pipeline.yaml"

    @property
    def environment(self) -> Path:
        """What the last run ran on."""
        return self.root / "environment.json"

    @property
    def timings(self) -> Path:
        """How long the steps of the last finished run took."""
        return self.root / "timings.json"

    @property
    def finished(self) -> Path:
        """The commit of the whole run: there only while the run directory is that of a finished run."""
        return self.root / "finished.json"

    @property
    def reports(self) -> Path:
        """The published reports."""
        return self.root / "reports"

    @property
    def tokens(self) -> Path:
        """The published token shards."""
        return self.root / "tokens"

    def document_part(self, part: int) -> Path:
        """The documents of a part."""
        return self.documents / f"part-{part:05}.parquet"

    def quarantine_part(self, part: int) -> Path:
        """The quarantined records of a part."""
        return self.quarantine / f"part-{part:05}.parquet"

    def stage(self, folder: str) -> Path:
        """The folder of a stage: its number, label and fingerprint."""
        return self.root / "stages" / folder

    def annotations(self, folder: str, part: int) -> Path:
        """What a stage says of a part."""
        return self.stage(folder) / f"part-{part:05}.parquet"

    def side_table(self, folder: str, name: str, part: int) -> Path:
        """A table that a stage wrote beside its annotations of a part."""
        return self.stage(folder) / f"part-{part:05}.{name}.arrow"

    def summary(self, folder: str, round_name: str, part: int) -> Path:
        """What a round of a stage saw in a part."""
        return self.stage(folder) / f"{round_name}-{part:05}.arrow"

    def reduced(self, folder: str, round_name: str, name: str, number: int) -> Path:
        """A table that a round of a stage made of a key range."""
        return self.stage(folder) / f"{round_name}.{name}-{number:05}.arrow"

    def state(self, folder: str) -> Path:
        """What a stage has learnt."""
        return self.stage(folder) / "state"

    def shards(self, folder: str) -> Path:
        """Where a writer puts its output before it is published."""
        return self.stage(folder) / "shards"

    def commit(self, folder: str, task: str) -> Path:
        """The commit of a task; ingestion's stand beside the documents."""
        home = self.stage(folder) if folder else self.documents
        return home / "commits" / f"{task}.json"

    def commit_of(self, path: Path) -> Path:
        """The commit that names a file of a part or a key range.

        >>> run = RunPaths(Path("r"))
        >>> [str(run.commit_of(path)) for path in (run.document_part(3), run.reduced("02-dedup-c0", "pair", "ids", 4))]
        ['r/documents/commits/ingest-00003.json', 'r/stages/02-dedup-c0/commits/pair.reduce-00004.json']
        """
        home, _, rest = path.name.partition("-")  # `part-00000.TABLE.arrow` or `ROUND.TABLE-00000.arrow`
        name, _, table = home.partition(".")
        number = int(rest.partition(".")[0])
        if path.parent in (self.documents, self.quarantine):
            return self.commit("", f"ingest-{number:05}")
        if name == "part":
            return self.commit(path.parent.name, f"annotate-{number:05}")
        kind = "reduce" if table else "summarize"
        return self.commit(path.parent.name, round_task_name(name, kind, number))


def round_task_name(round_name: str, kind: str, number: int) -> str:
    """The file name of the commit of a round's task."""
    return f"{round_name}.{kind}-{number:05}" if kind in ("summarize", "reduce") else f"{round_name}.{kind}"
