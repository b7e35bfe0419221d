"""Training a classifier for reuse: a run that stops after the stage that trains it, and a copy of its state."""

from __future__ import annotations

import re
from pathlib import Path

from curate.errors import PipelineError, Problem
from curate.filters.classifier import export_classifier
from curate.filters.quality import QualityFilter
from curate.report.progress import Reporter
from curate.run_corpus import fetch_state
from curate.runner import run


def train_classifier(
    pipeline: str,
    name: str,
    stage: str = "quality_filter",
    folder: str = "classifiers",
    output: str | None = None,
    workers: int | None = None,
    overrides: tuple[str, ...] = (),
    source_paths: tuple[str, ...] = (),
    reporter: Reporter | None = None,
) -> str:
    """Train the classifier of a pipeline's quality filter and keep it in `folder/name`.

    Returns:
        One line about the classifier: documents and held-out AUC.

    Raises:
        PipelineError: the name is no folder name, or the stage trains no classifier.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise PipelineError([Problem("NAME", f"'{name}' is no name; use letters, digits, dot, dash, underscore")])
    options = {"output": output, "workers": workers, "overrides": overrides, "source_paths": source_paths}
    result = run(pipeline, stop_after=stage, reporter=reporter, **options)  # type: ignore[arg-type]
    step = next(step for step in result.plan.steps if step.label == stage)
    if not isinstance(step.stage, QualityFilter) or step.stage.classifier:
        raise PipelineError([Problem("--stage", f"'{stage}' trains no classifier")])
    target = Path(folder) / name
    export_classifier(fetch_state(result.directory, result.plan, step), target)
    return f"trained in {result.seconds:.1f} s, see {target / 'card.md'}"
