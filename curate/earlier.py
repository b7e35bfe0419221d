"""Earlier runs that a stage builds upon: what its first look at their documents found, without their text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from curate.confine import inside, refuse_links_out
from curate.errors import StateError
from curate.remote_rundir import open_run
from curate.run_paths import round_task_name
from curate.rundir import RunDirectory
from curate.stage import CorpusStage
from curate.storage import Commit, DamagedError, fingerprint

#: Name and sha256 of the files that a stage reads, by parameter.
Files = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Earlier:
    """The same stage in an earlier run.

    Attributes:
        root: the run directory, a URL or an absolute path.
        folder: of the stage in it.
        rows: how many rows the shared round's table of each part has.
        contents: fingerprint of these tables.
        upon: the earlier runs that this one was itself run against: the fingerprint and the directory of each.
    """

    root: str
    folder: str
    rows: tuple[int, ...]
    contents: str
    upon: dict[str, str]


@lru_cache(maxsize=64)
def open_earlier(root: str) -> RunDirectory:
    """The run directory at a path or URL; a process that opens it again gets the same."""
    return open_run(root)


def find_earlier(stage: CorpusStage, label: str, files: Files, root: str) -> Earlier | list[str]:
    """Find a stage in an earlier run, or say what is wrong with it.

    Args:
        stage: the stage that builds upon it; its first round with summaries is the one that is shared.
        label: the stage's label, which decides if the earlier run has several of that name.
        files: name and sha256 of the files that the stage reads, by parameter; the earlier run must have read them.
        root: the run directory, a path or URL.
    """
    home = root if "://" in root else str(Path(root).resolve())
    run = open_earlier(home)
    saved = run.saved_plan()
    if saved is None:
        return [f"{root} is not the directory of a run: it has no plan.json"]
    try:
        refuse_links_out(run.root)
        return _find(stage, label, files, root, run, saved)
    except StateError as error:
        return [str(error)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"{run.plan} is not a plan of this version of curate ({error!r})"]


def _find(
    stage: CorpusStage, label: str, files: Files, root: str, run: RunDirectory, saved: Mapping[str, Any]
) -> Earlier | list[str]:
    steps = [(number, step) for number, step in enumerate(saved["steps"], 1) if step["name"] == stage.name]
    if not steps:
        return [f"the run in {root} has no stage {stage.name}"]
    number, step = next((each for each in steps if each[1]["label"] == label), steps[-1])
    differences = _differences(stage, files, step)
    if differences:
        return [f"{root} cannot be compared with: {difference}" for difference in differences]
    folder = f"{number:02}-{step['label']}-{step['fingerprint'][:8]}"
    inside(run.stage(""), folder, run.plan)
    commits = _commits(run, folder, stage, saved, step)
    if commits is None:
        return [f"the run in {root} has not finished {step['label']}; run it first"]
    contents = fingerprint([[output["sha256"] for output in commit.outputs] for commit in commits])
    upon = {each["contents"]: each["root"] for each in step["earlier"]}
    return Earlier(run.name, folder, tuple(commit.counts["rows"] for commit in commits), contents, upon)


def not_listed(earlier: Sequence[Earlier]) -> list[str]:
    """What is wrong with the list: runs that some of these were run against must be listed too, and none twice."""
    listed = {each.contents for each in earlier}
    missing = {
        f"{each.root} was itself run against {root}, which is not listed; list it before"
        for each in earlier
        for contents, root in each.upon.items()
        if contents not in listed
    }
    twice = [f"{each.root} is listed twice" for number, each in enumerate(earlier) if each in earlier[:number]]
    return [*sorted(missing), *twice]


def _differences(stage: CorpusStage, files: Files, step: Mapping[str, Any]) -> list[str]:
    """Which parameters and files differ that must be the same."""
    here: dict[str, Any] = {"version": stage.version, **{name: getattr(stage, name) for name in stage.shared}}
    there = {"version": step.get("version"), **step["parameters"]}
    differences = [
        f"{name} is {there.get(name)!r} there and {value!r} here"
        for name, value in here.items()
        if there.get(name) != value
    ]
    read = step["parameters"].get("files", {})
    return differences + [
        f"the files of {name} are others there"
        for name, hashes in files.items()
        if _by_base_name(hashes) != _by_base_name(read.get(name, {}))
    ]


def _by_base_name(hashes: Mapping[str, str]) -> list[tuple[str, str]]:
    """Files without their folders, which may be elsewhere now."""
    return sorted((PurePosixPath(name).name, sha256) for name, sha256 in hashes.items())


def _commits(
    run: RunDirectory, folder: str, stage: CorpusStage, saved: Mapping[str, Any], step: Mapping[str, Any]
) -> list[Commit] | None:
    """The commits of the first summaries, if all are there with their outputs."""
    number, one = next((number, one) for number, one in enumerate(stage.rounds()) if one.summarize)
    keys = [part["key"] for part in saved["parts"]]
    upon = fingerprint(step["fingerprint"], keys) if number else ""  # see `Plan.phases`
    tasks = [
        (
            run.commit(folder, round_task_name(one.name, "summarize", part)),
            fingerprint(step["fingerprint"], upon, key),
        )
        for part, key in enumerate(keys)
    ]
    damage: list[DamagedError] = []
    commits = list(run.read_commits(tasks, damage.append))
    done = [commit for commit in commits if commit is not None]
    return done if len(done) == len(commits) else None
