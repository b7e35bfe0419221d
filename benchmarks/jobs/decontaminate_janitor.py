"""The Janitor of lm-evaluation-harness, in pure Python, as pip installs it."""

import json
from pathlib import Path

from lm_eval.decontamination.janitor import Janitor
from measure import Work, measure


def prepare(texts: list[str], inputs: Path) -> Work:
    """13-grams, its defaults; registering the items is not timed."""
    janitor = Janitor()
    with (inputs / "items.jsonl").open(encoding="utf-8") as file:
        for line in file:
            janitor.register_contaminant(json.loads(line)["question"])

    def work() -> int:
        return sum(len(janitor.clean(text)) == 1 for text in texts)

    return work


measure(prepare, ["lm_eval"])
