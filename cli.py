"""The `curate` command: parse, call the library, print. Heavy modules load inside the commands that need them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any, Literal

import click

EXAMPLE = "\b\nExample:\n  "


class _Group(click.Group):
    """Turns curate's errors into messages and exit codes, and mistyped commands into suggestions."""

    def invoke(self, ctx: click.Context) -> Any:
        from curate.engines.interruption import Interrupted, how_to_go_on, interruptible

        try:
            with interruptible():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Interrupted as interruption:
            click.echo(how_to_go_on(), err=True)
            sys.exit(interruption.exit_code)
        except Exception as error:
            _fail(error, ctx.params.get("debug", False))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        import difflib

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from None


def _fail(error: Exception, debug: bool) -> None:
    """Print what went wrong and leave; only `--debug` shows a traceback."""
    from curate.errors import CurateError

    if debug:
        click.echo(getattr(error, "details", ""), err=True)
        raise error
    if isinstance(error, CurateError):
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    if isinstance(error, OSError):
        click.echo(f"error: {error.filename or ''}: {error.strerror or error}", err=True)
        sys.exit(1)
    click.echo(f"error: {type(error).__name__}: {error} (run with `curate --debug …` and report it)", err=True)
    sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="curate")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def main(debug: bool) -> None:
    """Turn web crawls and reference corpora into pretraining tokens."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a path that the terminal cannot show must not end a run
            stream.reconfigure(errors="backslashreplace")


def _pipeline_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that takes a pipeline."""
    options = [
        click.argument("pipeline"),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Override a value of the pipeline: seed=1, stages.quality_filter.alpha=3.",
        ),
        click.option(
            "--source",
            "source_paths",
            multiple=True,
            metavar="NAME=GLOB",
            help="Read a source from other files; repeat to read several.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _output_option(command: Callable[..., None]) -> Callable[..., None]:
    text = "Run directory: a folder or a URL such as s3://bucket/run. [default: runs/NAME]"
    return click.option("--output", metavar="DIR", help=text)(command)


@main.command(epilog=EXAMPLE + "curate run pipelines/gpt3_mix.yaml --set stages.quality_filter.alpha=3 --workers 2")
@_pipeline_options
@_output_option
@click.option(
    "--workers", type=click.IntRange(0), help="Worker processes; 0 runs in this process. [default: one per core]"
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray", "serial"]),
    default="local",
    show_default=True,
    help="What runs the tasks: processes on this machine, a Ray cluster, or this process.",
)
@click.option("--address", help="Ray cluster: auto, or HOST:PORT. [default: $RAY_ADDRESS, or a Ray on this machine]")
@click.option("--memory", metavar="SIZE", help="Memory for all processes together, such as 4GB. [default: 2 GB a task]")
@click.option("--stop-after", metavar="STAGE", help="Stop after this stage, or after 'ingest'.")
@click.option("--scratch", envvar="CURATE_STORAGE_SCRATCH", metavar="DIR", help="Local copies of a run at a URL.")
def run(
    pipeline: str,
    overrides: tuple[str, ...],
    source_paths: tuple[str, ...],
    output: str | None,
    workers: int | None,
    engine: Literal["local", "ray", "serial"],
    address: str | None,
    memory: str | None,
    stop_after: str | None,
    scratch: str | None,
) -> None:
    """Run PIPELINE; the same command again resumes it, or runs only what a change touches."""
    from curate.own_process import slim_down

    slim_down()
    from rich.console import Console

    from curate.memory import parse_size
    from curate.report.progress import live
    from curate.report.summary import print_summary
    from curate.runner import run as run_pipeline

    if scratch:
        os.environ["CURATE_STORAGE_SCRATCH"] = scratch  # worker processes look there as well
    console = Console(stderr=False)
    with live(console) as reporter:
        result = run_pipeline(
            pipeline,
            output=output,
            workers=workers,
            engine=engine,
            address=address,
            memory_bytes=parse_size(memory) if memory else None,
            overrides=overrides,
            source_paths=source_paths,
            stop_after=stop_after,
            reporter=reporter,
        )
    print_summary(console, result)


@main.command(epilog=EXAMPLE + "curate plan pipelines/gpt3_mix.yaml --set stages.fuzzy_dedup.threshold=0.9")
@_pipeline_options
@_output_option
def plan(pipeline: str, overrides: tuple[str, ...], source_paths: tuple[str, ...], output: str | None) -> None:
    """Show what `curate run` would do: which tasks, what is reused, and why the rest runs."""
    from rich.console import Console

    from curate.report.plan_table import print_plan

    print_plan(Console(), pipeline, overrides, source_paths, output)


@main.command(epilog=EXAMPLE + "curate check pipelines/gpt3_mix.yaml")
@_pipeline_options
def check(pipeline: str, overrides: tuple[str, ...], source_paths: tuple[str, ...]) -> None:
    """Check PIPELINE and that its inputs exist; every error at once, with file, line and column."""
    from curate.pipeline import load_pipeline
    from curate.runner import plan_of

    checked, parsed = load_pipeline(pipeline, overrides=overrides, source_paths=source_paths)
    made = plan_of(checked, parsed)
    click.echo(
        f"{pipeline}: {len(checked.sources)} sources in {len(made.parts)} parts, {len(made.steps)} stages, no errors"
    )


@main.command(epilog=EXAMPLE + "curate verify runs/gpt3_mix")
@click.argument("run")
@click.option("--repair", is_flag=True, help="Take back the commits of damaged files, so that a run makes them again.")
def verify(run: str, repair: bool) -> None:
    """Check every file of RUN, a run directory or its URL, against its commit, and count documents and tokens again."""
    from rich.console import Console

    from curate.report.verification_table import print_repair, print_verification
    from curate.verification import repair as take_back
    from curate.verification import verify as verify_run

    console = Console()
    found = verify_run(run)
    print_verification(console, found)
    if repair:
        print_repair(console, take_back(found))
    if not found.ok:
        sys.exit(1)


@main.command(epilog=EXAMPLE + "curate stages fuzzy_dedup")
@click.argument("names", nargs=-1)
def stages(names: tuple[str, ...]) -> None:
    """Show every stage (or those NAMED) with its parameters, their defaults and units."""
    from rich.console import Console

    from curate.report.stage_table import print_stages

    print_stages(Console(), names)


@main.command(epilog=EXAMPLE + "curate schema > pipelines/schema.json")
def schema() -> None:
    """Print the JSON Schema of pipelines, for completion and checks in editors."""
    import json

    from curate.schema import pipeline_schema

    click.echo(json.dumps(pipeline_schema(), indent=2))


@main.command("train-classifier", epilog=EXAMPLE + "curate train-classifier pipelines/gpt3_mix.yaml webtext")
@_pipeline_options
@click.argument("name")
@click.option("--stage", default="quality_filter", show_default=True, help="Label of the stage that trains it.")
@click.option("--folder", default="classifiers", show_default=True, metavar="DIR", help="Where classifiers are kept.")
@_output_option
@click.option("--workers", type=click.IntRange(0), help="Worker processes. [default: one per core]")
def train_classifier(
    pipeline: str,
    name: str,
    overrides: tuple[str, ...],
    source_paths: tuple[str, ...],
    stage: str,
    folder: str,
    output: str | None,
    workers: int | None,
) -> None:
    """Train the quality classifier of PIPELINE and keep it as classifiers/NAME, for `classifier:` in others."""
    from rich.console import Console

    from curate.report.progress import live
    from curate.train import train_classifier as train

    with live(Console()) as reporter:
        card = train(pipeline, name, stage, folder, output, workers, overrides, source_paths, reporter)
    click.echo(f"{folder}/{name}: {card}")


@main.command(epilog=EXAMPLE + "curate extract page.html --format markdown")
@click.argument("page", type=click.File("rb"))
@click.option(
    "--engine", type=click.Choice(["curate", "resiliparse", "trafilatura"]), default="curate", show_default=True
)
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@click.option("--links", is_flag=True, help="Keep links, as [text](target). With --format markdown.")
@click.option("--comments/--no-comments", default=False, help="Keep what readers wrote below the text.")
@click.option("--favor", type=click.Choice(["balance", "precision", "recall"]), default="balance", show_default=True)
@click.option("--explain", is_flag=True, help="Show every block of the page, how likely it is content, and why.")
def extract(page: Any, engine: str, form: str, links: bool, comments: bool, favor: str, explain: bool) -> None:
    """Print the text of PAGE, an HTML file, or - for standard input."""
    from curate.ingest import extract as extract_page

    data = page.read()
    if not explain:
        options = {"engine": engine, "format": form, "links": links, "comments": comments, "favor": favor}
        click.echo(extract_page(data, **options).text)
        return
    if engine != "curate":
        raise click.UsageError(f"only the engine curate can be explained, not {engine}")
    from curate.report.explanation import explanation_lines

    for line in explanation_lines(data, favor):
        click.echo(line)


@main.command("train-extractor", epilog=EXAMPLE + "curate train-extractor --warc a.warc.gz --gold a.jsonl.zst FOLDER")
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--warc", "warcs", multiple=True, required=True, metavar="FILE", help="Pages; repeat for several files.")
@click.option("--gold", multiple=True, required=True, metavar="FILE", help="JSON Lines of their `url` and main `text`.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def train_extractor(folder: str, warcs: tuple[str, ...], gold: tuple[str, ...], seed: int) -> None:
    """Learn what the content of a page is, and keep the model in FOLDER."""
    from pathlib import Path

    from curate.ingest.extraction.train import train_extractor as train

    train([Path(file) for file in warcs], [Path(file) for file in gold], Path(folder), seed, click.echo)
    click.echo(f"{folder}: model.npz, card.json, card.md")


@main.command(epilog=EXAMPLE + "curate doctor --warm")
@click.option("--warm", is_flag=True, help="Compile every loop now, so that no run has to wait for it.")
def doctor(warm: bool) -> None:
    """Show what this machine has of what curate needs, and what to do about the rest."""
    from rich.console import Console

    from curate.report.doctor_table import print_findings

    if warm:
        from curate.warm import warm as compile_all

        click.echo(f"every loop is compiled; that took {compile_all():.1f} s")
    print_findings(Console())


if __name__ == "__main__":
    main()
