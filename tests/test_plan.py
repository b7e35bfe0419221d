"""The order of tasks: what sees no document is done beside what would else hold everybody up."""

from __future__ import annotations

from curate.pipeline import load_pipeline
from curate.plan import Plan, make_plan


def _labels(plan: Plan, beside: str | None) -> list[str]:
    """Steps whose tasks are done beside the long task of a step, or beside ingestion."""
    if beside is None:
        return [plan.step(task.step).label for task in plan.beside(plan.ingest_tasks(), plan.steps)]
    [step] = [step for step in plan.steps if step.label == beside]
    phases = plan.phases(step, lambda task: None)
    return [plan.step(task.step).label for each in phases for task in plan.beside(each, plan.steps)]


def test_what_sees_no_document_is_done_beside_a_long_task(pipeline_file) -> None:
    """The benchmarks are indexed beside the fit of the classifier, or beside ingestion if there is none."""
    plan = make_plan(*load_pipeline(pipeline_file))
    assert _labels(plan, "quality_filter") == ["decontaminate"]
    assert _labels(plan, None) == []
    lines = pipeline_file.read_text().splitlines(keepends=True)
    pipeline_file.write_text("".join(line for line in lines if "quality_filter" not in line))
    plan = make_plan(*load_pipeline(pipeline_file))
    assert _labels(plan, None) == ["decontaminate"]
    assert all(_labels(plan, step.label) == [] for step in plan.steps)
