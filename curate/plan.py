"""From a pipeline to parts and steps with fingerprints: what will run, what is done already, and why.

Parts are fixed here, by the inputs and never by the number of workers. A step's fingerprint covers all that its
results depend on: its parameters, its version, the files it reads and the fingerprint of the step before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from curate import __version__
from curate.earlier import Earlier, Files, find_earlier, not_listed
from curate.errors import InputError, PipelineError, Problem
from curate.ingest.files import find_files
from curate.ingest.split import Split, split_files
from curate.objects.fetched import fetched
from curate.pipeline import Pipeline, build
from curate.run_paths import round_task_name
from curate.rundir import RunDirectory
from curate.shuffle import slot_count
from curate.stage import CorpusStage, Round, Stage, Writer
from curate.storage import fingerprint, sha256_file
from curate.strict_yaml import Parsed

#: Raised when ingestion gives other documents, or counts more, than before for the same input.
INGEST_VERSION = 2


@dataclass(frozen=True, slots=True)
class Part:
    """What one ingestion task reads: pieces of the files of one source."""

    index: int
    source: str
    splits: tuple[Split, ...]
    key: str


@dataclass(frozen=True)
class Step:
    """A stage of a plan; `folder` names its results and holds the start of the fingerprint.

    `earlier` is the same stage in the earlier runs that it builds upon.
    """

    index: int
    label: str
    stage: Stage | Writer
    fingerprint: str
    parameters: Mapping[str, Any]
    earlier: tuple[Earlier, ...] = ()

    @property
    def folder(self) -> str:
        """Such as `03-fuzzy_dedup-9c1e77b0`."""
        return f"{self.index:02}-{self.label}-{self.fingerprint[:8]}"


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work, ending in one commit.

    Attributes:
        kind: ingest, summarize, divide, reduce, conclude, annotate, layout, shard or finish.
        step: index of the step, 0 for ingestion.
        number: part, key range or shard, 0 where there is one task only.
        round: which round of a corpus stage.
    """

    kind: str
    step: int
    number: int
    key: str
    round: int = 0


@dataclass(frozen=True)
class Plan:
    """Everything a worker needs to know."""

    pipeline: Pipeline
    parts: tuple[Part, ...]
    steps: tuple[Step, ...] = field(default=())

    @property
    def key(self) -> str:
        """The fingerprint of the whole plan."""
        return fingerprint([part.key for part in self.parts], [step.fingerprint for step in self.steps])

    def step(self, index: int) -> Step:
        """The step of an index (1 is the first stage)."""
        return self.steps[index - 1]

    def folder(self, step: int) -> str:
        """The folder of a step, empty for ingestion."""
        return self.step(step).folder if step else ""

    def task_name(self, task: Task) -> str:
        """The file name of a task's commit."""
        if task.kind in ("summarize", "divide", "reduce", "conclude"):
            return round_task_name(self.rounds(task.step)[task.round].name, task.kind, task.number)
        return f"{task.kind}-{task.number:05}"

    def state_task(self, step: Step, rounds: int | None = None) -> str | None:
        """The task whose commit names the files of a step's state, as its first `rounds` rounds left it or all did.

        None if nothing has been concluded by then.
        """
        if isinstance(step.stage, Writer):
            return "layout-00000"
        concluding = [one.name for one in self.rounds(step.index)[:rounds] if one.conclude]
        return round_task_name(concluding[-1], "conclude", 0) if concluding else None

    def ingest_tasks(self) -> list[Task]:
        """One task for each part."""
        return _ingest_tasks(self.parts)

    def beside(self, phase: list[Task], steps: Sequence[Step]) -> list[Task]:
        """Tasks of some steps that see no document, such as the index of the benchmarks, best done with a phase.

        They could be done at any time; what serves best is the phase before them that is one long task, or ingestion.
        """
        found, long = [], _ingest_tasks(self.parts[:1])  # the first of a phase tells which it is
        for step in steps:
            for number, one in enumerate(self.rounds(step.index)):
                sees_nothing = not (number or one.summarize or one.regroup or one.reduce)
                if one.conclude and (sees_nothing or one.long):
                    conclude = Task("conclude", step.index, 0, self._all_parts_key(step), number)
                    if sees_nothing and phase[:1] == long:
                        found.append(conclude)
                    long = [conclude] if one.long else long
        return found

    def input_bytes(self, task: Task) -> float:
        """How much input a task sees; what concerns more than a part comes first when tasks are ordered by it."""
        by_part = task.kind in ("ingest", "annotate", "summarize") and task.number < len(self.parts)
        return sum(split.stop - split.start for split in self.parts[task.number].splits) if by_part else math.inf

    def phases(self, step: Step, counts: Callable[[Task], Mapping[str, Any] | None]) -> Iterator[list[Task]]:
        """The tasks of a stage, in groups: a group may start when the one before it is complete.

        Args:
            counts: what a task counted, None while it is not done; asked only of tasks that decide what follows.
                The groups end where that is not known yet.
        """
        key = self._all_parts_key(step)
        if isinstance(step.stage, Writer):
            yield from self._writer_phases(step, key, counts)
            return
        for number, one in enumerate(self.rounds(step.index)):
            for tasks in self._round_phases(step, key, number, one, counts):
                yield tasks
                if tasks[0].kind == "divide" and counts(tasks[0]) is None:
                    return
        yield self._over_parts("annotate", step, key if isinstance(step.stage, CorpusStage) else "")

    def _round_phases(
        self, step: Step, key: str, number: int, one: Round, counts: Callable[[Task], Mapping[str, Any] | None]
    ) -> Iterator[list[Task]]:
        shuffle = fingerprint(key, self.slots) if one.reduce else key
        if one.summarize:
            yield self._over_parts("summarize", step, shuffle if number or one.reduce else "", number)
        if one.regroup:
            parts = range(len(self.parts) + sum(len(earlier.rows) for earlier in step.earlier))
            yield [Task("summarize", step.index, part, fingerprint(shuffle, part), number) for part in parts]
        if one.reduce:
            divide = Task(
                "divide", step.index, 0, fingerprint(shuffle, self.pipeline.settings.max_memory_bytes), number
            )
            yield [divide]
            edges = (counts(divide) or {"edges": []})["edges"]
            ranges = enumerate(pairwise(edges))
            yield [Task("reduce", step.index, at, fingerprint(shuffle, edge), number) for at, edge in ranges]
        if one.conclude:
            yield [Task("conclude", step.index, 0, key, number)]

    def _writer_phases(
        self, step: Step, key: str, counts: Callable[[Task], Mapping[str, Any] | None]
    ) -> Iterator[list[Task]]:
        layout = Task("layout", step.index, 0, key)
        yield [layout]
        known = counts(layout)
        if known is not None:
            yield [Task("shard", step.index, shard, key) for shard in range(known["shards"])]
            yield [Task("finish", step.index, 0, key)]

    @property
    def slots(self) -> int:
        """Slots that shuffles cut the tables of parts into."""
        sizes = (split.stop - split.start for part in self.parts for split in part.splits)
        return slot_count(sum(sizes), self.pipeline.settings.max_memory_bytes)

    def rounds(self, step: int) -> Sequence[Round]:
        """The rounds of a stage; a filter has none."""
        stage = self.step(step).stage
        return stage.rounds() if isinstance(stage, CorpusStage) else ()

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data; `from_json` reads it back in a worker."""
        steps = [
            {
                "label": step.label,
                "name": step.stage.name,
                "version": step.stage.version,
                "fingerprint": step.fingerprint,
                "parameters": step.parameters,
                "earlier": [asdict(earlier) for earlier in step.earlier],
            }
            for step in self.steps
        ]
        return {
            "pipeline": self.pipeline.resolved(),
            "sources": list(self.pipeline.sources),  # in their order, which JSON with sorted keys does not keep
            "parts": [asdict(part) for part in self.parts],
            "steps": steps,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The plan that `to_json` wrote."""
        sources = {name: data["pipeline"]["sources"][name] for name in data["sources"]}
        pipeline = build(Parsed("plan.json", data["pipeline"] | {"sources": sources}, {}))
        parts = tuple(
            Part(p["index"], p["source"], tuple(Split(**split) for split in p["splits"]), p["key"])
            for p in data["parts"]
        )
        for saved in data["steps"]:  # part of the names of folders
            if not re.fullmatch("[0-9a-f]{64}", saved["fingerprint"]):
                raise ValueError(f"{saved['fingerprint']!r} is no fingerprint")
        steps = tuple(
            Step(
                number,
                label,
                stage,
                saved["fingerprint"],
                dict(saved["parameters"]),
                _earlier_from_json(saved["earlier"]),
            )
            for number, ((label, stage), saved) in enumerate(zip(pipeline.stages, data["steps"], strict=True), 1)
        )
        return cls(pipeline, parts, steps)

    def _all_parts_key(self, step: Step) -> str:
        """The key of what depends on a step and on every part."""
        return fingerprint(step.fingerprint, [part.key for part in self.parts])

    def _over_parts(self, kind: str, step: Step, key: str, number: int = 0) -> list[Task]:
        """A task per part. A filter's depends on its own part alone, so new input leaves the others done."""
        return [
            Task(kind, step.index, part.index, fingerprint(step.fingerprint, key, part.key), number)
            for part in self.parts
        ]


def _ingest_tasks(parts: Sequence[Part]) -> list[Task]:
    return [Task("ingest", 0, part.index, part.key) for part in parts]


def make_plan(pipeline: Pipeline, parsed: Parsed | None = None) -> Plan:
    """Find the inputs, fix the parts and fingerprint every step.

    Args:
        pipeline: a checked pipeline.
        parsed: the file it came from, for the positions of errors.

    Raises:
        PipelineError: every source and stage whose files are missing.
    """
    problems: list[Problem] = []
    parts = _parts(pipeline, parsed, problems)
    steps = _steps(pipeline, parsed, problems, parts)
    if problems:
        raise PipelineError(problems)
    return Plan(pipeline, tuple(parts), tuple(steps))


def _parts(pipeline: Pipeline, parsed: Parsed | None, problems: list[Problem]) -> list[Part]:
    parts: list[Part] = []
    for name, source in pipeline.sources.items():
        try:
            _, files = find_files(source.paths)
            groups = split_files(source, files, pipeline.settings.part_bytes)
        except InputError as error:
            problems.append(Problem(_where(parsed, ("sources", name, "paths")), f"source '{name}': {error}"))
            continue
        how = source.model_dump(mode="json", exclude={"paths"})
        versions = {file.path: file.version for file in files}
        for group in groups:
            inputs = [[s.name, s.start, s.stop, s.size, versions[s.path]] for s in group]
            key = fingerprint(INGEST_VERSION, name, how, inputs, pipeline.settings.batch_bytes)
            parts.append(Part(len(parts), name, tuple(group), key))
    return parts


def _steps(pipeline: Pipeline, parsed: Parsed | None, problems: list[Problem], parts: Sequence[Part]) -> list[Step]:
    steps: list[Step] = []
    previous = _first_fingerprint(pipeline)
    for number, (label, stage) in enumerate(pipeline.stages, 1):
        contents = {}
        parameters = stage.model_dump(mode="json")
        for parameter, patterns in (stage.input_files() if isinstance(stage, Stage) else {}).items():
            try:
                contents[parameter] = {file.name: sha256_file(fetched(file.path)) for file in find_files(patterns)[1]}
            except InputError as error:
                where = _where(parsed, ("stages", number - 1, stage.name, parameter))
                problems.append(Problem(where, f"{label}.{parameter}: {error}"))
            parameters.pop(parameter, None)  # what the files hold counts, not where they lie
        where = _where(parsed, ("stages", number - 1, stage.name, "against"))
        earlier = _earlier(stage, label, contents, where, problems) if isinstance(stage, CorpusStage) else ()
        if earlier:
            parameters["against"] = [each.contents for each in earlier]
        previous = _fingerprint_of(label, stage, parameters, contents, previous, parts)
        parameters |= {"files": contents} if contents else {}
        steps.append(Step(number, label, stage, previous, parameters, earlier))
    return steps


def _first_fingerprint(pipeline: Pipeline) -> str:
    return fingerprint(INGEST_VERSION, list(pipeline.sources))


def _fingerprint_of(
    label: str,
    stage: Stage | Writer,
    parameters: Mapping[str, Any],
    contents: Mapping[str, Any],
    previous: str,
    parts: Sequence[Part],
) -> str:
    own = fingerprint(label, stage.version, parameters, contents, previous)
    return fingerprint(own, [part.key for part in parts]) if isinstance(stage, CorpusStage | Writer) else own


def computed_otherwise(plan: Plan) -> list[str]:
    """Labels of the steps of a saved plan whose fingerprints are not those that this version of curate computes."""
    labels, previous = [], _first_fingerprint(plan.pipeline)
    for step in plan.steps:
        parameters = {name: value for name, value in step.parameters.items() if name != "files"}
        contents = step.parameters.get("files", {})
        if _fingerprint_of(step.label, step.stage, parameters, contents, previous, plan.parts) != step.fingerprint:
            labels.append(step.label)
        previous = step.fingerprint
    return labels


def _earlier(stage: CorpusStage, label: str, files: Files, where: str, problems: list[Problem]) -> tuple[Earlier, ...]:
    """The earlier runs that a stage builds upon."""
    looked = [find_earlier(stage, label, files, root) for root in stage.earlier_runs()]
    found = tuple(each for each in looked if isinstance(each, Earlier))
    wrong = [text for each in looked if isinstance(each, list) for text in each] or not_listed(found)
    problems += [Problem(where, f"{label}.against: {text}") for text in wrong]
    return found


def _earlier_from_json(saved: Sequence[Mapping[str, Any]]) -> tuple[Earlier, ...]:
    return tuple(Earlier(**{**fields, "rows": tuple(fields["rows"])}) for fields in saved)


def _where(parsed: Parsed | None, path: tuple[str | int, ...]) -> str:
    return parsed.where(path) if parsed else ".".join(map(str, path))


def reasons_to_run(plan: Plan, run: RunDirectory) -> list[str]:
    """For each step, why it is not the one of the last run in this directory; empty where it is the same."""
    saved = run.saved_plan()
    if saved is None:
        return ["first run"] * len(plan.steps)
    before = {step["label"]: step for step in saved.get("steps", [])}
    reasons: list[str] = []
    inputs_changed = [p["key"] for p in saved.get("parts", [])] != [part.key for part in plan.parts]
    for step in plan.steps:
        old = before.get(step.label)
        if old is None:
            reasons.append("new stage")
        elif old["fingerprint"] == step.fingerprint:
            reasons.append("")
        else:
            changed = _changes(old["parameters"], step.parameters)
            earlier = "an earlier stage changed" if any(reasons) else "the input changed" if inputs_changed else ""
            reasons.append(", ".join(changed) or earlier or f"curate {__version__} computes it differently")
    return reasons


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names = sorted({*old, *new} - {"files"})
    changed = [f"{name}: {old.get(name)} -> {new.get(name)}" for name in names if old.get(name) != new.get(name)]
    return changed + (["its files changed"] if old.get("files") != new.get("files") else [])
