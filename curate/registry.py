"""Every stage by the name it has in pipelines. A new stage is one line here; modules load on first use."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from curate.stage import Stage, Writer

STAGES = {
    "language_filter": "curate.filters.language:LanguageFilter",
    "gopher_quality": "curate.filters.gopher:GopherQuality",
    "gopher_repetition": "curate.filters.gopher:GopherRepetition",
    "c4_quality": "curate.filters.c4:C4Quality",
    "fineweb_quality": "curate.filters.fineweb:FinewebQuality",
    "host_templates": "curate.filters.host_templates:HostTemplates",
    "quality_filter": "curate.filters.quality:QualityFilter",
    "exact_dedup": "curate.dedup.exact:ExactDedup",
    "fuzzy_dedup": "curate.dedup.fuzzy:FuzzyDedup",
    "decontaminate": "curate.decontaminate.stage:Decontaminate",
    "train_tokenizer": "curate.tokenize.train:TrainTokenizer",
    "load_tokenizer": "curate.tokenize.load:LoadTokenizer",
    "mix": "curate.mix.stage:Mix",
    "write_tokens": "curate.shards.write:WriteTokens",
}


@cache
def stage_class(name: str) -> type[Stage] | type[Writer]:
    """The class of a stage.

    Raises:
        KeyError: there is no stage of that name.
    """
    module, _, attribute = STAGES[name].partition(":")
    found: type[Stage] | type[Writer] = getattr(import_module(module), attribute)
    return found
